//! Histograms with the dose interpolated inside voxels, for structures of any size: slab by slab, in bounded memory.
//!
//! The samples of `sub_voxel_histograms.rs` are added to a fixed number of narrow dose bins, each with its volume and its mean dose.
//! Volume and mean dose are those of the samples to rounding; the dose at a volume is off by one bin at most, 2^-22 of the
//! range of doses. If the dose around a voxel is uniform within one bin, its sub-voxels enter as one sample.

use super::histogram::DoseVolumeHistogram;
use crate::error::{Error, Result, check};
use crate::evaluation::dose_values::Dose;
use crate::geometry::sub_voxel::{AxisPosition, check_subvoxel_counts, interpolated_with_spread};
use crate::geometry::voxel_fractions::{Run, VoxelFractions};
use crate::geometry::voxels::Voxels;
use crate::memory;
use crate::parallel::Workers;

const BINS: usize = 1 << 22;
/// Samples per sub-voxel, as in `sub_voxel_histograms.rs` for structures of many sub-voxels.
const SAMPLES: usize = 2;
/// Sub-voxels that one thread gathers at a time, and the multiple of it that all threads gather before they are binned.
const PORTION: usize = 1 << 16;
const BATCH: usize = 16;

/// The doses of one structure, so far.
#[derive(Debug)]
pub struct DoseBins {
    low: f64,
    width: f64,
    /// Volume in sub-voxels, and that times the dose.
    bins: Vec<(f64, f64)>,
    subvoxel_counts: [usize; 3],
    volume_subvoxels: f64,
    voxel_volume_ml: f64,
}

impl DoseBins {
    /// For doses from `low_gy` to `high_gy`; others are counted in the first and the last bin. `subvoxel_counts` are
    /// those of a voxel along (k, j, i).
    ///
    /// Errors if the range is not finite, the counts are not as in `sub_voxel_histograms`, or memory does not suffice.
    pub fn new(low_gy: f64, high_gy: f64, subvoxel_counts: [usize; 3], voxel_volume_ml: f64) -> Result<Self> {
        check_subvoxel_counts(subvoxel_counts)?;
        let voxel_volume_ml = check::positive("voxel volume in mL", voxel_volume_ml)?;
        let width = (high_gy - low_gy) / BINS as f64;
        if !(width.is_finite() && width >= 0.0) {
            return Err(Error::out_of_range("range of doses in Gy", high_gy - low_gy, "finite and at least 0"));
        }
        Ok(Self {
            low: low_gy,
            width,
            bins: memory::filled("dose bins", (0.0, 0.0), BINS)?,
            subvoxel_counts,
            volume_subvoxels: 0.0,
            voxel_volume_ml,
        })
    }

    /// Adds some planes of sub-voxels, the first of which is plane `first` of the grid of all sub-voxels: `fractions` is
    /// on their grid. The result does not depend on the number of threads.
    ///
    /// Errors if the fractions are on another grid, or a dose in the structure or next to it is not finite.
    pub fn add<D: Voxels<Element: Dose>>(
        &mut self,
        dose_gy: &D,
        fractions: &VoxelFractions,
        first: usize,
        workers: &Workers<'_>,
    ) -> Result<()> {
        let ([planes, rows, columns], subvoxel_counts) = (dose_gy.shape(), self.subvoxel_counts);
        let shape = fractions.shape();
        let fits = shape[1..] == [rows * subvoxel_counts[1], columns * subvoxel_counts[2]]
            && first.checked_add(shape[0]).is_some_and(|end| end <= planes * subvoxel_counts[0]);
        if !fits {
            return Err(Error::Shape {
                quantity: "voxel fractions of a slab".into(),
                shape: shape.to_vec(),
                requirement: format!(
                    "planes of the sub-voxels, {subvoxel_counts:?} in each of {planes} x {rows} x {columns} dose voxels"
                ),
            });
        }
        let portions = memory::collected("portions of the structure", fractions.portions(PORTION))?;
        for batch in portions.chunks(BATCH) {
            let gathered = workers.map(batch.len(), |n| self.gathered(dose_gy, fractions, batch[n], first))?;
            for (dose, weight) in gathered.into_iter().flatten() {
                if !dose.is_finite() {
                    return Err(Error::out_of_range(
                        "absorbed dose in Gy",
                        dose,
                        "finite in the structure and next to it",
                    ));
                }
                let bin = ((dose - self.low) / self.width).clamp(0.0, (BINS - 1) as f64) as usize;
                let (volume, product) = &mut self.bins[bin];
                *volume += weight;
                *product += weight * dose;
            }
        }
        self.volume_subvoxels += fractions.volume_voxels();
        Ok(())
    }

