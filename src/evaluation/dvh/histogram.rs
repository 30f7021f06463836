//! Dose-volume histograms, which are exact, because the doses are sorted and not binned.

use crate::error::{Error, Result, check};
use crate::evaluation::dose_values::{Dose, Doses};
use crate::memory;

/// A volume counts as reached if it is smaller by less than this share of the structure. This allows for the rounding
/// of a percentage, and is far below any voxel.
const VOLUME_ROUNDING: f64 = 1e-12;

/// Rule by which a dose between two samples is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// The definition: the minimum dose of the hottest volume, which is always a dose of a voxel.
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

/// The cumulative dose-volume histogram of one structure, with the quantities that are read from it.
///
/// Each voxel is a sample: its dose, and the volume of its fraction inside.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseVolumeHistogram {
    doses: Doses,
    /// Volume in voxels of the samples colder than each; `None` if every sample is one voxel.
    colder: Option<Vec<f64>>,
    total: f64,
    voxel_volume_ml: f64,
    mean_gy: f64,
    standard_deviation_gy: f64,
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
        // Values that are not finite have been sorted to the ends.
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

    /// From the results of [`Self::samples`] and the other methods.
    ///
    /// Errors if the doses do not ascend, the volumes are not as many or fall, or a number is not finite.
    pub fn from_samples<E: Dose>(
        doses: &[E],
        colder: Option<&[f64]>,
        total: f64,
        voxel_volume_ml: f64,
    ) -> Result<Self> {
        check::positive("volume in voxels", total)?;
        check::positive("voxel volume in mL", voxel_volume_ml)?;
        let ascend = doses.is_sorted_by(|&a, &b| a.into() <= b.into());
        let volumes = colder.is_none_or(|colder| colder.len() == doses.len() && colder.is_sorted());
        if doses.is_empty() || !ascend || !volumes {
            return Err(Error::Shape {
                quantity: "samples of a dose-volume histogram".into(),
                shape: vec![doses.len()],
                requirement: "some doses that ascend, with as many volumes".into(),
            });
        }
        let colder = colder.map(|colder| memory::copied("volumes of the histogram", colder)).transpose()?;
        let doses = memory::copied("doses of the histogram", doses)?;
        Self::new("a histogram", doses, colder, total, voxel_volume_ml)
    }

    /// Doses in ascending order, and the volume in voxels colder than each, if that is not their number.
    pub fn samples(&self) -> Result<(Doses, Option<Vec<f64>>)> {
        let doses = match &self.doses {
            Doses::Single(doses) => Doses::Single(memory::copied("doses of the histogram", doses)?),
            Doses::Double(doses) => Doses::Double(memory::copied("doses of the histogram", doses)?),
        };
        let colder = self.colder.as_ref().map(|colder| memory::copied("volumes of the histogram", colder));
        Ok((doses, colder.transpose()?))
    }

    /// Volume in voxels.
    pub fn volume_voxels(&self) -> f64 {
        self.total
    }
    /// Volume of a voxel in mL.
    pub fn voxel_volume_ml(&self) -> f64 {
        self.voxel_volume_ml
    }
    /// Volume in mL.
    pub fn volume_ml(&self) -> f64 {
        self.total * self.voxel_volume_ml
    }
    /// Volume-weighted mean dose in Gy.
    pub fn mean_gy(&self) -> f64 {
        self.mean_gy
    }
    /// Dose in Gy of the coldest voxel, however small its fraction inside.
    pub fn minimum_gy(&self) -> f64 {
        self.doses.get(0)
    }
    /// Dose in Gy of the hottest voxel, however small its fraction inside.
    pub fn maximum_gy(&self) -> f64 {
        self.doses.get(self.doses.len() - 1)
    }
    /// Volume-weighted standard deviation in Gy: of the dose in the structure, not an estimate from a sample.
    pub fn standard_deviation_gy(&self) -> f64 {
        self.standard_deviation_gy
    }

    /// `D_x`: the minimum dose in Gy of the hottest `x` percent of the volume.
    ///
    /// By rank, it is the highest dose `d` such that at least `x` percent of the volume receives `d` or more. All
    /// voxels of equal dose therefore count. `D_0` is the maximum and `D_100` the minimum. Errors outside [0, 100].
    pub fn dose_at_volume_percent(&self, x: f64, interpolation: Interpolation) -> Result<f64> {
        let x = check::within("volume in percent", x, 0.0, 100.0)?;
        // x is multiplied by the volume first, because for whole voxels the product is exact.
        Ok(self.dose_at(x * self.total / 100.0, interpolation))
    }

    /// The same for a volume in mL. Errors beyond the structure's volume.
    pub fn dose_at_volume_ml(&self, volume_ml: f64, interpolation: Interpolation) -> Result<f64> {
        let high = self.volume_ml() * (1.0 + VOLUME_ROUNDING);
        let volume_ml = check::within("volume in mL", volume_ml, 0.0, high)?;
        Ok(self.dose_at((volume_ml / self.voxel_volume_ml).min(self.total), interpolation))
    }

    /// `V_d`: the volume in mL that receives `dose_gy` or more; with `strict`, more. Errors if the dose is NaN.
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

    /// The cumulative curve at given doses: the volume in mL that receives each or more. Errors on NaN.
    pub fn curve_at(&self, doses_gy: &[f64]) -> Result<Vec<f64>> {
        let mut volumes = memory::reserved("dose-volume histogram curve", doses_gy.len())?;
        for &dose in doses_gy {
            volumes.push(self.volume_at_dose_ml(dose, false)?);
        }
        Ok(volumes)
    }

    /// Each dose that occurs (ascending, in Gy), and the volume in mL that receives exactly this dose.
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
