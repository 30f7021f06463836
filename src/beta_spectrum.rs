//! Beta spectra by Fermi's theory: Coulomb field of a finite nucleus, screening, allowed and unique forbidden shapes.
//!
//! `dN/dW = p W q^2 F0(Z, W) L0(Z, W) C(W)` with the total energy `W`, the momentum `p` and the neutrino's energy
//! `q = W0 - W` in units of the electron, and the daughter's charge `Z`. `F_{k-1}` is the function of a point charge
//! (Behrens and Janecke, Numerical Tables for Beta-Decay and Electron Capture, 1969), `L0` its ratio for a uniformly
//! charged sphere (Wilkinson, Nucl Instrum Methods A 1990;290:509, without the fitted remainder). `C` is 1 for allowed
//! transitions, and for non-unique first-forbidden ones in the xi approximation; unique ones have `q^2 + lambda p^2`
//! with `lambda = F1/F0`. For screening, `p W F0` is evaluated at an energy that is lower by Rose's `1.13 alpha^2 (Z -
//! 1)^(4/3)`.

use std::f64::consts::PI;

/// Rest energy of the electron in MeV (CODATA 2018).
pub const ELECTRON_MEV: f64 = 0.510_998_95;
/// Fine-structure constant (CODATA 2018).
pub const FINE_STRUCTURE: f64 = 7.297_352_569_3e-3;
/// Nuclear radius over the reduced Compton wavelength: `1.2 fm A^(1/3)/386.159 fm`.
const RADIUS_FM: f64 = 1.2;
const COMPTON_FM: f64 = 386.159_267_96;
/// Coefficient of Rose's screening potential.
const SCREENING: f64 = 1.13;
/// Cells of Simpson's rule on either side of the screening potential.
const CELLS: usize = 400;
/// Kinetic energy in MeV that replaces 0; `p F0` has reached its limit there.
const REST_MEV: f64 = 1e-6;

/// Shape factor of a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Allowed, or non-unique first-forbidden in the xi approximation.
    Allowed,
    /// Unique first-forbidden.
    Unique,
}

impl Shape {
    /// Name in the Python interface.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Unique => "unique",
        }
    }
}

/// One beta transition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Branch {
    /// End point in MeV.
    pub endpoint_mev: f64,
    /// Probability per decay.
    pub probability: f64,
    /// Shape factor.
    pub shape: Shape,
}

/// Daughter nucleus, in whose field the electron is emitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Daughter {
    /// Atomic number.
    pub charge: f64,
    /// Mass number.
    pub mass_number: f64,
}

impl Daughter {
    /// Density of one branch at a kinetic energy in MeV, not normalized.
    fn density(self, energy_mev: f64, branch: Branch) -> f64 {
        if energy_mev >= branch.endpoint_mev {
            return 0.0;
        }
        let radius = radius(self.mass_number);
        let rest = 1.0 + REST_MEV / ELECTRON_MEV;
        let w = (1.0 + energy_mev / ELECTRON_MEV).max(rest);
        let screened = (w - self.screening()).max(rest);
        let q = (branch.endpoint_mev - energy_mev) / ELECTRON_MEV;
        let wave = momentum(screened) * screened * partial_wave(1.0, screened, self.charge, radius);
        let factor = match branch.shape {
            Shape::Allowed => 1.0,
            Shape::Unique => {
                let [first, second] = [1.0, 2.0].map(|k| partial_wave(k, w, self.charge, radius));
                q * q + second / first * (w * w - 1.0)
            }
        };
        wave * q * q * factor * finite_size(w, self.charge, radius)
    }

    /// Screening potential in units of the electron.
    fn screening(self) -> f64 {
        SCREENING * FINE_STRUCTURE * FINE_STRUCTURE * (self.charge - 1.0).powf(4.0 / 3.0)
    }

    /// Integral of the density, and of energy times density, by Simpson's rule on either side of the screening potential.
    fn moments(self, branch: Branch) -> [f64; 2] {
        let kink = (self.screening() * ELECTRON_MEV).min(branch.endpoint_mev);
        let mut sums = [0.0; 2];
        for [low, high] in [[0.0, kink], [kink, branch.endpoint_mev]] {
            let step = (high - low) / (2 * CELLS) as f64;
            for i in 0..=2 * CELLS {
                let weight = if i == 0 || i == 2 * CELLS {
                    1.0
                } else {
                    f64::from(2 + 2 * (i as u32 % 2))
                };
                let energy = low + step * i as f64;
                let density = weight * step / 3.0 * self.density(energy, branch);
                sums[0] += density;
                sums[1] += density * energy;
            }
        }
        sums
    }

    /// Electrons per decay and MeV at kinetic energies in MeV: each branch normalized to its probability.
    pub fn spectrum(self, energies_mev: &[f64], branches: &[Branch]) -> Vec<f64> {
        let mut total = vec![0.0; energies_mev.len()];
        for branch in branches {
            let per_density = branch.probability / self.moments(*branch)[0];
            for (sum, energy) in total.iter_mut().zip(energies_mev) {
                *sum += per_density * self.density(*energy, *branch);
            }
        }
        total
    }

