//! Dose-volume histograms: exact, because the doses are sorted and not binned.

use super::occupancy::{Occupancy, Run};
use super::radix::{self, Buckets, Keyed};
use super::samples::{Dose, Doses};
use super::voxels::Voxels;
use crate::error::{Error, Result, check};
use crate::memory;
use crate::parallel::Workers;

/// A volume counts as reached when it falls short by less than this share of the structure: room for the rounding of a
/// percentage, far below any voxel.
const VOLUME_ROUNDING: f64 = 1e-12;

/// Voxels that one thread gathers at a time, about.
const PORTION: usize = 65_536;

/// How a dose is read from between two samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// The definition: the minimum dose of the hottest volume, always a dose that occurs.
    Rank,
    /// Between the centers of the samples' volumes, the coldest at 100 % and the hottest at 0 %; with equal weights
    /// what spreadsheets and percentile functions return by default.
    Linear,
}

impl Interpolation {
    /// By its name, "rank" or "linear".
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "rank" => Ok(Self::Rank),
            "linear" => Ok(Self::Linear),
            _ => Err(Error::unknown_name("interpolation", name, &["rank", "linear"])),
        }
    }
}

/// The cumulative dose-volume histogram of one structure, and what is read from it.
///
/// Each voxel is a sample: its dose, and its volume times its occupancy.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseVolumeHistogram {
    doses: Doses,
    /// Volume in voxels of the samples colder than each; `None` where every sample is one voxel.
    colder: Option<Vec<f64>>,
    total: f64,
    voxel_volume_ml: f64,
    mean_gy: f64,
    standard_deviation_gy: f64,
}

/// Histograms of many structures on one dose map, in the given order. The result does not depend on the number of
/// threads.
///
/// Errors where a structure is not on the dose grid, occupies no voxel, or holds a dose that is not finite.
pub fn dose_volume_histograms<D: Voxels<Element: Dose>>(
    dose_gy: &D,
    structures: &[(String, &Occupancy)],
    voxel_volume_ml: f64,
    workers: &Workers<'_>,
) -> Result<Vec<DoseVolumeHistogram>> {
    let voxel_volume_ml = check::positive("voxel volume in mL", voxel_volume_ml)?;
    for (name, occupancy) in structures {
        if occupancy.shape() != dose_gy.shape() {
            return Err(Error::Shape {
                quantity: format!("occupancy of '{name}'"),
                shape: occupancy.shape().to_vec(),
                requirement: format!("on the dose grid {:?}", dose_gy.shape()),
            });
        }
    }
    let mut results: Vec<Option<Result<DoseVolumeHistogram>>> = structures.iter().map(|_| None).collect();
    let (mut whole, mut partial) = (Vec::new(), Vec::new());
    for ((name, occupancy), result) in structures.iter().zip(&mut results) {
        let group = if occupancy.is_whole() { &mut whole } else { &mut partial };
        group.push((name.as_str(), *occupancy, result));
    }
    let gather_keys = |o: &Occupancy, runs: &[Run]| gather(dose_gy, o, runs, workers, |key, _| key);
    let gather_pairs = |o: &Occupancy, runs: &[Run]| gather(dose_gy, o, runs, workers, |key, weight| (key, weight));
    fill(whole, voxel_volume_ml, PORTION, workers, gather_keys, unweighted::<D::Element>)?;
    fill(partial, voxel_volume_ml, PORTION, workers, gather_pairs, weighted::<D::Element>)?;
    none_empty(structures, results)
}

/// What [`fill`] left out occupies no voxel.
pub(super) fn none_empty(
    structures: &[(String, &Occupancy)],
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

/// One structure, and where its histogram goes.
pub(super) type Slot<'a> = (&'a str, &'a Occupancy, &'a mut Option<Result<DoseVolumeHistogram>>);

/// Doses in ascending order, and the volume in voxels colder than each where that is not their number.
pub(super) type Sorted<E> = (Vec<E>, Option<Vec<f64>>);

/// The histograms of structures whose samples are `T`s: gather, sort, summarize, each shared out between threads in
/// portions of about `portion` voxels, which do not depend on how many threads there are.
pub(super) fn fill<E: Dose, T: Keyed>(
    slots: Vec<Slot<'_>>,
    voxel_volume_ml: f64,
    portion: usize,
    workers: &Workers<'_>,
    gather: impl Fn(&Occupancy, &[Run]) -> Result<Vec<T>> + Sync,
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
    workers.for_each(sorted.into_iter().zip(slots), |(samples, (name, occupancy, result))| {
        let (doses, colder) = finish(samples)?;
        *result = Some(DoseVolumeHistogram::new(name, doses, colder, occupancy.volume_voxels(), voxel_volume_ml));
        Ok(())
    })
}

