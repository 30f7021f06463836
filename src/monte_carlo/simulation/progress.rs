//! Progress of a run, as numbers from which another process continues.

use super::Simulation;
use crate::error::{Error, Result, check};

/// Progress of a run without the sums of its voxels, from which another process continues it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// Batches done.
    pub batches: u64,
    /// Energy in MeV released by decays, and energy that left the voxels.
    pub energy_mev: [f64; 2],
    /// Sums over the batches for the structures: each sum for all of them, in the order in which they were added.
    pub regions: Vec<f64>,
}

impl Simulation {
    /// Sums over the batches that are kept for each voxel: 2, or 10 with a reference medium.
    pub fn sums_per_voxel(&self) -> usize {
        self.of_voxels.sums_per_element()
    }

    /// Progress of the run; writes the sums of the voxels, each for all voxels.
    pub fn progress(&self, sums: &mut [f64]) -> Result<Progress> {
        self.of_voxels.write(sums)?;
        let mut regions = vec![0.0; self.of_regions.len() * self.of_regions.sums_per_element()];
        self.of_regions.write(&mut regions)?;
        Ok(Progress {
            batches: self.batches(),
            energy_mev: [self.emitted, self.escaped],
            regions,
        })
    }

    /// Continues from the progress of a run of the same phantom, seed, batches, structures and reference medium, with
    /// the same bits. Errors if this run has begun already, or if the sums are not those of such a run.
    pub fn restore(&mut self, progress: &Progress, sums: &[f64]) -> Result<()> {
        if self.batches() > 0 {
            return Err(Error::Undefined {
                quantity: "continued run".into(),
                reason: "this run has done batches of its own".into(),
            });
        }
        for energy in progress.energy_mev {
            check::non_negative("energy of a run in MeV", energy)?;
        }
        self.of_regions.check(&progress.regions)?;
        self.of_voxels.check(sums)?;
        self.of_regions.restore(progress.batches, &progress.regions);
        self.of_voxels.restore(progress.batches, sums);
        [self.emitted, self.escaped] = progress.energy_mev;
        Ok(())
    }
}
