//! The beta spectrum of Y-90 by Fermi's theory.
//!
//! `dN/dW = p W q^2 F0(Z, W) (q^2 + lambda p^2)`: the unique first-forbidden shape, with `W` the total energy, `p` the
//! momentum and `q = W0 - W` the neutrino energy, in units of `mc^2`, `Z = 40` the daughter. `F0` is Fermi's function of a
//! point charge at the nuclear radius, and `lambda` its ratio to that of the next partial wave:
//! `F_{k-1} ~ k (k + g_k) (2k-1)!!^2 4^k/2 (2pR)^(2(g_k - k)) e^(pi y) |Gamma(g_k + i y)|^2/Gamma(1 + 2 g_k)^2`,
//! `g_k = sqrt(k^2 - (alpha Z)^2)`, `y = alpha Z W/p` (Behrens and Janecke, Numerical Tables for Beta-Decay and Electron
//! Capture, 1969). Screening and the finite size of the nucleus are left out.

use std::f64::consts::PI;

use super::interactions::{ELECTRON_MEV, FINE_STRUCTURE};

/// End point in MeV (AME2020, as adopted by ENSDF: 2.2785 +- 0.0016 MeV).
pub const ENDPOINT_MEV: f64 = 2.2785;
/// Nuclear charge of the daughter, Zr-90.
const CHARGE: f64 = 40.0;
/// Mass number.
const MASS_NUMBER: f64 = 90.0;
/// Nuclear radius over the reduced Compton wavelength: `1.2 fm A^(1/3)/386.159 fm`.
const RADIUS_FM: f64 = 1.2;
const COMPTON_FM: f64 = 386.159_267_96;

/// Probability density at a kinetic energy in MeV, not normalized.
pub fn density(energy: f64) -> f64 {
    if energy >= ENDPOINT_MEV {
        return 0.0;
    }
    // The density is finite at rest: p F0 tends to a constant.
    let w = 1.0 + energy.max(1e-6) / ELECTRON_MEV;
    let p = (w * w - 1.0).sqrt();
    let q = (ENDPOINT_MEV - energy) / ELECTRON_MEV;
    p * w * q * q * (partial_wave(1.0, w, p) * q * q + partial_wave(2.0, w, p) * p * p)
}

/// `F_{k-1}` for `k` of 1 or 2.
fn partial_wave(k: f64, w: f64, p: f64) -> f64 {
    let alpha_z = FINE_STRUCTURE * CHARGE;
    let g = (k * k - alpha_z * alpha_z).sqrt();
    let y = alpha_z * w / p;
    let radius = RADIUS_FM * MASS_NUMBER.cbrt() / COMPTON_FM;
    let double_factorial = if k > 1.5 { 3.0 } else { 1.0 };
    let factor = k * (k + g) * double_factorial * double_factorial * 4f64.powf(k) / 2.0;
    let logarithm = PI * y + 2.0 * ln_gamma_magnitude(g, y) - 2.0 * ln_gamma_magnitude(1.0 + 2.0 * g, 0.0);
    factor * (2.0 * p * radius).powf(2.0 * (g - k)) * logarithm.exp()
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

/// The spectrum as a table from which energies are drawn.
#[derive(Debug, Clone)]
pub struct Spectrum {
    /// Energies in MeV at equal steps of the distribution function.
    quantiles: Vec<f32>,
    mean_mev: f64,
}

impl Spectrum {
    const STEPS: usize = 4096;

    /// Of Y-90.
    pub fn y90() -> Self {
        const CELLS: usize = 4000;
        let step = ENDPOINT_MEV / CELLS as f64;
        // Simpson's rule within each cell.
        let (mut cumulative, mut total, mut moment) = (vec![0.0; CELLS + 1], 0.0, 0.0);
        for i in 0..CELLS {
            let [a, b] = [i as f64 * step, (i + 1) as f64 * step];
            let middle = 0.5 * (a + b);
            let [fa, fm, fb] = [a, middle, b].map(density);
            total += step / 6.0 * (fa + 4.0 * fm + fb);
            moment += step / 6.0 * (fa * a + 4.0 * fm * middle + fb * b);
            cumulative[i + 1] = total;
        }
        let mut cell = 0;
        let mut quantiles = Vec::with_capacity(Self::STEPS + 1);
        for k in 0..=Self::STEPS {
            let target = total * k as f64 / Self::STEPS as f64;
            while cell + 1 < CELLS && cumulative[cell + 1] < target {
                cell += 1;
            }
            let fraction = (target - cumulative[cell]) / (cumulative[cell + 1] - cumulative[cell]);
            quantiles.push(((cell as f64 + fraction) * step) as f32);
        }
        Self {
            quantiles,
            mean_mev: moment / total,
        }
    }

    /// Mean energy per decay in MeV.
    pub fn mean_mev(&self) -> f64 {
        self.mean_mev
    }

    /// The energy below which the fraction `u` in [0, 1) of the electrons starts.
    #[inline(always)]
    pub fn energy(&self, u: f32) -> f32 {
        let place = u * Self::STEPS as f32;
        let i = (place as usize).min(Self::STEPS - 1);
        let low = self.quantiles[i];
        low + (self.quantiles[i + 1] - low) * (place - i as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::{Spectrum, ln_gamma_magnitude};

    #[test]
    fn the_gamma_function_has_its_known_values() {
        assert!((ln_gamma_magnitude(5.0, 0.0) - 24f64.ln()).abs() < 3e-8);
        // |Gamma(1 + i)|^2 = pi/sinh(pi)
        let exact = 0.5 * (std::f64::consts::PI / std::f64::consts::PI.sinh()).ln();
        assert!((ln_gamma_magnitude(1.0, 1.0) - exact).abs() < 3e-8);
    }

    #[test]
    fn the_mean_energy_is_that_of_the_published_spectra() {
        // ICRP Publication 107 has 0.9329 MeV per decay for the betas.
        let spectrum = Spectrum::y90();
        assert!((spectrum.mean_mev() - 0.9329).abs() < 0.0015, "{}", spectrum.mean_mev());
        let draws = 1 << 16;
        let mean: f64 = (0..draws).map(|i| f64::from(spectrum.energy((i as f32 + 0.5) / draws as f32))).sum();
        assert!((mean / f64::from(draws) / spectrum.mean_mev() - 1.0).abs() < 1e-5);
    }
}
