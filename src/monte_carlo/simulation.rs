//! Many decays in voxels, in batches: energy per voxel with its standard error, and the balance of energy.
//!
//! A batch is a fixed number of decays with a seed for each, so that its result depends on nothing but the seed and
//! the number of the batch. Batches are added in order, which gives the same bits for any number of threads, and for a
//! run that was stopped and resumed. Within a batch the decays are spread over the sources in equal steps of the
//! cumulated activity, each at random within its step: without bias, and with less noise than independent draws.

use std::sync::{Mutex, PoisonError};

use super::spectrum::Spectrum;
use super::tables::Tables;
use super::tally::Tally;
use super::transport::isotropic;
use super::uniform::relative_error;
use super::voxels::{Cell, Flight, Voxels};
use crate::error::{Error, Result, check};
use crate::isotope::Isotope;
use crate::memory;
use crate::parallel::Workers;
use crate::random::Random;

/// Decays after which a worker asks whether the result is still wanted.
const POLL: u64 = 256;

/// The uniform medium that decays are followed in a second time.
#[derive(Debug, Clone, Copy)]
struct Reference {
    medium: u8,
    cell: Cell,
    density_g_per_ml: f64,
}

/// One batch: the energy in the map less that in the reference medium, and the latter in proportion to the voxel's mass.
struct Batch {
    difference: Vec<f64>,
    reference: Vec<f64>,
    emitted: f64,
    escaped: f64,
}

/// A run with its sums so far.
#[derive(Debug)]
pub struct Simulation {
    voxels: Voxels,
    tables: Tables,
    spectrum: Spectrum,
    /// Relative error of the dose in the uniform medium.
    table_error: f64,
    sources: Vec<u32>,
    cumulated: Vec<f64>,
    mass_kg: Vec<f64>,
    volume_ml: f64,
    regions: Vec<Region>,
    reference: Option<Reference>,
    seed: u64,
    per_batch: u64,
    of_voxels: Tally,
    of_regions: Tally,
    emitted: f64,
    escaped: f64,
    spare: Mutex<Vec<Vec<f64>>>,
}

impl Simulation {
    /// Of decays of an isotope: its beta particles and conversion electrons are followed, Auger electrons and soft X rays
    /// stay where they are, and photons of the nucleus take no part.
    ///
    /// Errors if an array does not fit the shape, a density is negative or not finite, a substance is not in the list,
    /// there is no decay, or the isotope is not one of [`Isotope::FOLLOWED`].
    pub fn new(phantom: &Phantom<'_>, isotope: &Isotope, seed: u64, decays_per_batch: u64) -> Result<Self> {
        isotope.check_followed("Monte Carlo")?;
        if decays_per_batch == 0 {
            return Err(Error::out_of_range("decays per batch", 0.0, "at least 1"));
        }
        let Contents {
            cells,
            mass_kg,
            sources,
            cumulated,
        } = phantom.contents()?;
        let spacing_mm = phantom.spacing_mm;
        Ok(Self {
            voxels: Voxels::new(phantom.shape, spacing_mm, cells),
            tables: Tables::new(phantom.substances),
            spectrum: Spectrum::of(isotope),
            table_error: relative_error(isotope),
            sources,
            cumulated,
            mass_kg,
            volume_ml: phantom.volume_ml(),
            regions: Vec::new(),
            reference: None,
            seed,
            per_batch: decays_per_batch,
            of_voxels: Tally::new(phantom.decays.len(), false)?,
            of_regions: Tally::new(0, false)?,
            emitted: 0.0,
            escaped: 0.0,
            spare: Mutex::new(Vec::new()),
        })
    }

    /// Memory in bytes that a run on `voxels` voxels and so many threads takes at most.
    pub fn estimate_memory(voxels: usize, threads: usize, is_correlated: bool) -> u64 {
        let each = size_of::<Cell>()
            + 8
            + 12
            + 4
            + Tally::bytes(is_correlated)
            + 8 * threads * (1 + usize::from(is_correlated));
        (voxels as u64).saturating_mul(each as u64).saturating_add(4 << 20)
    }

    /// Follows the decays in voxels of substance `medium` a second time, with the same random numbers, in an infinite
    /// uniform medium of that substance. To be called before the first batch.
    ///
    /// Estimates then need the dose that those decays give in the uniform medium: [`Simulation::dose`] and
    /// [`Simulation::regions`]. Errors if the substance is not in the list or the density is not within 0.01 and 30 g/mL.
    pub fn correlate(&mut self, medium: u8, density_g_per_ml: f64) -> Result<()> {
        self.check_new("uniform reference medium")?;
        if usize::from(medium) >= self.tables.count() {
            let most = self.tables.count().saturating_sub(1);
            return Err(Error::out_of_range("reference medium", f64::from(medium), format!("within [0, {most}]")));
        }
        check::within("density of the reference medium in g/mL", density_g_per_ml, 0.01, 30.0)?;
        self.of_voxels = Tally::new(self.voxels.count(), true)?;
        self.of_regions = Tally::new(self.regions.len(), true)?;
        self.reference = Some(Reference {
            medium,
            cell: Cell::new(density_g_per_ml as f32, medium),
            density_g_per_ml,
        });
        Ok(())
    }

