//! Results of a run: dose of voxels and structures with standard errors, and the energy balance.

use super::Simulation;
use crate::error::{Result, check};
use crate::memory;
use crate::monte_carlo::tally::{Estimate, Expected, Tally};

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

/// A structure whose mean dose is computed: voxels, the share of each in the mean, and that over its mass.
#[derive(Debug, Clone)]
pub(super) struct Region {
    voxels: Vec<u32>,
    shares: Vec<f64>,
    weights: Vec<f64>,
}

impl Region {
    /// Mean dose for energies in the voxels.
    pub(super) fn dose(&self, energy: &[f64]) -> f64 {
        self.sum(&self.weights, energy)
    }

    /// Mean of doses in the voxels.
    fn mean(&self, dose: &[f64]) -> f64 {
        self.sum(&self.shares, dose)
    }

    fn sum(&self, weights: &[f64], values: &[f64]) -> f64 {
        self.voxels.iter().zip(weights).map(|(&i, w)| w * values[i as usize]).sum()
    }
}

impl Simulation {
    /// Adds a structure, the mean dose of voxels weighted by their fractions inside. It must be called before the first
    /// batch.
    pub fn add_region(&mut self, fractions: &[f32]) -> Result<()> {
        self.check_voxels("structure", fractions.len())?;
        self.check_new("mean dose of a structure")?;
        let mut total = 0.0;
        for &fraction in fractions {
            total += check::fraction("fraction of a voxel", f64::from(fraction))?;
        }
        let (mut voxels, mut shares, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for (i, (&fraction, &mass)) in fractions.iter().zip(&self.mass_kg).enumerate() {
            if fraction > 0.0 && mass > 0.0 {
                let share = f64::from(fraction) / total;
                memory::pushed("structure", &mut voxels, i as u32)?;
                memory::pushed("structure", &mut shares, share)?;
                memory::pushed("structure", &mut weights, share / mass)?;
            }
        }
        let region = Region {
            voxels,
            shares,
            weights,
        };
        memory::pushed("structures", &mut self.regions, region)?;
        self.of_regions = Tally::new(self.regions.len(), self.reference.is_some())?;
        Ok(())
    }

    /// Dose in Gy, its standard error, and the weight of the correlated difference, voxel by voxel, if the whole activity
    /// times the dose factor is `gray_kg`. A voxel without mass has a dose of 0.
    ///
    /// `uniform_gy` is the dose that the decays in voxels of the reference substance give in the uniform medium, known
    /// within the fraction of [`relative_error`](crate::monte_carlo::uniform::relative_error); empty without a reference.
    ///
    /// A difference to the uniform medium often comes from few decays, which one voxel may have missed. Its own spread
    /// would then state too small an error. The variance of the difference is therefore the mean over the voxel and the
    /// neighbors of the same substance that share a face with it.
    pub fn dose(&self, gray_kg: f64, uniform_gy: &[f64], maps: [&mut [f32]; 3]) -> Result<()> {
        self.check_uniform(uniform_gy)?;
        for map in &maps {
            self.check_voxels("dose", map.len())?;
        }
        let [dose, error, weight] = maps;
        let per_batch = self.per_batch as f64;
        for (i, ((dose, error), weight)) in dose.iter_mut().zip(&mut *error).zip(&mut *weight).enumerate() {
            let mass = self.mass_kg[i] * self.spectrum.mean_mev() * per_batch;
            let factor = if mass > 0.0 { gray_kg / mass } else { 0.0 };
            let expected = uniform_gy.get(i).map_or(0.0, |gy| if factor > 0.0 { gy / factor } else { 0.0 });
            let estimate = self.of_voxels.estimate(i, self.known(expected)).scaled(factor);
            *dose = estimate.mean as f32;
            *error = estimate.error as f32;
            *weight = estimate.difference_weight as f32;
        }
        if self.reference.is_some() {
            let own = memory::copied("uncertainty of the dose", error)?;
            for (i, (error, &weight)) in error.iter_mut().zip(&*weight).enumerate().filter(|(_, (_, w))| **w > 0.0) {
                let alike = self.voxels.neighbors(i).filter(|&n| self.voxels.alike(i, n));
                let (sum, count) = alike.fold((own[i] * own[i], 1.0), |(s, c), n| (s + own[n] * own[n], c + 1.0));
                *error = (weight * sum / count + (1.0 - weight) * own[i] * own[i]).sqrt();
            }
        }
        Ok(())
    }

    /// Mean dose in Gy of each structure, in the order in which they were added; the arguments as for
    /// [`Simulation::dose`].
    pub fn regions(&self, gray_kg: f64, uniform_gy: &[f64]) -> Result<Vec<Estimate>> {
        self.check_uniform(uniform_gy)?;
        let factor = gray_kg / (self.spectrum.mean_mev() * self.per_batch as f64);
        let estimate = |(i, region): (usize, &Region)| {
            let is_known = !uniform_gy.is_empty();
            let expected = if is_known {
                region.mean(uniform_gy) / factor
            } else {
                0.0
            };
            self.of_regions.estimate(i, self.known(expected)).scaled(factor)
        };
        Ok(self.regions.iter().enumerate().map(estimate).collect())
    }

    /// A dose in the uniform medium with its error.
    fn known(&self, mean: f64) -> Expected {
        Expected {
            mean,
            error: self.table_error * mean,
        }
    }

    fn check_uniform(&self, uniform_gy: &[f64]) -> Result<()> {
        if self.reference.is_none() && uniform_gy.is_empty() {
            return Ok(());
        }
        self.check_voxels("dose in the uniform medium", uniform_gy.len())
    }

    /// Energy balance per decay.
    pub fn balance(&self) -> Balance {
        let decays = (self.batches() * self.per_batch) as f64;
        Balance {
            emitted_mev: self.emitted / decays,
            deposited_mev: self.of_voxels.total() / decays,
            escaped_mev: self.escaped / decays,
        }
    }
}
