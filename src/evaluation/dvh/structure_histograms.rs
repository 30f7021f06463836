//! Histograms of many structures on one dose map: samples are gathered, sorted and summarized.

use super::histogram::DoseVolumeHistogram;
use crate::error::{Error, Result, check};
use crate::evaluation::dose_values::Dose;
use crate::evaluation::radix::{self, Buckets, Keyed};
use crate::geometry::voxel_fractions::{Run, VoxelFractions};
use crate::geometry::voxels::Voxels;
use crate::memory;
use crate::parallel::Workers;

/// Voxels that one thread gathers at a time, about.
const PORTION: usize = 65_536;

/// Histograms of many structures on one dose map, in the given order. The result does not depend on the number of
/// threads.
///
/// Errors if a structure is not on the dose grid, occupies no voxel, or holds a dose that is not finite.
pub fn dose_volume_histograms<D: Voxels<Element: Dose>>(
    dose_gy: &D,
    structures: &[(String, &VoxelFractions)],
    voxel_volume_ml: f64,
    workers: &Workers<'_>,
) -> Result<Vec<DoseVolumeHistogram>> {
    let voxel_volume_ml = check::positive("voxel volume in mL", voxel_volume_ml)?;
    for (name, fractions) in structures {
        if fractions.shape() != dose_gy.shape() {
            return Err(Error::Shape {
                quantity: format!("voxel fractions of '{name}'"),
                shape: fractions.shape().to_vec(),
                requirement: format!("on the dose grid {:?}", dose_gy.shape()),
            });
        }
    }
    let mut results: Vec<Option<Result<DoseVolumeHistogram>>> = structures.iter().map(|_| None).collect();
    let (mut whole, mut partial) = (Vec::new(), Vec::new());
    for ((name, fractions), result) in structures.iter().zip(&mut results) {
        let group = if fractions.is_whole() { &mut whole } else { &mut partial };
        group.push((name.as_str(), *fractions, result));
    }
    let gather_keys = |f: &VoxelFractions, runs: &[Run]| gather_samples(dose_gy, f, runs, workers, |key, _| key);
    let gather_pairs =
        |f: &VoxelFractions, runs: &[Run]| gather_samples(dose_gy, f, runs, workers, |key, weight| (key, weight));
    fill_histograms(whole, voxel_volume_ml, PORTION, workers, gather_keys, unweighted::<D::Element>)?;
    fill_histograms(partial, voxel_volume_ml, PORTION, workers, gather_pairs, weighted::<D::Element>)?;
    none_empty(structures, results)
}

/// A structure that [`fill_histograms`] left out occupies no voxel.
pub(super) fn none_empty(
    structures: &[(String, &VoxelFractions)],
    results: Vec<Option<Result<DoseVolumeHistogram>>>,
) -> Result<Vec<DoseVolumeHistogram>> {
    let empty = |name: &str| Error::Undefined {
        quantity: format!("dose-volume histogram of '{name}'"),
        reason: "the structure occupies no voxel of the dose grid".into(),
    };
    structures
        .iter()
        .zip(results)
        .map(|((name, _), result)| result.unwrap_or_else(|| Err(empty(name))))
        .collect()
}

/// One structure, and the place for its histogram.
pub(super) type Slot<'a> = (&'a str, &'a VoxelFractions, &'a mut Option<Result<DoseVolumeHistogram>>);

/// Doses in ascending order, and the volume in voxels colder than each where that is not their number.
pub(super) type Sorted<E> = (Vec<E>, Option<Vec<f64>>);

/// The histograms of structures whose samples are `T`s: gather, sort, summarize, each shared out between threads in
/// portions of about `portion` voxels, which do not depend on how many threads there are.
pub(super) fn fill_histograms<E: Dose, T: Keyed>(
    slots: Vec<Slot<'_>>,
    voxel_volume_ml: f64,
    portion: usize,
    workers: &Workers<'_>,
    gather: impl Fn(&VoxelFractions, &[Run]) -> Result<Vec<T>> + Sync,
    finish: impl Fn(Vec<T>) -> Result<Sorted<E>> + Sync,
) -> Result<()> {
    let slots: Vec<_> = slots.into_iter().filter(|slot| slot.1.voxels() > 0).collect();
    let portions = slots.iter().flat_map(|slot| slot.1.portions(portion).map(|runs| (slot.1, runs)));
    let portions = memory::collected("portions of the structures", portions)?;
    let chunks = workers.map(portions.len(), |p| Buckets::new(&gather(portions[p].0, portions[p].1)?))?;
    let mut rest = &chunks[..];
    let lists: Vec<_> = slots
        .iter()
        .map(|slot| rest.split_off(..slot.1.portions(portion).count()).unwrap_or_default())
        .collect();
    let sorted = radix::sorted(&lists, workers)?;
    drop(chunks);
    workers.for_each(sorted.into_iter().zip(slots), |(samples, (name, fractions, result))| {
        let (doses, colder) = finish(samples)?;
        *result = Some(DoseVolumeHistogram::new(name, doses, colder, fractions.volume_voxels(), voxel_volume_ml));
        Ok(())
    })
}

/// One sample per occupied voxel of some runs, in the order of the array.
fn gather_samples<D: Voxels<Element: Dose>, T: Keyed>(
    dose_gy: &D,
    fractions: &VoxelFractions,
    runs: &[Run],
    workers: &Workers<'_>,
    sample: impl Fn(<D::Element as Dose>::Key, f32) -> T,
) -> Result<Vec<T>> {
    workers.check()?;
    let mut samples = memory::reserved("doses of a structure", runs.iter().map(|run| run.length).sum())?;
    for run in runs {
        let weights = &fractions.weights()[run.at..run.at + run.length];
        match dose_gy.row(run.k, run.j) {
            Some(row) => {
                let doses = &row[run.i..run.i + run.length];
                samples.extend(doses.iter().zip(weights).map(|(dose, &weight)| sample(dose.encode(), weight)));
            }
            None => samples.extend(weights.iter().enumerate().map(|(n, &weight)| {
                let dose = dose_gy.get([run.k, run.j, run.i + n]);
                sample(dose.encode(), weight)
            })),
        }
    }
    Ok(samples)
}

fn unweighted<E: Dose>(keys: Vec<E::Key>) -> Result<Sorted<E>> {
    // Keys are sorted in place, because a key is as long as its dose.
    Ok((keys.into_iter().map(E::decode).collect(), None))
}

pub(super) fn weighted<E: Dose>(mut samples: Vec<(E::Key, f32)>) -> Result<Sorted<E>> {
    // Equal doses are sorted by weight, so that no result depends on the positions of voxels.
    for same in samples.chunk_by_mut(|a, b| a.0.key() == b.0.key()).filter(|same| same.len() > 1) {
        same.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
    }
    let mut sum = 0.0;
    let mut colder = memory::reserved("volumes of the histogram", samples.len())?;
    for &(_, weight) in &samples {
        colder.push(sum);
        sum += f64::from(weight);
    }
    Ok((
        memory::collected("doses of the histogram", samples.iter().map(|(key, _)| E::decode(*key)))?,
        Some(colder),
    ))
}
