//! Standard uncertainties of a mean absorbed dose: first order, after the GUM and the EANM guidance (source:
//! gear2018; the edge factor was derived anew and checked numerically).

use std::f64::consts::{LN_2, PI};

use crate::error::{Error, Result, check};
use crate::error_function::erf;

/// Standard uncertainty of a diameter in mm: `u^2 = a^2/6 + FWHM^2/(4 ln 2)`, two edges of voxels `a` in an image blurred
/// by `FWHM`.
pub fn diameter_uncertainty_mm(voxel_size_mm: f64, fwhm_mm: f64) -> Result<f64> {
    let a = check::positive("voxel size in mm", voxel_size_mm)?;
    let fwhm = check::non_negative("FWHM in mm", fwhm_mm)?;
    Ok((a * a / 6.0 + fwhm * fwhm / (4.0 * LN_2)).sqrt())
}

/// Relative standard uncertainty of a sphere's volume, `3 u(d)/d`, because the errors of its three diameters are equal.
pub fn sphere_volume_uncertainty(diameter_mm: f64, diameter_uncertainty_mm: f64) -> Result<f64> {
    let d = check::positive("diameter in mm", diameter_mm)?;
    Ok(3.0 * check::non_negative("uncertainty of the diameter in mm", diameter_uncertainty_mm)? / d)
}

/// Relative standard uncertainty of an ellipsoid's volume, with independent errors of its three diameters.
pub fn ellipsoid_volume_uncertainty(diameters_mm: [f64; 3], diameter_uncertainty_mm: f64) -> Result<f64> {
    let u = check::non_negative("uncertainty of a diameter in mm", diameter_uncertainty_mm)?;
    for d in diameters_mm {
        check::positive("diameter in mm", d)?;
    }
    combined(&diameters_mm.map(|d| u / d))
}

/// Edge factor `phi` of the counts in a uniform ball blurred by `FWHM = 2.3548 s`:
/// `erf(2r / (s sqrt 2)) - 2s / (r sqrt(2 pi)) (1 - e^(-2 r^2 / s^2))`, the density at the edge by twice its inner value.
pub fn count_edge_factor(radius_mm: f64, fwhm_mm: f64) -> Result<f64> {
    let r = check::positive("radius in mm", radius_mm)?;
    let s = check::positive("FWHM in mm", fwhm_mm)? / (8.0 * LN_2).sqrt();
    let x = 2.0 * r / (s * 2.0_f64.sqrt());
    Ok((erf(x) + 2.0 / (x * PI.sqrt()) * (-x * x).exp_m1()).clamp(0.0, 1.0))
}

/// Independent relative uncertainties in quadrature. Errors if one is negative.
pub fn combined(relative: &[f64]) -> Result<f64> {
    let mut sum = 0.0;
    for &u in relative {
        sum += check::non_negative("relative uncertainty", u)?.powi(2);
    }
    Ok(sum.sqrt())
}

/// Recovery coefficient against volume, `R(v) = 1 - 1/(1 + (v/b1)^b2)`, as fitted to a phantom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecoveryCurve {
    b1_ml: f64,
    b2: f64,
    covariance: [[f64; 2]; 2],
}

impl RecoveryCurve {
    /// From the fit. Errors if a parameter is not positive or the covariance matrix of (b1, b2) is not symmetric and
    /// positive semi-definite.
    pub fn new(b1_ml: f64, b2: f64, covariance: [[f64; 2]; 2]) -> Result<Self> {
        let b1_ml = check::positive("recovery parameter b1 in mL", b1_ml)?;
        let b2 = check::positive("recovery parameter b2", b2)?;
        let [[p, q], [s, t]] = covariance;
        check::non_negative("variance of b1", p)?;
        check::non_negative("variance of b2", t)?;
        // The factor allows for the rounding of a printed matrix.
        let margin = 1e-9 * (p * t).sqrt();
        if !(q.is_finite() && (q - s).abs() <= margin && q.abs() <= (p * t).sqrt() + margin) {
            return Err(Error::out_of_range(
                "covariance of b1 and b2",
                q,
                "symmetric, with |covariance| <= the product of the standard uncertainties (positive semi-definite)",
            ));
        }
        Ok(Self { b1_ml, b2, covariance })
    }

    /// `R(v)`.
    pub fn recovery(&self, volume_ml: f64) -> Result<f64> {
        let v = check::positive("volume in mL", volume_ml)?;
        Ok(1.0 - 1.0 / (1.0 + (v / self.b1_ml).powf(self.b2)))
    }

    /// `d ln R / d ln v = b2 (1 - R)`.
    pub fn sensitivity(&self, volume_ml: f64) -> Result<f64> {
        Ok(self.b2 * (1.0 - self.recovery(volume_ml)?))
    }

    /// Relative standard uncertainty of `R`: `u^2(R) = g^T V g + (dR/dv)^2 u^2(v)`.
    pub fn uncertainty(&self, volume_ml: f64, volume_uncertainty: f64) -> Result<f64> {
        let u = check::non_negative("relative uncertainty of the volume", volume_uncertainty)?;
        let left = 1.0 - self.recovery(volume_ml)?;
        // d ln R / d b1 and d ln R / d b2.
        let g = [-self.b2 * left / self.b1_ml, (volume_ml / self.b1_ml).ln() * left];
        let fit: f64 = (0..2).map(|a| (0..2).map(|b| g[a] * self.covariance[a][b] * g[b]).sum::<f64>()).sum();
        Ok((fit.max(0.0) + (self.sensitivity(volume_ml)? * u).powi(2)).sqrt())
    }
}