    fn check_voxels(&self, quantity: &str, length: usize) -> Result<()> {
        if length == self.voxels.count() {
            return Ok(());
        }
        Err(misfit(quantity, &[length], "as many values as voxels"))
    }

    fn check_new(&self, quantity: &str) -> Result<()> {
        if self.batches() == 0 {
            return Ok(());
        }
        Err(Error::Undefined {
            quantity: quantity.into(),
            reason: "it was added after the first batch".into(),
        })
    }

    /// Batches done.
    pub fn batches(&self) -> u64 {
        self.of_voxels.batches()
    }

    /// Decays of one batch.
    pub fn decays_per_batch(&self) -> u64 {
        self.per_batch
    }

    /// Mean energy of the spectrum in MeV.
    pub fn mean_energy_mev(&self) -> f64 {
        self.spectrum.mean_mev()
    }

    /// Runs further batches. If that is cancelled, the finished batches are kept, and a later call continues from them.
    pub fn run(&mut self, batches: u64, workers: &Workers<'_>) -> Result<()> {
        let end = self.batches().saturating_add(batches);
        while self.batches() < end {
            let round = (end - self.batches()).min(workers.threads() as u64) as usize;
            let first = self.batches();
            let this = &*self;
            let done = workers.map(round, |i| this.batch(first + i as u64, workers))?;
            self.fold(done, workers)?;
        }
        Ok(())
    }

    /// An array of zeros, one for each voxel, reused from a finished batch if possible.
    fn zeros(&self) -> Result<Vec<f64>> {
        match self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            Some(mut energy) => {
                energy.fill(0.0);
                Ok(energy)
            }
            None => memory::filled("energy of a batch", 0.0, self.voxels.count()),
        }
    }

    fn batch(&self, number: u64, workers: &Workers<'_>) -> Result<Batch> {
        let mut energy = self.zeros()?;
        let mut reference = if self.reference.is_some() {
            self.zeros()?
        } else {
            Vec::new()
        };
        let (mut emitted, mut escaped) = (0.0, 0.0);
        let (mut stack, mut emissions) = (Vec::with_capacity(64), Vec::new());
        let local = self.spectrum.relaxation_mev();
        let mut flight = Flight::new(&self.voxels, &mut energy);
        let mut uniform = self.reference.map(|r| (r.medium, Flight::uniform(&self.voxels, r.cell, &mut reference)));
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
            let voxel = self.sources[source] as usize;
            let within = [random.uniform(), random.uniform(), random.uniform()];
            let start = self.voxels.place_in(voxel, within);
            let direction = isotropic(random.uniform(), random.uniform());
            let electron = self.spectrum.energy(random.uniform());
            emitted += self.spectrum.decay(electron, direction, random, &mut emissions);
            if let Some((medium, uniform)) = &mut uniform
                && self.voxels.is_of(voxel, *medium)
            {
                uniform.follow(start, &self.tables, &mut stack, &emissions, local);
            }
            escaped += f64::from(flight.follow(start, &self.tables, &mut stack, &emissions, local));
        }
        if let Some(of) = self.reference {
            // This energy in the voxel's own mass gives the dose of the reference medium.
            let per_mass = 1.0 / (of.density_g_per_ml * self.volume_ml * 1e-3);
            for ((energy, reference), mass) in energy.iter_mut().zip(&mut reference).zip(&self.mass_kg) {
                *reference *= mass * per_mass;
                *energy -= *reference;
            }
        }
        Ok(Batch {
            difference: energy,
            reference,
            emitted,
            escaped,
        })
    }

    /// Adds batches in their order.
    fn fold(&mut self, batches: Vec<Batch>, workers: &Workers<'_>) -> Result<()> {
        let of_regions: Vec<[Vec<f64>; 2]> = batches
            .iter()
            .map(|batch| {
                [&batch.difference, &batch.reference].map(|values| {
                    let means = self.regions.iter().map(|region| region.dose(values));
                    if values.is_empty() { Vec::new() } else { means.collect() }
                })
            })
            .collect();
        let voxels: Vec<_> = batches.iter().map(|batch| (&batch.difference[..], &batch.reference[..])).collect();
        let regions: Vec<_> = of_regions.iter().map(|[d, r]| (&d[..], &r[..])).collect();
        self.of_voxels.add(&voxels, workers.threads())?;
        self.of_regions.add(&regions, 1)?;
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        for batch in batches {
            self.emitted += batch.emitted;
            self.escaped += batch.escaped;
            spare.push(batch.difference);
            if !batch.reference.is_empty() {
                spare.push(batch.reference);
            }
        }
        Ok(())
    }
}

fn misfit(quantity: &str, shape: &[usize], requirement: &str) -> Error {
    Error::Shape {
        quantity: quantity.into(),
        shape: shape.to_vec(),
        requirement: requirement.into(),
    }
}

mod estimates;
mod phantom;
mod progress;
#[cfg(test)]
mod tests;

pub use estimates::Balance;
use estimates::Region;
use phantom::Contents;
pub use phantom::Phantom;
pub use progress::Progress;
