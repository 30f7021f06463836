//! Many decays in voxels, in batches: energy per voxel with its standard error, and the balance of energy.
//!
//! A batch is a fixed number of decays with a seed for each, so that its result depends on nothing but the seed and
//! the number of the batch. Batches are added in order, whoever computed them: the same bits for any number of threads,
//! and for a run that was stopped and resumed. Within a batch the decays are spread over the sources in equal steps of
//! the cumulated activity, each at random within its step: without bias, and with less noise than independent draws.

use std::sync::{Mutex, PoisonError};

use super::random::Random;
use super::spectrum::Spectrum;
use super::substance::Substance;
use super::tables::Tables;
use super::transport::{follow, isotropic};
use super::voxels::{Cell, Flight, Voxels};
use crate::error::{Error, Result, check};
use crate::memory;
use crate::parallel::Workers;

/// Decays after which a worker asks whether the result is still wanted.
const POLL: u64 = 256;
/// Voxels added at a time when batches are folded.
const FOLD: usize = 1 << 15;

/// What is simulated. Arrays are in (k, j, i), C contiguous.
#[derive(Debug, Clone, Copy)]
pub struct Phantom<'a> {
    /// Voxels along the axes.
    pub shape: [usize; 3],
    /// Sides of a voxel in mm.
    pub spacing_mm: [f64; 3],
    /// Density of each voxel in g/mL.
    pub density_g_per_ml: &'a [f32],
    /// Index of each voxel's substance, or one for all.
    pub medium: &'a [u8],
    /// The substances.
    pub substances: &'a [Substance],
    /// Relative number of decays in each voxel.
    pub decays: &'a [f64],
}

/// A structure whose mean dose is wanted: voxels and what each contributes.
#[derive(Debug, Clone)]
struct Region {
    voxels: Vec<u32>,
    weights: Vec<f64>,
    sum: f64,
    sum_of_squares: f64,
}

/// A mean per decay and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error, from the spread of the batches; not a number with fewer than two.
    pub error: f64,
}

/// Energy in MeV per decay: `emitted = deposited + escaped`, up to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Balance {
    /// Kinetic energy of the electrons that decays set free.
    pub emitted_mev: f64,
    /// Energy deposited in voxels.
    pub deposited_mev: f64,
    /// Energy of bremsstrahlung and of electrons that left the voxels.
    pub escaped_mev: f64,
}

/// One batch.
struct Batch {
    energy: Vec<f64>,
    emitted: f64,
    escaped: f64,
}

/// A run, with all that it has found so far.
#[derive(Debug)]
pub struct Simulation {
    voxels: Voxels,
    tables: Tables,
    spectrum: Spectrum,
    sources: Vec<u32>,
    cumulated: Vec<f64>,
    mass_kg: Vec<f64>,
    regions: Vec<Region>,
    seed: u64,
    per_batch: u64,
    batches: u64,
    sum: Vec<f64>,
    sum_of_squares: Vec<f64>,
    emitted: f64,
    escaped: f64,
    spare: Mutex<Vec<Vec<f64>>>,
}

impl Simulation {
    /// Errors if an array does not fit the shape, a density is negative or not finite, a substance is not in the list, or
    /// there is no decay.
    pub fn new(phantom: &Phantom<'_>, seed: u64, decays_per_batch: u64) -> Result<Self> {
        let count = phantom
            .shape
            .iter()
            .try_fold(1usize, |n, &side| n.checked_mul(side))
            .filter(|&n| n > 0 && n < u32::MAX as usize)
            .ok_or_else(|| misfit("the grid", &phantom.shape, "between 1 and 2^32 - 1 voxels"))?;
        let spacing_mm = phantom.spacing_mm;
        for side in spacing_mm {
            check::within("voxel size in mm", side, 0.01, 1000.0)?;
        }
        for (name, length) in [
            ("density", phantom.density_g_per_ml.len()),
            ("activity", phantom.decays.len()),
        ] {
            if length != count {
                return Err(misfit(name, &[length], "as many values as voxels"));
            }
        }
        if phantom.medium.len() != count && phantom.medium.len() != 1 {
            return Err(misfit("medium", &[phantom.medium.len()], "as many values as voxels, or one"));
        }
        if decays_per_batch == 0 {
            return Err(Error::out_of_range("decays per batch", 0.0, "at least 1"));
        }
        let volume_ml = spacing_mm.iter().product::<f64>() * 1e-3;
        let mut cells = memory::reserved("voxels", count)?;
        let mut mass_kg = memory::reserved("masses of the voxels", count)?;
        for (i, &density) in phantom.density_g_per_ml.iter().enumerate() {
            let medium = phantom.medium[if phantom.medium.len() == 1 { 0 } else { i }];
            if usize::from(medium) >= phantom.substances.len() {
                let most = phantom.substances.len().saturating_sub(1);
                return Err(Error::out_of_range("medium", f64::from(medium), format!("within [0, {most}]")));
            }
            let density = check::within("density in g/mL", f64::from(density), 0.0, 30.0)?;
            cells.push(Cell::new(density as f32, medium));
            mass_kg.push(density * volume_ml * 1e-3);
        }
        let active = phantom.decays.iter().filter(|&&a| a != 0.0).count();
        let mut sources = memory::reserved("sources", active)?;
        let mut cumulated = memory::reserved("sources", active)?;
        let mut total = 0.0;
        for (i, &decays) in phantom.decays.iter().enumerate() {
            let decays = check::non_negative("activity", decays)?;
            if decays > 0.0 {
                total += decays;
                sources.push(i as u32);
                cumulated.push(total);
            }
        }
        if total == 0.0 || !total.is_finite() {
            return Err(Error::Undefined {
                quantity: "dose".into(),
                reason: "there is no activity".into(),
            });
        }
        Ok(Self {
            voxels: Voxels::new(phantom.shape, spacing_mm, cells),
            tables: Tables::new(phantom.substances),
            spectrum: Spectrum::y90(),
            sources,
            cumulated,
            mass_kg,
            regions: Vec::new(),
            seed,
            per_batch: decays_per_batch,
            batches: 0,
            sum: memory::filled("energy of the voxels", 0.0, count)?,
            sum_of_squares: memory::filled("energy of the voxels", 0.0, count)?,
            emitted: 0.0,
            escaped: 0.0,
            spare: Mutex::new(Vec::new()),
        })
    }