    /// The histogram of all that was added; `None` if no sub-voxel is occupied.
    pub fn histogram(&self, name: &str) -> Result<Option<DoseVolumeHistogram>> {
        let filled = || self.bins.iter().filter(|(volume, _)| *volume > 0.0);
        let count = filled().count();
        if count == 0 {
            return Ok(None);
        }
        let (mut doses, mut colder) = (memory::reserved("dose bins", count)?, memory::reserved("dose bins", count)?);
        let mut sum = 0.0;
        for (volume, product) in filled() {
            doses.push(product / volume);
            colder.push(sum);
            sum += volume;
        }
        // Only rounding can change the order of the means of neighboring bins.
        doses.sort_unstable_by(f64::total_cmp);
        let subvoxel_volume_ml = self.voxel_volume_ml / self.subvoxel_counts.iter().product::<usize>() as f64;
        DoseVolumeHistogram::new(name, doses, Some(colder), self.volume_subvoxels, subvoxel_volume_ml).map(Some)
    }

    /// Samples of dose and volume, sub-voxel by sub-voxel.
    fn gathered<D: Voxels<Element: Dose>>(
        &self,
        dose_gy: &D,
        fractions: &VoxelFractions,
        runs: &[Run],
        first: usize,
    ) -> Result<Vec<(f64, f64)>> {
        let (shape, subvoxel_counts) = (dose_gy.shape(), self.subvoxel_counts);
        let mut gathered = Vec::new();
        for run in runs {
            memory::grow("doses of sub-voxels", &mut gathered, SAMPLES * run.length)?;
            let k = AxisPosition::new(first + run.k, subvoxel_counts[0], shape[0]);
            let j = AxisPosition::new(run.j, subvoxel_counts[1], shape[1]);
            let weights = &fractions.weights()[run.at..run.at + run.length];
            let mut n = 0;
            while n < run.length {
                let voxel = (run.i + n) / subvoxel_counts[2];
                let next = ((voxel + 1) * subvoxel_counts[2] - run.i).min(run.length);
                let inside = &weights[n..next];
                if let Some(dose) = self.flat(dose_gy, k, j, voxel) {
                    gathered.push((dose, inside.iter().map(|&w| f64::from(w)).sum()));
                } else {
                    for (m, &weight) in inside.iter().enumerate() {
                        let i = AxisPosition::new(run.i + n + m, subvoxel_counts[2], shape[2]);
                        let (center, spread) = interpolated_with_spread(dose_gy, [k, j, i]);
                        for s in 0..SAMPLES {
                            let offset = spread * ((2 * s + 1) as f64 / SAMPLES as f64 - 1.0);
                            gathered.push((center + offset, f64::from(weight) / SAMPLES as f64));
                        }
                    }
                }
                n = next;
            }
        }
        Ok(gathered)
    }

    /// The dose around the sub-voxels of a voxel in one row of them, if it is the same within a bin.
    fn flat<D: Voxels<Element: Dose>>(
        &self,
        dose_gy: &D,
        k: AxisPosition,
        j: AxisPosition,
        voxel: usize,
    ) -> Option<f64> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for i in voxel.saturating_sub(1)..(voxel + 2).min(dose_gy.shape()[2]) {
            for [a, b] in [[k.low, j.low], [k.low, j.high], [k.high, j.low], [k.high, j.high]] {
                let dose: f64 = dose_gy.get([a, b, i]).into();
                if !dose.is_finite() {
                    return None;
                }
                (low, high) = (low.min(dose), high.max(dose));
            }
        }
        (high - low <= self.width).then_some(0.5 * (low + high))
    }
}

#[cfg(test)]
mod tests {
    use super::DoseBins;

    #[test]
    fn a_range_that_is_none_is_refused() {
        assert!(DoseBins::new(1.0, 0.0, [2; 3], 1.0).is_err());
        assert!(DoseBins::new(0.0, f64::INFINITY, [2; 3], 1.0).is_err());
        assert!(DoseBins::new(0.0, 1.0, [2, 3, 2], 1.0).is_err());
        assert!(DoseBins::new(0.0, 0.0, [2; 3], 1.0).unwrap().histogram("x").unwrap().is_none());
    }
}
