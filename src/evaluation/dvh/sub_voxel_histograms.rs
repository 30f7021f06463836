//! Dose-volume histograms with the dose interpolated inside voxels.
//!
//! Each dose voxel is cut into equal sub-voxels, an even number along each axis, so that the dose, linear along each axis between
//! voxel centers, is smooth within a sub-voxel. The doses of a sub-voxel are assumed to be distributed uniformly about
//! that of its center, with the variance that the gradient gives. This is exact if the dose changes along one axis.
//! Each sub-voxel enters as several samples along that spread. Beyond the outermost voxel centers the dose is constant.

use super::histogram::DoseVolumeHistogram;
use super::structure_histograms::{fill_histograms, none_empty, weighted};
use crate::error::{Error, Result, check};
use crate::evaluation::dose_values::Dose;
use crate::geometry::sub_voxel::{AxisPosition, check_subvoxel_counts, interpolated_with_spread};
use crate::geometry::voxel_fractions::{Run, VoxelFractions};
use crate::geometry::voxels::Voxels;
use crate::memory;
use crate::parallel::Workers;

/// Samples per sub-voxel: as many as keep a structure's samples below `SAMPLES`, powers of two within these bounds.
const SAMPLES: usize = 1 << 21;
const FEWEST: usize = 2;
const MOST: usize = 32;
/// Sub-voxels of a structure, at most.
const MOST_SUBVOXELS: usize = 1 << 27;
/// Samples that one thread gathers at a time, about.
const PORTION: usize = 1 << 18;

/// Histograms of structures whose voxel fractions are of the grid of sub-voxels, `subvoxel_counts` along (k, j, i) in a voxel.
///
/// Errors if the counts are not even numbers of 2 to 64, a structure is not on the grid of sub-voxels, occupies none
/// or more than 2^27 of them, or a dose in it or beside it is not finite. The result does not depend on the number of threads.
pub fn sub_voxel_histograms<D: Voxels<Element: Dose>>(
    dose_gy: &D,
    structures: &[(String, &VoxelFractions)],
    voxel_volume_ml: f64,
    subvoxel_counts: [usize; 3],
    workers: &Workers<'_>,
) -> Result<Vec<DoseVolumeHistogram>> {
    let voxel_volume_ml = check::positive("voxel volume in mL", voxel_volume_ml)?;
    check_subvoxel_counts(subvoxel_counts)?;
    let shape = dose_gy.shape();
    let refined = [0, 1, 2].map(|a| shape[a].saturating_mul(subvoxel_counts[a]));
    for (name, fractions) in structures {
        if fractions.shape() != refined {
            return Err(Error::Shape {
                quantity: format!("voxel fractions of '{name}'"),
                shape: fractions.shape().to_vec(),
                requirement: format!("on the grid of sub-voxels {refined:?}"),
            });
        }
        if fractions.voxels() > MOST_SUBVOXELS {
            let quantity = format!("number of sub-voxels in '{name}'");
            return Err(Error::out_of_range(
                quantity,
                fractions.voxels() as f64,
                "at most 2^27: use larger sub-voxels",
            ));
        }
    }
    let subvoxel_volume_ml = voxel_volume_ml / subvoxel_counts.iter().product::<usize>() as f64;
    let mut results: Vec<Option<Result<DoseVolumeHistogram>>> = structures.iter().map(|_| None).collect();
    for ((name, fractions), result) in structures.iter().zip(&mut results) {
        let samples = samples_per_subvoxel(fractions.voxels());
        let gather =
            |f: &VoxelFractions, runs: &[Run]| gather_samples(dose_gy, f, runs, subvoxel_counts, samples, workers);
        let slot = vec![(name.as_str(), *fractions, result)];
        fill_histograms(slot, subvoxel_volume_ml, PORTION / samples, workers, gather, weighted::<f64>)?;
    }
    none_empty(structures, results)
}

fn samples_per_subvoxel(occupied: usize) -> usize {
    let most = (SAMPLES / occupied.max(1)).clamp(FEWEST, MOST);
    1 << most.ilog2()
}

fn gather_samples<D: Voxels<Element: Dose>>(
    dose_gy: &D,
    fractions: &VoxelFractions,
    runs: &[Run],
    subvoxel_counts: [usize; 3],
    samples: usize,
    workers: &Workers<'_>,
) -> Result<Vec<(u64, f32)>> {
    let shape = dose_gy.shape();
    let count = samples * runs.iter().map(|run| run.length).sum::<usize>();
    let mut gathered = memory::reserved("doses of sub-voxels", count)?;
    for run in runs {
        workers.check()?;
        let (k, j) = (
            AxisPosition::new(run.k, subvoxel_counts[0], shape[0]),
            AxisPosition::new(run.j, subvoxel_counts[1], shape[1]),
        );
        for (n, &weight) in fractions.weights()[run.at..run.at + run.length].iter().enumerate() {
            let i = AxisPosition::new(run.i + n, subvoxel_counts[2], shape[2]);
            let (center, spread) = interpolated_with_spread(dose_gy, [k, j, i]);
            // Numbers are powers of two, so that the weights of a sub-voxel's samples sum exactly to its weight.
            let share = weight / samples as f32;
            for s in 0..samples {
                let offset = spread * ((2 * s + 1) as f64 / samples as f64 - 1.0);
                gathered.push(((center + offset).encode(), share));
            }
        }
    }
    Ok(gathered)
}
