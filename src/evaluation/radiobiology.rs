//! Biological effect of absorbed doses: equivalent uniform doses, linear-quadratic model, response probabilities.

use crate::error::{Error, Result, check};
use crate::error_function::normal;
use crate::memory;

/// A dose distribution as doses and shares of the volume that sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct DoseShares {
    dose_gy: Vec<f64>,
    share: Vec<f64>,
}

impl DoseShares {
    /// From doses and their volumes (in any unit; equal ones if not given).
    ///
    /// Errors if there is none, the lengths differ, a dose or volume is negative or not finite, or no volume is > 0.
    pub fn new(dose_gy: &[f64], volumes: Option<&[f64]>) -> Result<Self> {
        non_negative("absorbed dose in Gy", dose_gy)?;
        let volumes = match volumes {
            Some(volumes) => memory::copied("volumes", volumes)?,
            None => memory::filled("volumes", 1.0, dose_gy.len())?,
        };
        if volumes.len() != dose_gy.len() {
            return Err(Error::Shape {
                quantity: "volumes".into(),
                shape: vec![volumes.len()],
                requirement: format!("one for each of {} doses", dose_gy.len()),
            });
        }
        non_negative("volume", &volumes)?;
        let largest = volumes.iter().copied().fold(0.0, f64::max);
        if largest == 0.0 {
            return Err(Error::Undefined {
                quantity: "a dose distribution's effect".into(),
                reason: "it has no volume".into(),
            });
        }
        // Volumes are divided by the largest, so that the sum cannot overflow.
        let total: f64 = volumes.iter().map(|v| v / largest).sum();
        let occupied = dose_gy.iter().zip(&volumes).filter(|&(_, &volume)| volume > 0.0);
        let mut kept = memory::reserved("dose distribution", dose_gy.len())?;
        let mut share = memory::reserved("dose distribution", dose_gy.len())?;
        for (&dose, &volume) in occupied {
            kept.push(dose);
            share.push(volume / largest / total);
        }
        Ok(Self { dose_gy: kept, share })
    }

    /// Lowest dose in Gy.
    pub fn minimum_gy(&self) -> f64 {
        self.dose_gy.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Volume-weighted mean in Gy.
    pub fn mean_gy(&self) -> f64 {
        self.mean(|dose| dose)
    }

    /// Generalised equivalent uniform dose in Gy: `(sum v D^a)^(1/a)` (source: niemierko1999).
    ///
    /// It is computed as `m exp(ln(1 + sum v ((D/m)^a - 1)) / a)` with the dominant dose `m`, so that no power
    /// overflows and a small `a` loses no digits. It is 0 if `a < 0` and any dose is 0. Errors if `a` is 0 or not
    /// finite.
    pub fn generalized_eud_gy(&self, a: f64) -> Result<f64> {
        if !a.is_finite() || a == 0.0 {
            return Err(Error::out_of_range("gEUD parameter a", a, "finite and not 0"));
        }
        let maximum = self.dose_gy.iter().copied().fold(0.0, f64::max);
        let dominant = if a > 0.0 { maximum } else { self.minimum_gy() };
        if dominant == 0.0 {
            return Ok(0.0);
        }
        let excess = self.mean(|dose| (a * (dose / dominant).ln()).exp_m1());
        Ok(dominant * (excess.ln_1p() / a).exp())
    }

    /// Equivalent uniform dose in Gy by survival, `-ln(sum v e^(-alpha D)) / alpha` (sources: niemierko1997,
    /// odonoghue1999). In a voxel without dose, all cells survive. Errors if `alpha` is not positive.
    pub fn survival_eud_gy(&self, alpha_per_gy: f64) -> Result<f64> {
        let alpha = check::positive("alpha in 1/Gy", alpha_per_gy)?;
        let coldest = self.minimum_gy();
        // Survival is relative to that of the coldest voxel, so that the sum cannot underflow.
        let killed = self.mean(|dose| -(-alpha * (dose - coldest)).exp_m1());
        let logarithm = if killed < 0.5 {
            (-killed).ln_1p()
        } else {
            self.mean(|dose| (-alpha * (dose - coldest)).exp()).ln()
        };
        Ok(coldest - logarithm / alpha)
    }

    /// Tumor control probability `exp(-N sum v e^(-alpha D))` for `N` clonogens in the whole volume (Poisson).
    pub fn poisson_tcp(&self, alpha_per_gy: f64, clonogens: f64) -> Result<f64> {
        let alpha = check::positive("alpha in 1/Gy", alpha_per_gy)?;
        let clonogens = check::positive("number of clonogens", clonogens)?;
        Ok((-clonogens * self.mean(|dose| (-alpha * dose).exp())).exp())
    }

    /// Complication probability `Phi((gEUD - TD50) / (m TD50))` with `a = 1/n` (sources: lyman1985,
    /// kutcher-burman1989).
    pub fn lyman_ntcp(&self, td50_gy: f64, m: f64, n: f64) -> Result<f64> {
        let td50 = check::positive("TD50 in Gy", td50_gy)?;
        let m = check::positive("slope m", m)?;
        let n = check::positive("volume parameter n", n)?;
        Ok(normal((self.generalized_eud_gy(1.0 / n)? - td50) / (m * td50)))
    }

    /// Response probability of the mean dose `D`: `1 / (1 + (D50/D)^(4 gamma50))`.
    pub fn logistic_response(&self, d50_gy: f64, gamma50: f64) -> Result<f64> {
        let d50 = check::positive("D50 in Gy", d50_gy)?;
        let gamma50 = check::positive("slope gamma50", gamma50)?;
        Ok(1.0 / (1.0 + (d50 / self.mean_gy()).powf(4.0 * gamma50)))
    }

    /// The same distribution of another dose.
    pub fn map(&self, dose_gy: Vec<f64>) -> Result<Self> {
        Self::new(&dose_gy, Some(&self.share))
    }

    /// Doses in Gy of the voxels with a volume.
    pub fn dose_gy(&self) -> &[f64] {
        &self.dose_gy
    }

    fn mean(&self, term: impl Fn(f64) -> f64) -> f64 {
        self.dose_gy.iter().zip(&self.share).map(|(&dose, share)| share * term(dose)).sum()
    }
}

/// The linear-quadratic model for a dose rate that decays mono-exponentially to nothing, with mono-exponential repair.
///
/// `BED = D (1 + D T_rep / ((T_rep + T) (alpha/beta)))` (source: dale1985). `T` is the
/// half-life of the dose rate: the physical one, because microspheres stay where they lodge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearQuadratic {
    alpha_beta_gy: f64,
    /// Share of the quadratic term left by repair, per alpha/beta: 1/Gy.
    quadratic_per_gy: f64,
}

