//! Decay of an activity, and completion of a scanner's decay correction.

use crate::error::{Error, Result, check};
use crate::nuclide::Nuclide;

/// GBq per mCi, exact.
pub const GBQ_PER_MCI: f64 = 0.037;

/// Half-lives that differ by more than this fraction belong to another nuclide.
const HALF_LIFE_TOLERANCE: f64 = 0.01;

/// Activity after `elapsed_h` hours, `A 2^(-t/T)`; a negative time goes back.
pub fn decayed_activity_gbq(activity_gbq: f64, elapsed_h: f64, nuclide: &Nuclide) -> Result<f64> {
    let activity = check::non_negative("activity in GBq", activity_gbq)?;
    let decayed = activity * nuclide.decay_factor(elapsed_h)?;
    if decayed.is_finite() {
        Ok(decayed)
    } else {
        Err(Error::out_of_range("elapsed time in h", elapsed_h, "short enough for a finite activity"))
    }
}

/// Hours in which one activity decays to another, `T log2(A / A_to)`; negative if the second is larger.
pub fn hours_to_decay(activity_gbq: f64, to_activity_gbq: f64, nuclide: &Nuclide) -> Result<f64> {
    let from = check::positive("activity in GBq", activity_gbq)?;
    let to = check::positive("activity to reach in GBq", to_activity_gbq)?;
    Ok(nuclide.half_life_h() * (from.log2() - to.log2()))
}

/// Time-integrated activity of a complete decay, `A T / ln 2`, in GBq h.
pub fn time_integrated_activity_gbq_h(activity_gbq: f64, nuclide: &Nuclide) -> Result<f64> {
    let activity = check::non_negative("activity in GBq", activity_gbq)?;
    Ok(activity * nuclide.half_life_h() / std::f64::consts::LN_2)
}

/// The dose factor in Gy kg/GBq that follows from an equilibrium dose constant in g rad/(uCi h), a rounded `1/ln 2`
/// and a half-life: 1 g rad = 1e-5 J and 1 uCi = 3.7e-5 GBq.
pub fn historic_dose_factor(delta_g_rad_per_uci_h: f64, mean_life_factor: f64, half_life_h: f64) -> Result<f64> {
    let delta = check::positive("equilibrium dose constant in g rad/(uCi h)", delta_g_rad_per_uci_h)?;
    let factor = check::positive("mean life per half-life", mean_life_factor)?;
    let half_life = check::within("half-life in h", half_life_h, 63.0, 66.0)?;
    Ok(delta * factor * half_life / 3.7)
}

/// Time to which the voxel values of a DICOM PET image have been decay corrected: Decay Correction (0054,1102).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecayCorrection {
    /// To the administration.
    Admin,
    /// To the start of the series.
    Start,
    /// Not at all: each frame shows its own mean activity.
    None,
}

impl DecayCorrection {
    /// From the DICOM value.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "ADMIN" => Ok(Self::Admin),
            "START" => Ok(Self::Start),
            "NONE" => Ok(Self::None),
            _ => Err(Error::unknown_name("decay correction", name, &["ADMIN", "START", "NONE"])),
        }
    }
}

/// The factor that takes voxel values to the time of administration.
///
/// ADMIN 1; START `2^(t/T)` from the series start; NONE `2^(t/T) lambda d / (1 - exp(-lambda d))` from the start of a
/// frame of length `d`. A half-life in the header that differs from the nuclide's by more than 1 % is an error. The
/// image was then acquired with the protocol of another nuclide, and its branching fraction is wrong too.
pub fn factor_to_administration(
    correction: DecayCorrection,
    scan_delay_h: f64,
    frame_duration_h: Option<f64>,
    header_half_life_s: Option<f64>,
    nuclide: &Nuclide,
) -> Result<f64> {
    let hours = check::non_negative("time from administration to scan in h", scan_delay_h)?;
    if let Some(seconds) = header_half_life_s {
        let expected = nuclide.half_life_h() * 3600.0;
        let (low, high) = (expected * (1.0 - HALF_LIFE_TOLERANCE), expected * (1.0 + HALF_LIFE_TOLERANCE));
        check::within("half-life in the image header in s", seconds, low, high).map_err(|e| {
            e.with_hint("the image was acquired under another nuclide's protocol; its branching fraction is wrong too")
        })?;
    }
    let back = nuclide.decay_factor(-hours)?;
    let factor = match correction {
        DecayCorrection::Admin => 1.0,
        DecayCorrection::Start => back,
        DecayCorrection::None => {
            let duration = frame_duration_h.ok_or_else(|| Error::Missing {
                quantity: "frame duration in h".into(),
                reason: "the decay correction is NONE".into(),
            })?;
            let duration = check::positive("frame duration in h", duration)?;
            let decays = duration * std::f64::consts::LN_2 / nuclide.half_life_h();
            back * decays / -(-decays).exp_m1()
        }
    };
    if factor.is_finite() {
        Ok(factor)
    } else {
        Err(Error::out_of_range(
            "time from administration to scan in h",
            hours,
            "short enough for a finite factor",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_shorter_than_any_decay_needs_no_correction_of_its_own() {
        let n = Nuclide::default();
        let start = factor_to_administration(DecayCorrection::Start, 20.0, None, None, &n).unwrap();
        let none = factor_to_administration(DecayCorrection::None, 20.0, Some(1e-9), None, &n).unwrap();
        assert!((start - none).abs() < 1e-10);
        assert!(factor_to_administration(DecayCorrection::None, 20.0, None, None, &n).is_err());
    }

    #[test]
    fn forward_and_back_is_the_identity() {
        let n = Nuclide::default();
        let there = decayed_activity_gbq(10.0, 40.0, &n).unwrap();
        assert!((decayed_activity_gbq(there, -40.0, &n).unwrap() - 10.0).abs() < 1e-13);
    }
}
