//! The density effect, by which the polarization of a substance weakens distant collisions.
//!
//! The model of Sternheimer (Phys Rev 88 (1952) 851; Sternheimer, Seltzer and Berger, Phys Rev B 26 (1982) 6067),
//! solved exactly instead of by its fitted formula, whose error is up to 0.1 (0.5 % of the stopping power of water at 1
//! MeV). Each subshell is an oscillator of strength `f_i`, the fraction of all electrons in it, and energy `s E_i`,
//! with `E_i` the binding energy in the free atom. In units of the plasma energy `hv_p = 28.816 eV sqrt(rho Z/A)`, `n_i
//! = s E_i/hv_p`:
//!
//! - `s` is such that `sum f_i ln sqrt((s E_i)^2 + 2/3 f_i hv_p^2) = ln I`;
//! - `L` solves `1/beta^2 - 1 = sum f_i/(n_i^2 + L)`; if the left side exceeds the sum at `L = 0` there is no effect;
//! - `delta = sum f_i ln((l_i^2 + L)/l_i^2) - L (1 - beta^2)` with `l_i^2 = n_i^2 + 2/3 f_i`.
//!
//! Binding energies are those of Carlson (Photoelectron and Auger Spectroscopy, 1975, table A1.A), as Geant4's
//! G4AtomicShells lists them. The tests compare `s` with the values of Sternheimer, Berger and Seltzer (1984).

use super::element::Element;

/// The oscillators of a substance.
#[derive(Debug, Clone)]
pub struct DensityEffect {
    /// `f_i` and `n_i^2`.
    oscillators: Vec<(f64, f64)>,
    adjustment: f64,
}

impl DensityEffect {
    /// From the elements, mean excitation energy and density of a substance.
    pub fn new(elements: &[Element], excitation_ev: f64, density_g_per_ml: f64) -> Self {
        let electrons: f64 = elements.iter().map(|e| e.mass_fraction * e.z / e.weight_g_per_mol).sum();
        let plasma_ev = 28.816 * (density_g_per_ml * electrons).sqrt();
        let shells: Vec<(f64, f64)> = elements
            .iter()
            .flat_map(|e| {
                let share = e.mass_fraction / e.weight_g_per_mol / electrons;
                subshells(e.z as u8).iter().map(move |&(count, binding_ev)| (share * count, binding_ev))
            })
            .collect();
        let logarithm = |s: f64| -> f64 {
            let term = |&(f, e): &(f64, f64)| 0.5 * f * ((s * e).powi(2) + 2.0 / 3.0 * f * plasma_ev * plasma_ev).ln();
            shells.iter().map(term).sum()
        };
        let adjustment = bisect(0.1, 10.0, |s| logarithm(s) < excitation_ev.ln());
        let oscillators = shells.iter().map(|&(f, e)| (f, (adjustment * e / plasma_ev).powi(2))).collect();
        Self {
            oscillators,
            adjustment,
        }
    }

    /// The factor `s` on the binding energies.
    pub fn adjustment(&self) -> f64 {
        self.adjustment
    }

    /// `delta` at the square of the velocity in units of that of light.
    pub fn delta(&self, beta_squared: f64) -> f64 {
        let target = 1.0 / beta_squared - 1.0;
        let sum = |l: f64| self.oscillators.iter().map(|&(f, n2)| f / (n2 + l)).sum::<f64>();
        if sum(0.0) <= target {
            return 0.0;
        }
        // The sum is below 1/L.
        let l = bisect(0.0, 1.0 / target, |l| sum(l) > target);
        let logarithms: f64 = self
            .oscillators
            .iter()
            .map(|&(f, n2)| {
                let l2 = n2 + 2.0 / 3.0 * f;
                f * ((l2 + l) / l2).ln()
            })
            .sum();
        logarithms - l * (1.0 - beta_squared)
    }
}

