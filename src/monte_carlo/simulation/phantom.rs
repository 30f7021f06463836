//! Phantom, checked and prepared for the transport.

use super::misfit;
use crate::error::{Error, Result, check};
use crate::memory;
use crate::monte_carlo::substance::Substance;
use crate::monte_carlo::voxels::Cell;

/// Phantom to simulate. Arrays are in (k, j, i), C contiguous.
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

/// A phantom that was checked: cells and masses of all voxels, and the voxels with decays with the decays up to each.
pub struct Contents {
    pub cells: Vec<Cell>,
    pub mass_kg: Vec<f64>,
    pub sources: Vec<u32>,
    pub cumulated: Vec<f64>,
}

impl Phantom<'_> {
    /// Volume of a voxel.
    pub fn volume_ml(&self) -> f64 {
        self.spacing_mm.iter().product::<f64>() * 1e-3
    }

    /// Errors if an array does not fit the shape, a value is negative or not finite, a substance is not in the list, or
    /// there is no decay.
    pub(super) fn contents(&self) -> Result<Contents> {
        let count = self
            .shape
            .iter()
            .try_fold(1usize, |n, &side| n.checked_mul(side))
            .filter(|&n| n > 0 && n < u32::MAX as usize)
            .ok_or_else(|| misfit("the grid", &self.shape, "between 1 and 2^32 - 1 voxels"))?;
        for side in self.spacing_mm {
            check::within("voxel size in mm", side, 0.01, 1000.0)?;
        }
        for (name, length) in [
            ("density", self.density_g_per_ml.len()),
            ("activity", self.decays.len()),
        ] {
            if length != count {
                return Err(misfit(name, &[length], "as many values as voxels"));
            }
        }
        if self.medium.len() != count && self.medium.len() != 1 {
            return Err(misfit("medium", &[self.medium.len()], "as many values as voxels, or one"));
        }
        let volume_ml = self.volume_ml();
        let mut cells = memory::reserved("voxels", count)?;
        let mut mass_kg = memory::reserved("masses of the voxels", count)?;
        for (i, &density) in self.density_g_per_ml.iter().enumerate() {
            let medium = self.medium[if self.medium.len() == 1 { 0 } else { i }];
            if usize::from(medium) >= self.substances.len() {
                let most = self.substances.len().saturating_sub(1);
                return Err(Error::out_of_range("medium", f64::from(medium), format!("within [0, {most}]")));
            }
            let density = check::within("density in g/mL", f64::from(density), 0.0, 30.0)?;
            cells.push(Cell::new(density as f32, medium));
            mass_kg.push(density * volume_ml * 1e-3);
        }
        let active = self.decays.iter().filter(|&&a| a != 0.0).count();
        let mut sources = memory::reserved("sources", active)?;
        let mut cumulated = memory::reserved("sources", active)?;
        let mut total = 0.0;
        for (i, &decays) in self.decays.iter().enumerate() {
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
        Ok(Contents {
            cells,
            mass_kg,
            sources,
            cumulated,
        })
    }
}