    /// Mean energy of the beta particles per decay in MeV.
    pub fn mean_mev(self, branches: &[Branch]) -> f64 {
        let mean = |branch: &Branch| {
            let [integral, first] = self.moments(*branch);
            branch.probability * first / integral
        };
        branches.iter().map(mean).sum()
    }
}

/// Radius of the nucleus in units of the electron.
pub fn radius(mass_number: f64) -> f64 {
    RADIUS_FM * mass_number.cbrt() / COMPTON_FM
}

fn momentum(w: f64) -> f64 {
    (w * w - 1.0).sqrt()
}

/// `F_{k-1}` of a point charge for `k` of 1 or 2 at total energy `w`.
pub fn partial_wave(k: f64, w: f64, charge: f64, radius: f64) -> f64 {
    let p = momentum(w);
    let alpha_z = FINE_STRUCTURE * charge;
    let g = (k * k - alpha_z * alpha_z).sqrt();
    let y = alpha_z * w / p;
    let double_factorial = if k > 1.5 { 3.0 } else { 1.0 };
    let factor = k * (k + g) * double_factorial * double_factorial * 4f64.powf(k) / 2.0;
    let logarithm = PI * y + 2.0 * ln_gamma_magnitude(g, y) - 2.0 * ln_gamma_magnitude(1.0 + 2.0 * g, 0.0);
    factor * (2.0 * p * radius).powf(2.0 * (g - k)) * logarithm.exp()
}

/// `L0` of a uniformly charged sphere.
fn finite_size(w: f64, charge: f64, radius: f64) -> f64 {
    let alpha_z = FINE_STRUCTURE * charge;
    let g = (1.0 - alpha_z * alpha_z).sqrt();
    let denominator = 2.0 * g - 1.0;
    1.0 + 13.0 / 60.0 * alpha_z * alpha_z
        - alpha_z * w * radius * (41.0 - 26.0 * g) / (15.0 * denominator)
        - alpha_z * radius * g * (17.0 - 2.0 * g) / (30.0 * w * denominator)
}

/// `ln |Gamma(x + i y)|` by Stirling's series after the recurrence has moved `x` beyond 10.
fn ln_gamma_magnitude(x: f64, y: f64) -> f64 {
    let mut x = x;
    let mut below = 0.0;
    while x < 10.0 {
        below += 0.5 * (x * x + y * y).ln();
        x += 1.0;
    }
    let modulus2 = x * x + y * y;
    let argument = y.atan2(x);
    // Re[(z - 1/2) ln z - z + ln(2 pi)/2 + 1/(12 z) - 1/(360 z^3)]
    let main = (x - 0.5) * 0.5 * modulus2.ln() - y * argument - x + 0.5 * (2.0 * PI).ln();
    let first = x / modulus2 / 12.0;
    let third = (x * x * x - 3.0 * x * y * y) / (modulus2 * modulus2 * modulus2) / 360.0;
    main + first - third - below
}

#[cfg(test)]
mod tests {
    use super::{Branch, Daughter, Shape, ln_gamma_magnitude, momentum, partial_wave, radius};

    #[test]
    fn the_gamma_function_has_its_known_values() {
        assert!((ln_gamma_magnitude(5.0, 0.0) - 24f64.ln()).abs() < 3e-8);
        // |Gamma(1 + i)|^2 = pi/sinh(pi)
        let exact = 0.5 * (std::f64::consts::PI / std::f64::consts::PI.sinh()).ln();
        assert!((ln_gamma_magnitude(1.0, 1.0) - exact).abs() < 3e-8);
    }

    #[test]
    fn without_charge_there_is_no_coulomb_field() {
        for k in [1.0, 2.0] {
            // F_{k-1} tends to k^2 (2k)!!... which is normalized to 1 here at any energy.
            let at = |w: f64| partial_wave(k, w, 1e-9, radius(90.0));
            assert!((at(1.5) / at(3.0) - 1.0).abs() < 1e-6);
            assert!((at(2.0) - 1.0).abs() < 1e-6 || k > 1.5, "{}", at(2.0));
        }
        assert!((momentum(1.25) - 0.75).abs() < 1e-15);
    }

    #[test]
    fn each_branch_integrates_to_its_probability() {
        let daughter = Daughter {
            charge: 68.0,
            mass_number: 166.0,
        };
        for shape in [Shape::Allowed, Shape::Unique] {
            let branch = Branch {
                endpoint_mev: 1.8,
                probability: 0.4,
                shape,
            };
            let step = 1.8 / 20_000.0;
            let energies: Vec<f64> = (0..20_000).map(|i| (i as f64 + 0.5) * step).collect();
            let sum: f64 = daughter.spectrum(&energies, &[branch]).iter().sum::<f64>() * step;
            assert!((sum - 0.4).abs() < 1e-6, "{sum}");
        }
    }
}