/// Point at which a condition that holds at `low` ceases to hold.
fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if holds(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Electrons and binding energy in eV of each subshell.
fn subshells(z: u8) -> &'static [(f64, f64)] {
    match z {
        1 => &[(1.0, 13.60)],
        6 => &[(2.0, 288.0), (2.0, 16.59), (2.0, 11.26)],
        7 => &[(2.0, 403.0), (2.0, 20.33), (3.0, 14.53)],
        8 => &[(2.0, 538.0), (2.0, 28.48), (4.0, 13.62)],
        11 => &[(2.0, 1075.0), (2.0, 66.0), (6.0, 34.0), (1.0, 5.14)],
        12 => &[(2.0, 1308.0), (2.0, 92.0), (6.0, 54.0), (2.0, 7.65)],
        15 => &[
            (2.0, 2148.0),
            (2.0, 191.0),
            (2.0, 135.0),
            (4.0, 134.0),
            (2.0, 16.15),
            (3.0, 10.49),
        ],
        16 => &[
            (2.0, 2476.0),
            (2.0, 232.0),
            (2.0, 170.0),
            (4.0, 168.0),
            (2.0, 20.20),
            (4.0, 10.36),
        ],
        17 => &[
            (2.0, 2829.0),
            (2.0, 277.0),
            (2.0, 208.0),
            (4.0, 206.0),
            (2.0, 24.54),
            (5.0, 12.97),
        ],
        18 => &[
            (2.0, 3206.3),
            (2.0, 326.5),
            (2.0, 250.6),
            (4.0, 248.5),
            (2.0, 29.24),
            (2.0, 15.94),
            (4.0, 15.76),
        ],
        19 => &[
            (2.0, 3610.0),
            (2.0, 381.0),
            (2.0, 299.0),
            (4.0, 296.0),
            (2.0, 37.0),
            (2.0, 19.0),
            (4.0, 18.7),
            (1.0, 4.34),
        ],
        20 => &[
            (2.0, 4041.0),
            (2.0, 441.0),
            (2.0, 353.0),
            (4.0, 349.0),
            (2.0, 46.0),
            (6.0, 28.0),
            (2.0, 6.11),
        ],
        _ => unreachable!("no substance has element {z}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{DensityEffect, subshells};
    use crate::monte_carlo::interactions::beta_squared;
    use crate::monte_carlo::substance::Substance;

    #[test]
    fn every_electron_is_in_a_subshell() {
        for substance in Substance::ALL {
            for element in substance.elements() {
                let count: f64 = subshells(element.z as u8).iter().map(|shell| shell.0).sum();
                assert_eq!(count, element.z);
            }
        }
    }

    #[test]
    fn adjustments_are_those_published() {
        // Sternheimer, Berger and Seltzer (1984); their lung has 75.3 eV and the composition of ICRP 23.
        for (substance, published, tolerance) in [
            (Substance::Water, 2.203, 1e-3),
            (Substance::SoftTissue, 2.192, 1e-3),
            (Substance::Air, 2.054, 1e-3),
            (Substance::Lung, 2.184, 4e-3),
        ] {
            let s = substance.density_effect().adjustment();
            assert!((s - published).abs() < tolerance, "{substance:?}: {s}");
        }
    }

    #[test]
    fn the_fitted_formula_is_near_and_has_the_same_limit() {
        // Water: C, x0, x1, a, m of the fit; its largest error is 0.097.
        let (c, x0, x1, a, m) = (3.5017, 0.24, 2.8004, 0.091_16, 3.4773f64);
        let effect: DensityEffect = Substance::Water.density_effect();
        for energy in [0.3, 0.6, 1.0, 2.0, 5.0, 1e4] {
            let tau: f64 = energy / 0.511;
            let x = (tau * (tau + 2.0)).sqrt().log10();
            let line = 2.0 * std::f64::consts::LN_10 * x - c;
            let fit = if x < x0 {
                0.0
            } else {
                line + a * (x1 - x).max(0.0).powf(m)
            };
            let exact = effect.delta(beta_squared(energy));
            assert!((exact - fit).abs() < if energy > 1e3 { 1e-3 } else { 0.1 }, "{energy}: {exact} {fit}");
        }
    }
}
