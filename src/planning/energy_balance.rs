//! Balance of energy: dose times mass cannot exceed the energy that the liver received.

use super::quantity;
use crate::error::{Result, check};
use crate::nuclide::Nuclide;

/// Energy in J that decays in the liver: `C A (1 - L)`.
pub fn liver_energy_j(delivered_activity_gbq: f64, lung_shunt_fraction: f64, nuclide: &Nuclide) -> Result<f64> {
    let activity = quantity::activity_gbq("delivered activity in GBq", delivered_activity_gbq)?;
    let activity = check::positive("delivered activity in GBq", activity)?;
    let shunt = check::fraction_below_one("lung shunt fraction", lung_shunt_fraction)?;
    Ok(nuclide.dose_factor_gy_kg_per_gbq() * activity * (1.0 - shunt))
}

/// Share of the liver's energy that a dose in a mass would need: `D m / (C A (1 - L))`; above 1 it is impossible.
pub fn fraction_in_tumor(tumor_dose_gy: f64, tumor_mass_kg: f64, liver_energy_j: f64) -> Result<f64> {
    let dose = check::non_negative("tumor dose in Gy", tumor_dose_gy)?;
    let mass = quantity::mass_kg("tumor mass in kg", tumor_mass_kg, 0.0, 10.0)?;
    Ok(dose * mass / check::positive("liver energy in J", liver_energy_j)?)
}

/// Mass in kg that gets a dose from a share of the liver's energy: `f C A (1 - L) / D`.
pub fn tumor_mass_kg(tumor_dose_gy: f64, fraction_in_tumor: f64, liver_energy_j: f64) -> Result<f64> {
    let dose = check::positive("tumor dose in Gy", tumor_dose_gy)?;
    let energy = check::positive("liver energy in J", liver_energy_j)?;
    Ok(check::fraction("fraction of the liver's activity in the tumor", fraction_in_tumor)? * energy / dose)
}