    /// Memory in bytes that a run on `voxels` voxels and so many threads takes at most.
    pub fn estimate_memory(voxels: usize, threads: usize) -> u64 {
        let each = size_of::<Cell>() + 8 + 12 + 16 + 8 * threads;
        (voxels as u64).saturating_mul(each as u64).saturating_add(4 << 20)
    }

    /// Adds a structure: the mean dose of voxels, each weighted by the fraction of it inside. To be called before the
    /// first batch.
    pub fn add_region(&mut self, fractions: &[f32]) -> Result<()> {
        self.check_voxels("structure", fractions.len())?;
        if self.batches > 0 {
            return Err(Error::Undefined {
                quantity: "mean dose of a structure".into(),
                reason: "it was added after the first batch".into(),
            });
        }
        let mut total = 0.0;
        for &fraction in fractions {
            total += check::fraction("fraction of a voxel", f64::from(fraction))?;
        }
        let (mut voxels, mut weights) = (Vec::new(), Vec::new());
        for (i, (&fraction, &mass)) in fractions.iter().zip(&self.mass_kg).enumerate() {
            if fraction > 0.0 && mass > 0.0 {
                memory::pushed("structure", &mut voxels, i as u32)?;
                memory::pushed("structure", &mut weights, f64::from(fraction) / total / mass)?;
            }
        }
        memory::pushed(
            "structures",
            &mut self.regions,
            Region {
                voxels,
                weights,
                sum: 0.0,
                sum_of_squares: 0.0,
            },
        )
    }

    /// Batches done.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// Decays of one batch.
    pub fn decays_per_batch(&self) -> u64 {
        self.per_batch
    }

    fn check_voxels(&self, quantity: &str, length: usize) -> Result<()> {
        if length == self.voxels.count() {
            return Ok(());
        }
        Err(misfit(quantity, &[length], "as many values as voxels"))
    }

    /// Mean energy of the spectrum in MeV.
    pub fn mean_energy_mev(&self) -> f64 {
        self.spectrum.mean_mev()
    }

    /// Runs so many batches more. If that is cancelled, the batches that were done before it are kept: a later call
    /// continues as if nothing had happened.
    pub fn run(&mut self, batches: u64, workers: &Workers<'_>) -> Result<()> {
        let end = self.batches.saturating_add(batches);
        while self.batches < end {
            let round = (end - self.batches).min(workers.threads() as u64) as usize;
            let first = self.batches;
            let this = &*self;
            let done = workers.map(round, |i| this.batch(first + i as u64, workers))?;
            self.fold(done, workers)?;
        }
        Ok(())
    }

