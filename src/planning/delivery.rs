//! Activity from the vial to the patient: residual, number of spheres, and the times at which a vial holds the needed
//! activity.

use crate::error::{Error, Result, check};
use crate::nuclide::Nuclide;
use crate::planning::decay::hours_to_decay;

/// Residual activity from surveys before and after the injection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Residual {
    /// Activity in the waste over activity in the vial, both at the time of the first reading.
    pub residual_fraction: f64,
    /// The fraction before it was clamped; equal to `residual_fraction` if it was not.
    pub measured_fraction: f64,
}

/// `R = (after - background)/(before - background) 2^(dt/T)`, readings in any one unit and the same geometry.
///
/// A value outside [0, 1] is an error, unless the excess is within `noise`, a reading in the same unit. Then it is
/// clamped.
pub fn residual(
    before: f64,
    after: f64,
    background: f64,
    elapsed_h: f64,
    noise: f64,
    nuclide: &Nuclide,
) -> Result<Residual> {
    let before = check::non_negative("survey reading before", before)?;
    let after = check::non_negative("survey reading after", after)?;
    let background = check::non_negative("background reading", background)?;
    let elapsed_h = check::non_negative("time between the readings in h", elapsed_h)?;
    let noise = check::non_negative("noise of a reading", noise)?;
    if before <= background {
        return Err(Error::Undefined {
            quantity: "residual fraction".into(),
            reason: format!("the reading before, {before}, does not exceed the background, {background}"),
        });
    }
    let per_reading = nuclide.decay_factor(-elapsed_h)? / (before - background);
    let measured = (after - background) * per_reading;
    let slack = noise * per_reading;
    let clamped = measured.clamp(0.0, 1.0);
    if measured.is_finite() && (measured - clamped).abs() <= slack {
        return Ok(Residual {
            residual_fraction: clamped,
            measured_fraction: measured,
        });
    }
    let hint = if measured > 1.0 {
        "the waste would hold more than the vial did"
    } else {
        "the waste reads less than the background; give the noise of a reading to clamp"
    };
    Err(Error::out_of_range("residual fraction", measured, "within [0, 1]").with_hint(hint))
}

/// The activity that enters the patient, `A_vial (1 - R)`.
pub fn delivered_activity_gbq(vial_activity_gbq: f64, residual_fraction: f64) -> Result<f64> {
    let activity = check::non_negative("vial activity in GBq", vial_activity_gbq)?;
    Ok(activity * (1.0 - check::fraction("residual fraction", residual_fraction)?))
}

/// Number of spheres in an activity, both at the same time.
pub fn number_of_spheres(activity_gbq: f64, sphere_activity_bq: f64) -> Result<f64> {
    let activity = check::non_negative("activity in GBq", activity_gbq)?;
    Ok(activity * 1e9 / check::positive("activity per sphere in Bq", sphere_activity_bq)?)
}

/// Activity per sphere in Bq.
pub fn sphere_activity_bq(activity_gbq: f64, spheres: f64) -> Result<f64> {
    let activity = check::non_negative("activity in GBq", activity_gbq)?;
    Ok(activity * 1e9 / check::positive("number of spheres", spheres)?)
}

/// Times at which a vial holds the needed activity, in hours after calibration; negative is before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VialTiming {
    /// It holds exactly the activity that is needed.
    pub exact_h: f64,
    /// It holds `1 + tolerance` times that activity.
    pub earliest_h: f64,
    /// It holds `1 - tolerance` times that activity.
    pub latest_h: f64,
}

/// `t = T log2(A_cal / A)`, and the same for `(1 +- tolerance) A`. A vial that holds less than `(1 - tolerance) A` at
/// calibration is an error.
pub fn vial_timing(
    calibration_activity_gbq: f64,
    needed_activity_gbq: f64,
    tolerance_fraction: f64,
    nuclide: &Nuclide,
) -> Result<VialTiming> {
    let calibrated = check::positive("activity at calibration in GBq", calibration_activity_gbq)?;
    let needed = check::positive("activity needed in the vial in GBq", needed_activity_gbq)?;
    let tolerance = check::fraction_below_one("tolerance", tolerance_fraction)?;
    if calibrated < needed * (1.0 - tolerance) {
        let requirement = format!("at least {} for the {needed} needed", needed * (1.0 - tolerance));
        return Err(Error::out_of_range("activity at calibration in GBq", calibrated, requirement));
    }
    Ok(VialTiming {
        exact_h: hours_to_decay(calibrated, needed, nuclide)?,
        earliest_h: hours_to_decay(calibrated, needed * (1.0 + tolerance), nuclide)?,
        latest_h: hours_to_decay(calibrated, needed * (1.0 - tolerance), nuclide)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vial_decays_to_what_was_needed_at_the_time_it_names() {
        let n = Nuclide::default();
        let t = vial_timing(10.0, 3.5, 0.1, &n).unwrap();
        assert!((10.0 * n.decay_factor(t.exact_h).unwrap() - 3.5).abs() < 1e-13);
        assert!((10.0 * n.decay_factor(t.earliest_h).unwrap() - 3.85).abs() < 1e-13);
        assert!((10.0 * n.decay_factor(t.latest_h).unwrap() - 3.15).abs() < 1e-13);
        assert!(vial_timing(3.0, 3.5, 0.1, &n).is_err());
        assert!(vial_timing(3.2, 3.5, 0.1, &n).unwrap().exact_h < 0.0);
    }

    #[test]
    fn a_residual_is_clamped_only_within_the_noise_that_was_stated() {
        let n = Nuclide::default();
        assert!(residual(100.0, 0.8, 1.0, 0.0, 0.0, &n).is_err());
        let r = residual(100.0, 0.8, 1.0, 0.0, 0.25, &n).unwrap();
        assert_eq!(r.residual_fraction, 0.0);
        assert!(r.measured_fraction < 0.0);
        assert!(residual(100.0, 120.0, 1.0, 0.0, 0.25, &n).is_err());
    }
}