impl LinearQuadratic {
    /// Errors if a parameter is not finite and positive.
    pub fn new(alpha_beta_gy: f64, repair_half_time_h: f64, half_life_h: f64) -> Result<Self> {
        let alpha_beta_gy = check::positive("alpha/beta in Gy", alpha_beta_gy)?;
        let repair = check::positive("repair half-time in h", repair_half_time_h)?;
        let half_life = check::positive("half-life in h", half_life_h)?;
        Ok(Self {
            alpha_beta_gy,
            quadratic_per_gy: 1.0 / ((1.0 + half_life / repair) * alpha_beta_gy),
        })
    }

    /// Biologically effective dose of each absorbed dose, in Gy. Errors if one is negative or not finite.
    pub fn bed_gy(&self, dose_gy: &[f64]) -> Result<Vec<f64>> {
        non_negative("absorbed dose in Gy", dose_gy)?;
        memory::collected(
            "biologically effective doses",
            dose_gy.iter().map(|&d| d * (1.0 + d * self.quadratic_per_gy)),
        )
    }

    /// Absorbed dose that has each biologically effective dose, in Gy: the positive root, free of cancellation.
    pub fn dose_gy(&self, bed_gy: &[f64]) -> Result<Vec<f64>> {
        non_negative("biologically effective dose in Gy", bed_gy)?;
        let root = |bed: f64| 2.0 * bed / (1.0 + (1.0 + 4.0 * self.quadratic_per_gy * bed).sqrt());
        memory::collected("absorbed doses", bed_gy.iter().map(|&bed| root(bed)))
    }

    /// Equivalent uniform biologically effective dose in Gy: the survival EUD of the BED (source:
    /// jones-hoban2000).
    pub fn eubed_gy(&self, shares: &DoseShares, alpha_per_gy: f64) -> Result<f64> {
        shares.map(self.bed_gy(shares.dose_gy())?)?.survival_eud_gy(alpha_per_gy)
    }
}

/// Dose in 2 Gy fractions that has each biologically effective dose: `BED / (1 + 2 / (alpha/beta))`.
pub fn eqd2_gy(bed_gy: &[f64], alpha_beta_gy: f64) -> Result<Vec<f64>> {
    non_negative("biologically effective dose in Gy", bed_gy)?;
    let alpha_beta_gy = check::positive("alpha/beta in Gy", alpha_beta_gy)?;
    memory::collected("doses in 2 Gy fractions", bed_gy.iter().map(|&bed| bed / (1.0 + 2.0 / alpha_beta_gy)))
}

/// Errors if there is no value, or one is negative or not finite; the message states their number and the worst.
fn non_negative(quantity: &str, values: &[f64]) -> Result<()> {
    if values.is_empty() {
        return Err(Error::Undefined {
            quantity: quantity.into(),
            reason: "there is none".into(),
        });
    }
    let bad = |value: &&f64| !(value.is_finite() && **value >= 0.0);
    match values.iter().filter(bad).max_by(|a, b| a.abs().total_cmp(&b.abs())) {
        None => Ok(()),
        Some(&worst) => {
            let count = values.iter().filter(bad).count();
            let requirement = format!("finite and >= 0 ({count} of {} are not)", values.len());
            Err(Error::out_of_range(quantity, worst, requirement))
        }
    }
}