    fn batch(&self, number: u64, workers: &Workers<'_>) -> Result<Batch> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut energy = match spare {
            Some(energy) => energy,
            None => memory::filled("energy of a batch", 0.0, self.voxels.count())?,
        };
        energy.fill(0.0);
        let (mut emitted, mut escaped) = (0.0, 0.0);
        let mut stack = Vec::with_capacity(64);
        let mut flight = Flight::new(&self.voxels, &mut energy);
        let share = self.cumulated[self.cumulated.len() - 1] / self.per_batch as f64;
        let mut source = 0;
        for decay in 0..self.per_batch {
            if decay % POLL == 0 {
                workers.check()?;
            }
            let mut random = Random::new(self.seed, number * self.per_batch + decay);
            let target = share * (decay as f64 + f64::from(random.uniform()));
            while source + 1 < self.cumulated.len() && self.cumulated[source] < target {
                source += 1;
            }
            let within = [random.uniform(), random.uniform(), random.uniform()];
            let start = Flight::place_in(&self.voxels, self.sources[source] as usize, within);
            let direction = isotropic(random.uniform(), random.uniform());
            let electron = self.spectrum.energy(random.uniform());
            emitted += f64::from(electron);
            let lost = flight.follow(start, &self.tables, &mut random, &mut stack, electron, direction);
            escaped += f64::from(lost);
        }
        Ok(Batch {
            energy,
            emitted,
            escaped,
        })
    }

    /// Adds batches in their order.
    fn fold(&mut self, batches: Vec<Batch>, workers: &Workers<'_>) -> Result<()> {
        let chunks = self.sum.chunks_mut(FOLD).zip(self.sum_of_squares.chunks_mut(FOLD)).enumerate();
        let add = |(i, (sum, squares)): (usize, (&mut [f64], &mut [f64]))| {
            for batch in &batches {
                let energy = &batch.energy[i * FOLD..];
                for ((sum, square), e) in sum.iter_mut().zip(squares.iter_mut()).zip(energy) {
                    *sum += e;
                    *square += e * e;
                }
            }
            Ok(())
        };
        // Not to be stopped half way: a sum with some of the batches would be lost.
        crate::parallel::try_for_each(chunks, workers.threads(), &crate::parallel::Cancellation::never(), add)?;
        for batch in batches {
            for region in &mut self.regions {
                let terms = region.voxels.iter().zip(&region.weights);
                let dose: f64 = terms.map(|(&i, w)| w * batch.energy[i as usize]).sum();
                region.sum += dose;
                region.sum_of_squares += dose * dose;
            }
            self.emitted += batch.emitted;
            self.escaped += batch.escaped;
            self.batches += 1;
            self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(batch.energy);
        }
        Ok(())
    }

    /// Dose in Gy and its standard error, voxel by voxel, if the whole activity times the dose factor is `gray_kg`. A voxel
    /// without mass has a dose of 0.
    pub fn dose(&self, gray_kg: f64, dose: &mut [f32], error: &mut [f32]) -> Result<()> {
        self.check_voxels("dose", dose.len())?;
        self.check_voxels("uncertainty", error.len())?;
        for (i, (dose, error)) in dose.iter_mut().zip(error).enumerate() {
            let estimate = self.estimate(self.sum[i], self.sum_of_squares[i]);
            let mass = self.mass_kg[i] * self.spectrum.mean_mev();
            let factor = if mass > 0.0 { gray_kg / mass } else { 0.0 };
            *dose = (estimate.mean * factor) as f32;
            *error = (estimate.error * factor) as f32;
        }
        Ok(())
    }

    /// Mean dose in Gy of each structure, in the order in which they were added.
    pub fn regions(&self, gray_kg: f64) -> Vec<Estimate> {
        let factor = gray_kg / self.spectrum.mean_mev();
        let scaled = |e: Estimate| Estimate {
            mean: e.mean * factor,
            error: e.error * factor,
        };
        self.regions.iter().map(|region| scaled(self.estimate(region.sum, region.sum_of_squares))).collect()
    }

    /// Where the energy went, per decay.
    pub fn balance(&self) -> Balance {
        let decays = (self.batches * self.per_batch) as f64;
        Balance {
            emitted_mev: self.emitted / decays,
            deposited_mev: self.sum.iter().sum::<f64>() / decays,
            escaped_mev: self.escaped / decays,
        }
    }

    /// Of sums over batches, per decay.
    fn estimate(&self, sum: f64, sum_of_squares: f64) -> Estimate {
        let (batches, decays) = (self.batches as f64, self.per_batch as f64);
        let mean = sum / batches;
        let variance = (sum_of_squares - batches * mean * mean).max(0.0) / (batches - 1.0) / batches;
        Estimate {
            mean: mean / decays,
            error: if self.batches < 2 {
                f64::NAN
            } else {
                variance.sqrt() / decays
            },
        }
    }
}

fn misfit(quantity: &str, shape: &[usize], requirement: &str) -> Error {
    Error::Shape {
        quantity: quantity.into(),
        shape: shape.to_vec(),
        requirement: requirement.into(),
    }
}

impl Flight<'_> {
    /// Follows one decay electron from its place; the energy that left.
    #[inline(always)]
    fn follow(
        &mut self,
        start: super::voxels::Place,
        tables: &Tables,
        random: &mut Random,
        stack: &mut Vec<super::transport::Electron<super::voxels::Place>>,
        energy: f32,
        direction: [f32; 3],
    ) -> f32 {
        use super::transport::Space;
        self.put(start);
        let escaped = follow(self, tables, random, stack, energy, direction);
        self.deposit(0.0);
        escaped
    }
}

mod progress;
#[cfg(test)]
mod tests;

pub use progress::Progress;
