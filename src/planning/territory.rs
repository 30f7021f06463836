//! One injection: tumors and normal liver share its activity, and the lungs get the rest.
//!
//! `W = m_N + sum_i r_i m_i`, `D_N = C A (1 - L) / W`, `D_i = r_i D_N`, lungs `C A L / m_lung`, with the delivered
//! activity `A`, the lung shunt fraction `L`, the dose factor `C` and each tumor's ratio of activity concentrations per
//! mass to the normal liver's, `r_i` (source: ho1996, for one tumor). These formulas serve one
//! treatment and arrays of treatments alike, so that both give the same bits.

use crate::error::{Error, Result, check};
use crate::planning::quantity;

/// `W` in kg, the mass that would take up all of it at the normal liver's concentration.
#[inline(always)]
pub(super) fn weight_kg(normal_kg: f64, ratios_and_masses: impl Iterator<Item = (f64, f64)>) -> f64 {
    ratios_and_masses.fold(normal_kg, |sum, (ratio, mass)| sum + ratio * mass)
}

/// `C A (1 - L)`, the energy that decays in the liver in J.
#[inline(always)]
pub(super) fn liver_energy_j(dose_factor: f64, activity_gbq: f64, lung_shunt: f64) -> f64 {
    dose_factor * activity_gbq * (1.0 - lung_shunt)
}

/// `C A L / m_lung` in Gy.
#[inline(always)]
pub(super) fn lung_dose_gy(dose_factor: f64, activity_gbq: f64, lung_shunt: f64, lung_kg: f64) -> f64 {
    dose_factor * activity_gbq * lung_shunt / lung_kg
}

/// `D W / (r C (1 - L))`, the activity in GBq for a dose to the tumor of that ratio.
#[inline(always)]
pub(super) fn activity_gbq(dose_gy: f64, weight_kg: f64, ratio: f64, dose_factor: f64, lung_shunt: f64) -> f64 {
    dose_gy * weight_kg / (ratio * dose_factor * (1.0 - lung_shunt))
}

/// Largest plausible ratio; beyond it a region was drawn or divided wrongly.
pub const LARGEST_RATIO: f64 = 1e6;

/// Errors for a ratio that is not positive or beyond [`LARGEST_RATIO`].
pub(super) fn check_ratio(value: f64) -> Result<f64> {
    let value = check::positive("tumor-to-normal ratio", value)?;
    check::within("tumor-to-normal ratio", value, 0.0, LARGEST_RATIO)
}

/// The error for a territory that must have a tumor.
pub(super) fn no_tumor() -> Error {
    Error::Undefined {
        quantity: "partition model".into(),
        reason: "it has no tumor; the single-compartment model needs none".into(),
    }
}

/// Portion of a lesion that one territory feeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Portion {
    /// Index of the lesion.
    pub lesion: usize,
    /// Perfused mass in kg.
    pub mass_kg: f64,
    /// Ratio of activity concentrations per mass, tumor to perfused normal liver.
    pub ratio: f64,
}

/// Tissue that one injection reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Territory {
    pub(super) name: String,
    pub(super) lung_shunt: f64,
    pub(super) normal_kg: f64,
    pub(super) portions: Vec<Portion>,
}

impl Territory {
    /// Checks every field; the ratio of the only tumor without normal liver may be missing, since it cancels.
    ///
    /// The only territory of a treatment may have no name, and then it must have a tumor. A named one may be one of
    /// several, whose linear programme needs ratios of similar size, 0.001 to 1000.
    pub fn new(
        name: &str,
        lung_shunt_fraction: f64,
        normal_perfused_mass_kg: f64,
        portions: impl ExactSizeIterator<Item = (usize, f64, Option<f64>)>,
    ) -> Result<Self> {
        let named = |preposition| match name {
            "" => String::new(),
            _ => format!(" {preposition} territory '{name}'"),
        };
        let (of, within) = (named("of"), named("in"));
        let lung_shunt = check::fraction_below_one(&format!("lung shunt fraction{of}"), lung_shunt_fraction)?;
        let normal = format!("perfused normal liver mass in kg{of}");
        let normal_kg = quantity::liver_mass_kg(&normal, normal_perfused_mass_kg)?;
        let cancels = portions.len() == 1 && normal_kg == 0.0;
        let mut checked: Vec<Portion> = Vec::new();
        for (lesion, mass_kg, ratio) in portions {
            let mass_kg = quantity::mass_kg(&format!("tumor mass in kg{within}"), mass_kg, 0.0, 10.0)?;
            let what = format!("tumor-to-normal ratio{within}");
            let ratio = match ratio {
                Some(ratio) if name.is_empty() => check_ratio(ratio)?,
                Some(ratio) => check::positive(&what, ratio).and_then(|r| check::within(&what, r, 1e-3, 1e3))?,
                None if cancels => 1.0,
                None => {
                    return Err(Error::Undefined {
                        quantity: "tumor dose".into(),
                        reason: format!(
                            "the {what} is missing; it cancels only for one tumor without perfused normal liver"
                        ),
                    });
                }
            };
            if checked.iter().any(|other| other.lesion == lesion) {
                return Err(Error::Undefined {
                    quantity: format!("the dose{of}"),
                    reason: "it names two portions of one lesion; give their sum, or two lesions".into(),
                });
            }
            checked.push(Portion { lesion, mass_kg, ratio });
        }
        if checked.is_empty() && name.is_empty() {
            return Err(no_tumor());
        }
        if checked.is_empty() && normal_kg == 0.0 {
            return Err(Error::Undefined {
                quantity: format!("the dose{of}"),
                reason: "it has neither normal liver nor tumor".into(),
            });
        }
        Ok(Self {
            name: name.into(),
            lung_shunt,
            normal_kg,
            portions: checked,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `W = m_N + sum_i r_i m_i` in kg.
    pub fn weight_kg(&self) -> f64 {
        weight_kg(self.normal_kg, self.portions.iter().map(|p| (p.ratio, p.mass_kg)))
    }
}
