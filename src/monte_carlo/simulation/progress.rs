//! How far a run has come, as numbers that another process continues from.

use super::{Simulation, misfit};
use crate::error::{Error, Result, check};

/// How far a run has come, beside the sums of its voxels: what another process needs to continue it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// Batches done.
    pub batches: u64,
    /// Energy in MeV that decays set free, and energy that left the voxels.
    pub energy_mev: [f64; 2],
    /// Sum over the batches and sum of squares of each structure, in the order in which they were added.
    pub regions: Vec<[f64; 2]>,
}

impl Simulation {
    /// How far the run has come; writes the sum over the batches and the sum of squares of each voxel.
    pub fn progress(&self, sum: &mut [f64], sum_of_squares: &mut [f64]) -> Result<Progress> {
        self.check_voxels("sums", sum.len())?;
        self.check_voxels("sums of squares", sum_of_squares.len())?;
        sum.copy_from_slice(&self.sum);
        sum_of_squares.copy_from_slice(&self.sum_of_squares);
        Ok(Progress {
            batches: self.batches,
            energy_mev: [self.emitted, self.escaped],
            regions: self.regions.iter().map(|region| [region.sum, region.sum_of_squares]).collect(),
        })
    }

    /// Continues where a run of the same phantom, seed, batches and structures has come to: the same bits follow. Errors
    /// if this run has begun already, or if the sums are not those of such a run.
    pub fn restore(&mut self, progress: &Progress, sum: &[f64], sum_of_squares: &[f64]) -> Result<()> {
        if self.batches > 0 {
            return Err(Error::Undefined {
                quantity: "continued run".into(),
                reason: "this run has done batches of its own".into(),
            });
        }
        self.check_voxels("sums", sum.len())?;
        self.check_voxels("sums of squares", sum_of_squares.len())?;
        if progress.regions.len() != self.regions.len() {
            return Err(misfit("sums of structures", &[progress.regions.len()], "as many values as structures"));
        }
        let of_regions = progress.regions.iter().flatten();
        for &value in sum.iter().chain(sum_of_squares).chain(&progress.energy_mev).chain(of_regions) {
            check::non_negative("sum of a run", value)?;
        }
        self.sum.copy_from_slice(sum);
        self.sum_of_squares.copy_from_slice(sum_of_squares);
        [self.emitted, self.escaped] = progress.energy_mev;
        self.batches = progress.batches;
        for (region, &[sum, sum_of_squares]) in self.regions.iter_mut().zip(&progress.regions) {
            (region.sum, region.sum_of_squares) = (sum, sum_of_squares);
        }
        Ok(())
    }
}
