//! The tumor-to-normal ratio: activity concentrations per mass, `(c_T / m_T) / (c_N / m_N)`.

use super::quantity;
use crate::error::{Error, Result, check};

/// From counts and masses of the two regions (source: ho1996).
pub fn from_counts(tumor_counts: f64, tumor_mass_kg: f64, normal_counts: f64, normal_mass_kg: f64) -> Result<f64> {
    let tumor = check::non_negative("tumor counts", tumor_counts)?
        / quantity::mass_kg("tumor mass in kg", tumor_mass_kg, 0.0, 10.0)?;
    let normal = check::non_negative("normal liver counts", normal_counts)?
        / quantity::mass_kg("normal liver mass in kg", normal_mass_kg, 0.0, 10.0)?;
    if normal == 0.0 {
        return Err(Error::Undefined {
            quantity: "tumor-to-normal ratio".into(),
            reason: "the normal liver has zero counts".into(),
        });
    }
    Ok(tumor / normal)
}

/// From Kao's ratio of activities `R = A_T / A_N`, which is not a ratio of concentrations: `r = R m_N / m_T`.
pub fn from_activity_ratio(activity_ratio: f64, tumor_mass_kg: f64, normal_mass_kg: f64) -> Result<f64> {
    let ratio = check::positive("activity ratio", activity_ratio)?;
    let tumor = quantity::mass_kg("tumor mass in kg", tumor_mass_kg, 0.0, 10.0)?;
    let normal = quantity::mass_kg("normal liver mass in kg", normal_mass_kg, 0.0, 10.0)?;
    Ok(ratio * normal / tumor)
}

/// Activities of the three compartments by Kao's definitions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KaoActivities {
    /// Activity in the normal liver.
    pub normal_gbq: f64,
    /// Activity in the lungs.
    pub lung_gbq: f64,
    /// Sum of the three.
    pub total_gbq: f64,
    /// `A_L / (A_T + A_N + A_L)`: the lung shunt fraction as every other model means it.
    pub lung_shunt_fraction: f64,
}

/// `A_N = A_T / R` and `A_L = A_T TLSF / (1 - TLSF)` (source: kao2013).
pub fn kao_activities(
    tumor_activity_gbq: f64,
    activity_ratio: f64,
    tumor_lung_shunt_fraction: f64,
) -> Result<KaoActivities> {
    let tumor =
        check::positive("tumor activity in GBq", quantity::activity_gbq("tumor activity in GBq", tumor_activity_gbq)?)?;
    let ratio = check::positive("activity ratio", activity_ratio)?;
    let shunt = check::fraction_below_one("tumor lung shunt fraction", tumor_lung_shunt_fraction)?;
    let normal_gbq = tumor / ratio;
    let lung_gbq = tumor * shunt / (1.0 - shunt);
    let total_gbq = tumor + normal_gbq + lung_gbq;
    Ok(KaoActivities {
        normal_gbq,
        lung_gbq,
        total_gbq,
        lung_shunt_fraction: lung_gbq / total_gbq,
    })
}