/// One sample per occupied voxel of some runs, in the order of the array.
fn gather<D: Voxels<Element: Dose>, T: Keyed>(
    dose_gy: &D,
    occupancy: &Occupancy,
    runs: &[Run],
    workers: &Workers<'_>,
    sample: impl Fn(<D::Element as Dose>::Key, f32) -> T,
) -> Result<Vec<T>> {
    workers.check()?;
    let mut samples = memory::reserved("doses of a structure", runs.iter().map(|run| run.length).sum())?;
    for run in runs {
        let weights = &occupancy.weights()[run.at..run.at + run.length];
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
    // In place: a key is as long as its dose.
    Ok((keys.into_iter().map(E::decode).collect(), None))
}

pub(super) fn weighted<E: Dose>(mut samples: Vec<(E::Key, f32)>) -> Result<Sorted<E>> {
    // Equal doses by weight: then no result depends on where the voxels lay.
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

impl DoseVolumeHistogram {
    /// From at least one dose, in ascending order.
    pub(super) fn new<E: Dose>(
        name: &str,
        doses: Vec<E>,
        colder: Option<Vec<f64>>,
        total: f64,
        voxel_volume_ml: f64,
    ) -> Result<Self> {
        // What is not finite has been sorted to the ends.
        let ends: [f64; 2] = [doses[0].into(), doses[doses.len() - 1].into()];
        if let Some(&found) = ends.iter().find(|dose| !dose.is_finite()) {
            let count = doses.iter().filter(|&&dose| !dose.into().is_finite()).count();
            let quantity = format!("absorbed dose in Gy in '{name}'");
            return Err(Error::out_of_range(quantity, found, format!("finite ({count} voxels are not)")));
        }
        let mut this = Self {
            doses: Dose::collect(doses),
            colder,
            total,
            voxel_volume_ml,
            mean_gy: 0.0,
            standard_deviation_gy: 0.0,
        };
        let mean = this.sum(|dose| dose) / total;
        this.mean_gy = mean.clamp(this.minimum_gy(), this.maximum_gy());
        this.standard_deviation_gy = (this.sum(|dose| (dose - this.mean_gy).powi(2)) / total).sqrt();
        Ok(this)
    }

    /// Volume in mL.
    pub fn volume_ml(&self) -> f64 {
        self.total * self.voxel_volume_ml
    }
    /// Volume-weighted mean dose in Gy.
    pub fn mean_gy(&self) -> f64 {
        self.mean_gy
    }
    /// Dose of the coldest voxel, however little of it is occupied, in Gy.
    pub fn minimum_gy(&self) -> f64 {
        self.doses.get(0)
    }
    /// Dose of the hottest voxel, however little of it is occupied, in Gy.
    pub fn maximum_gy(&self) -> f64 {
        self.doses.get(self.doses.len() - 1)
    }
    /// Volume-weighted standard deviation in Gy: of the dose in the structure, not an estimate from a sample.
    pub fn standard_deviation_gy(&self) -> f64 {
        self.standard_deviation_gy
    }

    /// `D_x`: the minimum dose in Gy of the hottest `x` percent of the volume.
    ///
    /// By rank: the highest dose `d` such that at least `x` percent of the volume receives `d` or more; so of equal doses
    /// all count, and `D_0` is the maximum, `D_100` the minimum. Errors outside [0, 100].
    pub fn dose_at_volume_percent(&self, x: f64, interpolation: Interpolation) -> Result<f64> {
        let x = check::within("volume in percent", x, 0.0, 100.0)?;
        // x times the volume first: for whole voxels the product is exact.
        Ok(self.dose_at(x * self.total / 100.0, interpolation))
    }

    /// The same for a volume in mL. Errors beyond the structure's volume.
    pub fn dose_at_volume_ml(&self, volume_ml: f64, interpolation: Interpolation) -> Result<f64> {
        let high = self.volume_ml() * (1.0 + VOLUME_ROUNDING);
        let volume_ml = check::within("volume in mL", volume_ml, 0.0, high)?;
        Ok(self.dose_at((volume_ml / self.voxel_volume_ml).min(self.total), interpolation))
    }

    /// `V_d`: the volume in mL that receives `dose_gy` or more; with `strict`, more. Errors where the dose is NaN.
    pub fn volume_at_dose_ml(&self, dose_gy: f64, strict: bool) -> Result<f64> {
        Ok(self.voxels_at(dose_gy, strict)? * self.voxel_volume_ml)
    }

    /// The same in percent of the structure's volume.
    pub fn volume_at_dose_percent(&self, dose_gy: f64, strict: bool) -> Result<f64> {
        Ok(self.voxels_at(dose_gy, strict)? * 100.0 / self.total)
    }

    /// The exact cumulative curve: each dose that occurs (ascending, in Gy), and the volume in mL that receives it or
    /// more. Between two doses the volume is that of the upper one.
    pub fn curve(&self) -> Result<(Vec<f64>, Vec<f64>)> {
        self.columns(|from, _| self.total - from)
    }

    /// The cumulative curve at doses of the caller's: the volume in mL that receives each or more. Errors on NaN.
    pub fn curve_at(&self, doses_gy: &[f64]) -> Result<Vec<f64>> {
        let mut volumes = memory::reserved("dose-volume histogram curve", doses_gy.len())?;
        for &dose in doses_gy {
            volumes.push(self.volume_at_dose_ml(dose, false)?);
        }
        Ok(volumes)
    }

    /// Each dose that occurs (ascending, in Gy), and the volume in mL that receives just it.
    pub fn differential(&self) -> Result<(Vec<f64>, Vec<f64>)> {
        self.columns(|from, to| to - from)
    }

    /// Each dose that occurs, and a volume in mL made from the two that [`Self::distinct`] gives.
    fn columns(&self, voxels: impl Fn(f64, f64) -> f64) -> Result<(Vec<f64>, Vec<f64>)> {
        let count = self.distinct().count();
        let mut doses = memory::reserved("dose-volume histogram curve", count)?;
        let mut volumes = memory::reserved("dose-volume histogram curve", count)?;
        for (dose, from, to) in self.distinct() {
            doses.push(dose);
            volumes.push(voxels(from, to) * self.voxel_volume_ml);
        }
        Ok((doses, volumes))
    }

    /// Each dose that occurs, the volume in voxels that is colder, and the volume up to and with it.
    fn distinct(&self) -> impl Iterator<Item = (f64, f64, f64)> {
        let mut next = 0;
        std::iter::from_fn(move || {
            let first = next;
            let dose = (first < self.doses.len()).then(|| self.doses.get(first))?;
            while next < self.doses.len() && self.doses.get(next) == dose {
                next += 1;
            }
            Some((dose, self.colder(first), self.colder(next)))
        })
    }

    /// Volume in voxels of the samples colder than sample `n`.
    fn colder(&self, n: usize) -> f64 {
        match &self.colder {
            None => n as f64,
            Some(colder) => colder.get(n).copied().unwrap_or(self.total),
        }
    }

    fn dose_at(&self, hottest: f64, interpolation: Interpolation) -> f64 {
        let count = self.doses.len();
        match interpolation {
            Interpolation::Rank => {
                let enough = hottest - VOLUME_ROUNDING * self.total;
                let reached = first_where(count, |n| self.total - self.colder(n) < enough);
                self.doses.get(reached.saturating_sub(1))
            }
            Interpolation::Linear => {
                let center = |n: usize| 0.5 * (self.colder(n) + self.colder(n + 1));
                let at = center(count - 1) - hottest / self.total * (center(count - 1) - center(0));
                let above = first_where(count, |n| center(n) > at).clamp(1, (count - 1).max(1)).min(count - 1);
                let below = above.saturating_sub(1);
                if above == below {
                    return self.doses.get(above);
                }
                let share = ((at - center(below)) / (center(above) - center(below))).clamp(0.0, 1.0);
                let (cold, hot) = (self.doses.get(below), self.doses.get(above));
                if share < 0.5 {
                    cold + share * (hot - cold)
                } else {
                    hot - (1.0 - share) * (hot - cold)
                }
            }
        }
    }

    fn voxels_at(&self, dose_gy: f64, strict: bool) -> Result<f64> {
        if dose_gy.is_nan() {
            return Err(Error::out_of_range("dose in Gy", dose_gy, "a number"));
        }
        let hot = |n: usize| {
            if strict {
                self.doses.get(n) > dose_gy
            } else {
                self.doses.get(n) >= dose_gy
            }
        };
        Ok(self.total - self.colder(first_where(self.doses.len(), hot)))
    }

    /// Sum of `term(dose)` times volume in voxels, in eight lanes.
    fn sum(&self, term: impl Fn(f64) -> f64) -> f64 {
        let mut lanes = [0.0; 8];
        match (&self.doses, &self.colder) {
            (Doses::Single(doses), None) => add(&mut lanes, doses, |_, &dose| term(f64::from(dose))),
            (Doses::Double(doses), None) => add(&mut lanes, doses, |_, &dose| term(dose)),
            (Doses::Single(doses), Some(_)) => {
                add(&mut lanes, doses, |n, &dose| self.weight(n) * term(f64::from(dose)))
            }
            (Doses::Double(doses), Some(_)) => add(&mut lanes, doses, |n, &dose| self.weight(n) * term(dose)),
        }
        lanes.iter().sum()
    }

    fn weight(&self, n: usize) -> f64 {
        self.colder(n + 1) - self.colder(n)
    }
}

fn add<T>(lanes: &mut [f64; 8], values: &[T], term: impl Fn(usize, &T) -> f64) {
    let (eights, rest) = values.as_chunks::<8>();
    for (row, eight) in eights.iter().enumerate() {
        for lane in 0..8 {
            lanes[lane] += term(row * 8 + lane, &eight[lane]);
        }
    }
    for (lane, value) in rest.iter().enumerate() {
        lanes[lane] += term(eights.len() * 8 + lane, value);
    }
}

/// The first `n < count` from which on `holds` is true, or `count`.
fn first_where(count: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}
