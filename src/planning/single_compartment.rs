//! The MIRD single-compartment model: one perfused mass with uniform uptake, and the lungs.

use super::quantity;
use crate::error::{Result, check};
use crate::nuclide::Nuclide;

/// A perfused mass, the shunt past it, and the residual in vial and lines.
///
/// `D = C A (1 - L) / m` with the delivered activity `A = A_vial (1 - R)`; lungs `C A L / m_lung`.
#[derive(Debug, Clone)]
pub struct SingleCompartment {
    mass_kg: f64,
    lung_shunt_fraction: f64,
    residual_fraction: f64,
    lung_mass_kg: f64,
    dose_factor: f64,
}

impl SingleCompartment {
    /// Errors for a mass outside 0.01-6 kg, a shunt or residual outside `[0, 1)`, lungs outside 0.3-2.5 kg.
    pub fn new(
        mass_kg: f64,
        lung_shunt_fraction: f64,
        residual_fraction: f64,
        lung_mass_kg: f64,
        nuclide: &Nuclide,
    ) -> Result<Self> {
        Ok(Self {
            mass_kg: quantity::mass_kg("perfused mass in kg", mass_kg, 0.01, 6.0)?,
            lung_shunt_fraction: check::fraction_below_one("lung shunt fraction", lung_shunt_fraction)?,
            residual_fraction: check::fraction_below_one("residual fraction", residual_fraction)?,
            lung_mass_kg: quantity::lung_mass_kg(lung_mass_kg)?,
            dose_factor: nuclide.dose_factor_gy_kg_per_gbq(),
        })
    }

    /// Activity that enters the patient from what is in the vial at treatment.
    pub fn delivered_gbq(&self, activity_in_vial_gbq: f64) -> Result<f64> {
        let in_vial = quantity::activity_gbq("activity in the vial at treatment in GBq", activity_in_vial_gbq)?;
        Ok(in_vial * (1.0 - self.residual_fraction))
    }

    /// Delivered activity that gives the perfused mass a dose.
    pub fn delivered_for_dose_gbq(&self, target_dose_gy: f64) -> Result<f64> {
        let dose = quantity::target_dose_gy("target dose in Gy", target_dose_gy)?;
        Ok(dose * self.mass_kg / (self.dose_factor * (1.0 - self.lung_shunt_fraction)))
    }

    /// Activity in the vial at treatment that delivers an activity; an error beyond what `delivered_gbq` takes.
    pub fn in_vial_gbq(&self, delivered_activity_gbq: f64) -> Result<f64> {
        let in_vial = delivered(delivered_activity_gbq)? / (1.0 - self.residual_fraction);
        check::within("activity that the target dose needs in the vial at treatment in GBq", in_vial, 0.0, 100.0)
    }

    /// Mean dose to the perfused mass.
    pub fn perfused_dose_gy(&self, delivered_activity_gbq: f64) -> Result<f64> {
        let gy_kg = self.dose_factor * delivered(delivered_activity_gbq)?;
        Ok(gy_kg * (1.0 - self.lung_shunt_fraction) / self.mass_kg)
    }

    /// Mean dose to the lungs.
    pub fn lung_dose_gy(&self, delivered_activity_gbq: f64) -> Result<f64> {
        let gy_kg = self.dose_factor * delivered(delivered_activity_gbq)?;
        Ok(gy_kg * self.lung_shunt_fraction / self.lung_mass_kg)
    }
}

fn delivered(activity_gbq: f64) -> Result<f64> {
    check::non_negative("delivered activity in GBq", activity_gbq)
}
