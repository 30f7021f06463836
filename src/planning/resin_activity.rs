//! Activity of resin microspheres by body surface area or by tumor involvement, and its reduction for lung shunt.
//!
//! Volumes of the liver and of a treated part include the tumor in them.

use crate::error::{Error, Result, check};

/// `A [GBq] = (BSA - 0.2) + V_tumor / V_liver` (source: sirspheres-ifu).
pub fn bsa_gbq(body_surface_area_m2: f64, tumor_volume_ml: f64, liver_volume_ml: f64) -> Result<f64> {
    let bsa = body_surface_area(body_surface_area_m2)?;
    Ok(bsa - 0.2 + involvement(tumor_volume_ml, "liver", liver_volume_ml)?)
}

/// `A = (BSA - 0.2 + V_tumor,treated / V_treated) V_treated / V_liver` (source: kao2011).
pub fn modified_bsa_gbq(
    body_surface_area_m2: f64,
    tumor_volume_in_treated_ml: f64,
    treated_volume_ml: f64,
    liver_volume_ml: f64,
) -> Result<f64> {
    let bsa = body_surface_area(body_surface_area_m2)?;
    let share = part(treated_volume_ml, liver_volume_ml)?;
    Ok((bsa - 0.2 + involvement(tumor_volume_in_treated_ml, "treated", treated_volume_ml)?) * share)
}

/// The whole-liver activity of [`bsa_gbq`] times `V_treated / V_liver`, a rule used in practice, which is not the
/// modified BSA.
pub fn simple_lobar_bsa_gbq(
    body_surface_area_m2: f64,
    tumor_volume_ml: f64,
    treated_volume_ml: f64,
    liver_volume_ml: f64,
) -> Result<f64> {
    Ok(bsa_gbq(body_surface_area_m2, tumor_volume_ml, liver_volume_ml)? * part(treated_volume_ml, liver_volume_ml)?)
}

/// 2.0 GBq up to 25 % involvement, 2.5 up to 50 %, 3.0 above, times the treated fraction of the liver.
///
/// Historic (sources: sirspheres-ifu, kennedy2007).
pub fn empirical_gbq(tumor_involvement_fraction: f64, treated_fraction_of_liver: f64) -> Result<f64> {
    let involvement = check::fraction("tumor involvement fraction", tumor_involvement_fraction)?;
    let treated = check::fraction("treated fraction of the liver", treated_fraction_of_liver)?;
    let treated = check::positive("treated fraction of the liver", treated)?;
    let whole = match involvement {
        x if x <= 0.25 => 2.0,
        x if x <= 0.5 => 2.5,
        _ => 3.0,
    };
    Ok(whole * treated)
}

/// Row of the printed table for a lung shunt of exactly 10 or 15 %, which the table lists in two rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Boundary {
    /// `[10, 15) -> 0.8`, `[15, 20] -> 0.6`: the lower activity on a boundary.
    LowerInclusive,
    /// `(10, 15] -> 0.8`, `(15, 20] -> 0.6`.
    UpperInclusive,
}

impl Boundary {
    /// Names that [`Boundary::from_name`] knows.
    pub const NAMES: [&'static str; 2] = ["lower_inclusive", "upper_inclusive"];

    /// The convention of that name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "lower_inclusive" => Ok(Self::LowerInclusive),
            "upper_inclusive" => Ok(Self::UpperInclusive),
            _ => Err(Error::unknown_name("boundary convention", name, &Self::NAMES)),
        }
    }

    /// Factor on the activity for a lung shunt fraction; contraindicated above 0.20.
    ///
    /// Table of the SIR-Spheres insert (source: sirspheres-ifu).
    pub fn lung_shunt_factor(self, lung_shunt_fraction: f64) -> Result<f64> {
        let shunt = snapped(check::fraction("lung shunt fraction", lung_shunt_fraction)?);
        if shunt > 0.20 {
            return Err(Error::Contraindicated {
                reason: format!(
                    "lung shunt fraction {lung_shunt_fraction} is above 0.20, where the activity table says: do not treat"
                ),
            });
        }
        let beyond = |edge: f64| match self {
            Self::LowerInclusive => shunt >= edge,
            Self::UpperInclusive => shunt > edge,
        };
        Ok(match (beyond(0.10), beyond(0.15)) {
            (false, _) => 1.0,
            (true, false) => 0.8,
            (true, true) => 0.6,
        })
    }
}

const EDGES: [f64; 3] = [0.10, 0.15, 0.20];

/// The boundary that the fraction equals, within rounding of its computation.
pub fn boundary_at(lung_shunt_fraction: f64) -> Option<f64> {
    EDGES.into_iter().find(|edge| (lung_shunt_fraction - edge).abs() <= 1e-12)
}

/// The boundary that the fraction equals once it is rounded to a whole percentage.
pub fn boundary_at_rounded(lung_shunt_fraction: f64) -> Option<f64> {
    boundary_at((lung_shunt_fraction * 100.0).round() / 100.0)
}

fn snapped(lung_shunt_fraction: f64) -> f64 {
    boundary_at(lung_shunt_fraction).unwrap_or(lung_shunt_fraction)
}

/// An explicit factor within `(0, 1]`.
pub fn physician_factor(factor: f64) -> Result<f64> {
    check::positive("physician factor", check::fraction("physician factor", factor)?)
}

fn body_surface_area(value: f64) -> Result<f64> {
    if value.is_finite() && value > 0.2 && value <= 5.0 {
        Ok(value)
    } else {
        Err(Error::out_of_range("body surface area in m^2", value, "within (0.2, 5]"))
    }
}

fn involvement(tumor_volume_ml: f64, whole: &str, whole_volume_ml: f64) -> Result<f64> {
    let whole_volume_ml = check::positive(&format!("{whole} volume in mL"), whole_volume_ml)?;
    let tumor_volume_ml = check::non_negative("tumor volume in mL", tumor_volume_ml)?;
    if tumor_volume_ml > whole_volume_ml {
        let limit = format!("at most the {whole} volume, {whole_volume_ml} mL, which includes the tumor");
        return Err(Error::out_of_range("tumor volume in mL", tumor_volume_ml, limit));
    }
    Ok(tumor_volume_ml / whole_volume_ml)
}

fn part(treated_volume_ml: f64, liver_volume_ml: f64) -> Result<f64> {
    let liver_volume_ml = check::positive("liver volume in mL", liver_volume_ml)?;
    let treated_volume_ml = check::positive("treated volume in mL", treated_volume_ml)?;
    if treated_volume_ml > liver_volume_ml {
        let limit = format!("at most the liver volume, {liver_volume_ml} mL");
        return Err(Error::out_of_range("treated volume in mL", treated_volume_ml, limit));
    }
    Ok(treated_volume_ml / liver_volume_ml)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boundary_belongs_to_one_row_by_the_convention_asked_for() {
        for (shunt, lower, upper) in [
            (0.0999, 1.0, 1.0),
            (0.1, 0.8, 1.0),
            (0.15, 0.6, 0.8),
            (0.1 + 0.05, 0.6, 0.8),
            (0.2, 0.6, 0.6),
        ] {
            assert_eq!(Boundary::LowerInclusive.lung_shunt_factor(shunt), Ok(lower));
            assert_eq!(Boundary::UpperInclusive.lung_shunt_factor(shunt), Ok(upper));
        }
        assert!(matches!(Boundary::LowerInclusive.lung_shunt_factor(0.2001), Err(Error::Contraindicated { .. })));
        assert_eq!((boundary_at(0.099), boundary_at_rounded(0.099)), (None, Some(0.1)));
    }
}