/// Relative standard uncertainties along the chain to the mean absorbed dose of a volume, all sharing its volume.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoseUncertainty {
    /// Of the count rate, `phi / (2R) u(v)/v`.
    pub count_rate: f64,
    /// Of the recovery coefficient.
    pub recovery: f64,
    /// Of the activity, with the correlation of count rate and recovery through the volume.
    pub activity: f64,
    /// Of the time-integrated activity: one image and physical decay, no curve to fit.
    pub time_integrated_activity: f64,
    /// Of the S value or mass, `u(v)/v`.
    pub s_value: f64,
    /// Of the mean absorbed dose, with the (negative) correlation of activity and S value through the volume.
    pub dose: f64,
}

/// Propagates the uncertainties of volume, calibration, half-life and recovery to the mean absorbed dose of a ball.
pub fn dose_uncertainty(
    volume_ml: f64,
    volume_uncertainty: f64,
    fwhm_mm: f64,
    curve: &RecoveryCurve,
    calibration_uncertainty: f64,
    half_life_uncertainty: f64,
) -> Result<DoseUncertainty> {
    let u_volume = check::non_negative("relative uncertainty of the volume", volume_uncertainty)?;
    let u_calibration = check::non_negative("relative uncertainty of the calibration", calibration_uncertainty)?;
    let u_half_life = check::non_negative("relative uncertainty of the half-life", half_life_uncertainty)?;
    let recovered = curve.recovery(volume_ml)?;
    let recovery = curve.uncertainty(volume_ml, u_volume)?;
    let radius_mm = (3.0 * volume_ml * 1e3 / (4.0 * PI)).cbrt();
    let counts = count_edge_factor(radius_mm, fwhm_mm)? / (2.0 * recovered);
    let slope = curve.sensitivity(volume_ml)?;
    let count_rate = counts * u_volume;
    // A = Q C / R. Count rate and recovery both rise with the volume, by `counts` and `slope`.
    let variance =
        u_calibration.powi(2) + recovery.powi(2) + count_rate.powi(2) - 2.0 * slope * counts * u_volume.powi(2);
    let activity = variance.max(0.0).sqrt();
    let time_integrated = (variance.max(0.0) + u_half_life.powi(2)).sqrt();
    // S falls as 1/v while the activity rises by `counts - slope`.
    let covariance = -(counts - slope) * u_volume.powi(2);
    Ok(DoseUncertainty {
        count_rate,
        recovery,
        activity,
        time_integrated_activity: time_integrated,
        s_value: u_volume,
        dose: (time_integrated.powi(2) + u_volume.powi(2) + 2.0 * covariance).max(0.0).sqrt(),
    })
}

/// Inputs of the partition model, in the order (A, L, m_T, m_N, r): activity, lung shunt fraction, tumor
/// mass, normal liver mass, tumor-to-normal ratio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartitionUncertainty {
    /// `d ln D_T / d ln x`.
    pub tumor_sensitivity: [f64; 5],
    /// `d ln D_N / d ln x`.
    pub normal_sensitivity: [f64; 5],
    /// Relative standard uncertainty of the tumor dose.
    pub tumor: f64,
    /// Relative standard uncertainty of the normal liver dose.
    pub normal: f64,
    /// Relative standard uncertainty of the lung dose.
    pub lung: f64,
}

/// First-order uncertainty of `D_N = C A (1 - L) / W`, `D_T = r D_N`, `W = m_N + r m_T`, `D_lung = C A L / m_lung`.
///
/// `relative` are the relative standard uncertainties of (A, L, m_T, m_N, r), `lung_mass` that of the lung mass.
/// `correlation` is that of tumor mass and ratio. It is near -1 if the ratio was computed as counts over tumor mass.
pub fn partition_uncertainty(
    lung_shunt_fraction: f64,
    tumor_mass_kg: f64,
    normal_mass_kg: f64,
    tumor_to_normal_ratio: f64,
    relative: [f64; 5],
    lung_mass: f64,
    correlation: f64,
) -> Result<PartitionUncertainty> {
    let l = check::fraction_below_one("lung shunt fraction", lung_shunt_fraction)?;
    let tumor_mass = check::positive("tumor mass in kg", tumor_mass_kg)?;
    let normal_mass = check::positive("normal liver mass in kg", normal_mass_kg)?;
    let r = check::positive("tumor-to-normal ratio", tumor_to_normal_ratio)?;
    let correlation = check::within("correlation of tumor mass and ratio", correlation, -1.0, 1.0)?;
    for u in relative {
        check::non_negative("relative uncertainty", u)?;
    }
    let lung_mass = check::non_negative("relative uncertainty of the lung mass", lung_mass)?;
    let weight = normal_mass + r * tumor_mass;
    let (tumor_part, normal_part) = (r * tumor_mass / weight, normal_mass / weight);
    let shared = [1.0, -l / (1.0 - l), -tumor_part, -normal_part];
    let with_ratio = |ratio: f64| [shared[0], shared[1], shared[2], shared[3], ratio];
    let (tumor_sensitivity, normal_sensitivity) = (with_ratio(normal_part), with_ratio(-tumor_part));
    let propagate = |s: [f64; 5]| {
        let independent: f64 = s.iter().zip(&relative).map(|(s, u)| (s * u).powi(2)).sum();
        let shared = 2.0 * correlation * s[2] * s[4] * relative[2] * relative[4];
        (independent + shared).max(0.0).sqrt()
    };
    Ok(PartitionUncertainty {
        tumor_sensitivity,
        normal_sensitivity,
        tumor: propagate(tumor_sensitivity),
        normal: propagate(normal_sensitivity),
        lung: combined(&[relative[0], relative[1], lung_mass])?,
    })
}
