//! The angle by which many small deflections turn an electron within one step, by Goudsmit and Saunderson's series,
//! tabulated as quantiles.
//!
//! After a path on which the scattering power of order `l` adds up to `K_l = integral of G_l dt`,
//! `G_l = integral of (1 - P_l(1 - x)) dsigma(x)`, the density of `x = 1 - cos(theta)` is
//! `sum over l of (l + 1/2) exp(-K_l) P_l(1 - x)` (Goudsmit and Saunderson, Phys Rev 57 (1940) 24). Its integral is
//! `F(x) = (x + sum over l >= 1 of exp(-K_l) (P_{l-1} - P_{l+1}))/2`. The chance that an electron is not
//! scattered at all within a step is below `exp(-50)`: the series converges.

use super::interactions::Interactions;

/// Highest order of the series.
const ORDERS: usize = 400;
/// Points in `ln x` at which cross sections and Legendre polynomials are integrated.
const POINTS: usize = 600;
/// An order whose `K_l` exceeds this adds less than the rounding of double precision.
const FORGOTTEN: f64 = 40.0;
/// Octaves of the probability to be turned further, each in [`PARTS`] parts.
const OCTAVES: usize = 14;
/// Parts of an octave.
const PARTS: usize = 8;
/// Quantiles of one distribution: from 0 and `2^-OCTAVES` to 1.
pub const QUANTILES: usize = OCTAVES * PARTS + 2;

/// Points `x`, weights of an integral over them, and the powers `1 - P_l` there.
struct Legendre {
    x: Vec<f64>,
    weight: Vec<f64>,
}

impl Legendre {
    fn new() -> Self {
        // Trapezoidal in ln x: the integrand vanishes at the lower end and is smooth at the scale of the screening.
        let (low, high) = (1e-10f64.ln(), 2f64.ln());
        let step = (high - low) / (POINTS - 1) as f64;
        let x: Vec<f64> = (0..POINTS).map(|i| (low + step * i as f64).exp()).collect();
        let mut weight: Vec<f64> = x.iter().map(|x| x * step).collect();
        weight[0] *= 0.5;
        weight[POINTS - 1] *= 0.5;
        Self { x, weight }
    }

    /// `G_l` for `l` from 1 until one exceeds `largest`, of a cross section at the points: the recurrence runs in
    /// `D_l = 1 - P_l`, which does not cancel at small angles.
    fn powers(&self, section: &[f64], largest: f64) -> Vec<f64> {
        let weighted: Vec<f64> = section.iter().zip(&self.weight).map(|(s, w)| s * w).collect();
        let mut before = vec![0.0; POINTS];
        let mut now = self.x.clone();
        let mut powers = Vec::with_capacity(ORDERS);
        for l in 1..=ORDERS {
            let power: f64 = now.iter().zip(&weighted).map(|(d, w)| d * w).sum();
            powers.push(power);
            if power > largest {
                break;
            }
            let (a, b) = ((2 * l + 1) as f64 / (l + 1) as f64, l as f64 / (l + 1) as f64);
            for ((d, last), x) in now.iter_mut().zip(&mut before).zip(&self.x) {
                let next = a * (*d + x * (1.0 - *d)) - b * *last;
                *last = *d;
                *d = next;
            }
        }
        powers
    }
}

/// Parameters of the tables.
pub struct Scattering<'a> {
    interactions: &'a Interactions,
    soft_limit: f64,
    legendre: Legendre,
}

impl<'a> Scattering<'a> {
    /// Deflections by nuclei, and by collisions with electrons that lose less than `soft_limit` in MeV.
    pub fn new(interactions: &'a Interactions, soft_limit: f64) -> Self {
        Self {
            interactions,
            soft_limit,
            legendre: Legendre::new(),
        }
    }

    /// Scattering powers `G_l` in cm2/g, `l` from 1 until an order has no effect after a path of so many g/cm2.
    pub fn powers(&self, energy: f64, path: f64) -> Vec<f64> {
        let section = self.interactions.scattering(energy, self.soft_limit);
        let values: Vec<f64> = self.legendre.x.iter().map(|&x| section(x)).collect();
        self.legendre.powers(&values, FORGOTTEN / path)
    }

    /// Quantiles of `x` after a path that gives the sums `K_l`.
    pub fn quantiles(sums: &[f64]) -> [f32; QUANTILES] {
        const CELLS: usize = 1500;
        // Equal steps of theta^(1/2) resolve the core and the tail.
        let x: Vec<f64> = (0..=CELLS)
            .map(|i| {
                let theta = std::f64::consts::PI * (i as f64 / CELLS as f64).powi(2);
                2.0 * (0.5 * theta).sin().powi(2)
            })
            .collect();
        let damping: Vec<f64> = sums.iter().map(|sum| (-sum).exp()).collect();
        let beyond: Vec<f64> = x.iter().map(|&x| 1.0 - distribution(x, &damping)).collect();
        let mut quantiles = [0f32; QUANTILES];
        quantiles[0] = 2.0;
        let mut cell = CELLS;
        for (k, quantile) in quantiles.iter_mut().enumerate().skip(1).take(QUANTILES - 2) {
            let probability = probability(k);
            while cell > 1 && beyond[cell - 1] < probability {
                cell -= 1;
            }
            let (high, low) = (beyond[cell - 1], beyond[cell]);
            let fraction = ((high - probability) / (high - low)).clamp(0.0, 1.0);
            *quantile = (x[cell - 1] + fraction * (x[cell] - x[cell - 1])) as f32;
        }
        quantiles[QUANTILES - 1] = 0.0;
        // Between quantiles x is linear, so the whole is scaled to the exact mean, 1 - exp(-K_1).
        let mean: f64 = (0..QUANTILES - 1)
            .map(|k| {
                let width = probability(k + 1) - probability(k);
                0.5 * width * f64::from(quantiles[k] + quantiles[k + 1])
            })
            .sum();
        let scale = (1.0 - (-sums[0]).exp()) / mean;
        quantiles.map(|x| (f64::from(x) * scale).min(2.0) as f32)
    }
}

/// The probability to be turned further that belongs to quantile `k`.
fn probability(k: usize) -> f64 {
    match k.checked_sub(1) {
        None => 0.0,
        Some(k) => {
            let octave = (k / PARTS) as f64 - OCTAVES as f64;
            octave.exp2() * (1.0 + (k % PARTS) as f64 / PARTS as f64)
        }
    }
}

/// `x` at the probability `v` in (0, 1) to be turned further. The exponent of `v` and the first bits of its fraction are
/// the index: no logarithm.
#[inline(always)]
pub fn deflection(quantiles: &[f32; QUANTILES], v: f32) -> f32 {
    const BITS: u32 = 23 - PARTS.trailing_zeros();
    const LOWEST: u32 = ((127 - OCTAVES as u32) << 23) >> BITS;
    const SMALLEST: f32 = 1.0 / (1 << OCTAVES) as f32;
    if v < SMALLEST {
        let fraction = v * (1 << OCTAVES) as f32;
        return quantiles[0] + (quantiles[1] - quantiles[0]) * fraction;
    }
    let index = ((v.to_bits() >> BITS) - LOWEST + 1) as usize;
    let start = f32::from_bits((v.to_bits() >> BITS) << BITS);
    // The width of a part is the power of two below `v`, over the number of parts.
    let power = f32::from_bits(v.to_bits() & 0x7F80_0000);
    let fraction = (v - start) / power * PARTS as f32;
    let index = index.min(QUANTILES - 2);
    quantiles[index] + (quantiles[index + 1] - quantiles[index]) * fraction
}

/// The probability to be turned by less than `x`; `damping` is `exp(-K_l)` for `l` from 1.
fn distribution(x: f64, damping: &[f64]) -> f64 {
    let mu = 1.0 - x;
    let (mut before, mut now) = (1.0, mu);
    let mut total = x;
    for (i, damping) in damping.iter().enumerate() {
        let l = (i + 1) as f64;
        let next = ((2.0 * l + 1.0) * mu * now - l * before) / (l + 1.0);
        total += damping * (before - next);
        (before, now) = (now, next);
    }
    0.5 * total
}

#[cfg(test)]
mod tests {
    use super::{QUANTILES, Scattering, deflection, probability};
    use crate::monte_carlo::interactions::Interactions;
    use crate::monte_carlo::substance::Substance;

    #[test]
    fn isotropic_scattering_has_the_powers_and_the_distribution_it_must_have() {
        // With exp(-K_l) = 0 for every l all directions are equally likely, so that x is uniform in [0, 2].
        let quantiles = Scattering::quantiles(&[1e3; 8]);
        for (k, &x) in quantiles.iter().enumerate() {
            assert!((f64::from(x) - 2.0 * (1.0 - probability(k))).abs() < 2e-5, "{k}: {x}");
        }
        for v in [1e-6f32, 1e-3, 0.1, 0.3, 0.77, 0.999] {
            assert!((deflection(&quantiles, v) - 2.0 * (1.0 - v)).abs() < 1e-4, "{v}");
        }
    }

    #[test]
    fn the_table_has_the_first_two_moments_of_the_series() {
        let water = Interactions::new(Substance::Water);
        let scattering = Scattering::new(&water, 0.02);
        for energy in [0.03, 0.2, 1.0, 2.0] {
            let path = 0.12 * energy / water.collision_stopping(energy);
            let sums: Vec<f64> = scattering.powers(energy, path).iter().map(|g| g * path).collect();
            let quantiles = Scattering::quantiles(&sums);
            let draws = 1 << 20;
            let (mut first, mut second) = (0.0, 0.0);
            for i in 0..draws {
                let x = f64::from(deflection(&quantiles, (i as f32 + 0.5) / draws as f32));
                first += x;
                second += 3.0 * x - 1.5 * x * x;
            }
            let n = f64::from(draws);
            let [one, two] = [1.0 - (-sums[0]).exp(), 1.0 - (-sums[1]).exp()];
            assert!((first / n / one - 1.0).abs() < 2e-3, "{energy}: {} {one}", first / n);
            assert!((second / n / two - 1.0).abs() < 5e-3, "{energy}: {} {two}", second / n);
            assert!(quantiles.windows(2).all(|pair| pair[0] >= pair[1]));
            assert_eq!(quantiles.len(), QUANTILES);
        }
    }
}
