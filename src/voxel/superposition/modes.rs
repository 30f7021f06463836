//! The dose point kernel per mass depth as a sum of two damped oscillations.
//!
//! `G(t)` is the fraction of the energy of a point source absorbed within the mass depth `t`, and `F = G'`. With
//!
//! `F(t) = Re sum_k c_k exp(-lambda_k t)`, `k = 1, 2`,
//!
//! what a ray carries forward is one complex number for each `k`, however far the electrons reach. The fit minimizes
//! the squares of the errors of `F` in bins, under the condition `Re sum_k c_k / lambda_k = G(support)`, so that the
//! energy is exact. Conversion electrons stop within [`LOCAL_MM`], and make `F` rise there more than damped
//! oscillations can. For an isotope with such electrons, the fit leaves out the first bin and the condition, and the
//! energy that the terms then lack stays in the voxel of the source. A bin has the weight `1 / (F / max F + 0.05)`, so
//! that the error is small near the end of the range, where `F` is small, and ringing beyond it is small too.

use crate::error::{Error, Result, check};
use crate::kernels::{DosePointKernel, SUPPORT_G_PER_CM2};

/// The largest error of `G` at any mass depth that a fit may have.
pub const LARGEST_ERROR: f64 = 1.5e-3;

/// Mass depth in mm at 1 g/mL within which energy that stays in the source's voxel may be anywhere.
pub const LOCAL_MM: f64 = 0.4;

/// Mass depth in mm at 1 g/mL beyond which an oscillation is negligible.
const FAR_MM: f64 = 1e4;
/// Mass depths are in mm at 1 g/mL (0.1 g/cm2).
const SUPPORT_MM: f64 = 10.0 * SUPPORT_G_PER_CM2;
const BIN_MM: f64 = 0.2;
const BINS: usize = 120;
const WEIGHT_FLOOR: f64 = 0.05;
/// Real and imaginary parts of the two rates, per mm: near those of every medium.
const START: Rates = [0.58, 0.48, 0.24, 0.77];

type Rates = [f64; 4];

/// A complex number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Complex {
    /// Real part.
    pub re: f64,
    /// Imaginary part.
    pub im: f64,
}

impl Complex {
    /// `a b`
    pub fn times(self, b: Self) -> Self {
        Self {
            re: self.re * b.re - self.im * b.im,
            im: self.re * b.im + self.im * b.re,
        }
    }

    /// `1 / a`
    pub fn inverse(self) -> Self {
        let square = self.re * self.re + self.im * self.im;
        Self {
            re: self.re / square,
            im: -self.im / square,
        }
    }

    /// `exp(-a t)`
    pub fn decay(self, t: f64) -> Self {
        let size = (-self.re * t).exp();
        Self {
            re: size * (self.im * t).cos(),
            im: -size * (self.im * t).sin(),
        }
    }
}

/// One term `c exp(-lambda t)`; `lambda` and `c` are per mm of mass depth at 1 g/mL.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mode {
    /// Damping and angular frequency.
    pub lambda: Complex,
    /// Size and phase.
    pub c: Complex,
}

/// The two terms, and how well they fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Modes {
    /// The terms.
    pub terms: [Mode; 2],
    /// Fraction of the emitted energy that they hold with `local_fraction`: that within the support of the kernel.
    pub energy_fraction: f64,
    /// Fraction of the emitted energy that stays in the voxel of the source.
    pub local_fraction: f64,
    /// The largest error of the energy fraction within any mass depth, beyond [`LOCAL_MM`] if energy stays in the voxel.
    pub largest_error: f64,
}

impl Modes {
    /// Fits them to a kernel; `has_conversion` if conversion electrons are in it. Errors if the fit misses
    /// [`LARGEST_ERROR`], or if the terms hold more than the energy.
    pub fn fit(kernel: &DosePointKernel, has_conversion: bool) -> Result<Self> {
        let within = Cumulative::new(kernel);
        let target = Target::new(&within, has_conversion);
        let rates = least_squares(START, |rates| target.residuals(rates));
        let mut modes = Self {
            terms: target.terms(rates),
            energy_fraction: within.at(SUPPORT_MM),
            local_fraction: 0.0,
            largest_error: 0.0,
        };
        let mut first = 0;
        if has_conversion {
            first = (LOCAL_MM / 0.05).round() as u32;
            modes.local_fraction = modes.energy_fraction - modes.within(FAR_MM);
            check::non_negative("fraction of the energy that stays in the source's voxel", modes.local_fraction)?;
        }
        let errors = (first..=800).map(|n| 0.05 * f64::from(n)).map(|t| (modes.within(t) - within.at(t)).abs());
        let largest_error = errors.fold(0.0, f64::max);
        if largest_error.is_nan() || largest_error > LARGEST_ERROR {
            return Err(Error::Undefined {
                quantity: "sum of damped oscillations".into(),
                reason: format!("the best fit to the dose point kernel is wrong by {largest_error} of the energy"),
            });
        }
        modes.largest_error = largest_error;
        Ok(modes)
    }

    /// Fraction of the energy absorbed within the mass depth `t_mm`: that of the source's voxel, and
    /// `Re sum_k (c_k / lambda_k) (1 - exp(-lambda_k t))`.
    pub fn within(&self, t_mm: f64) -> f64 {
        let term = |mode: &Mode| {
            let decay = mode.lambda.decay(t_mm);
            let absorbed = Complex {
                re: 1.0 - decay.re,
                im: -decay.im,
            };
            mode.c.times(mode.lambda.inverse()).times(absorbed).re
        };
        self.terms.iter().map(term).fold(self.local_fraction, |sum, each| sum + each)
    }
}

/// Fraction of the emitted energy absorbed within a mass depth in mm at 1 g/mL.
pub fn fraction_within(kernel: &DosePointKernel, t_mm: f64) -> f64 {
    Cumulative::new(kernel).at(t_mm)
}

/// `G` of a kernel, constant beyond its support.
struct Cumulative {
    depth_mm: Vec<f64>,
    fraction: Vec<f64>,
}

impl Cumulative {
    fn new(kernel: &DosePointKernel) -> Self {
        let (mut depth_mm, mut fraction, mut sum) = (vec![0.0], vec![0.0], 0.0);
        for (_, outer, energy) in kernel.shells_within(kernel.support_mm()) {
            sum += energy;
            depth_mm.push(outer * kernel.density_g_per_ml());
            fraction.push(sum / kernel.emitted_mev());
        }
        Self { depth_mm, fraction }
    }

    fn at(&self, t_mm: f64) -> f64 {
        let above = self.depth_mm.partition_point(|depth| *depth < t_mm);
        if above == 0 {
            return 0.0;
        }
        let Some(high) = self.depth_mm.get(above) else {
            return self.fraction[self.fraction.len() - 1];
        };
        let (low, step) = (self.depth_mm[above - 1], self.fraction[above] - self.fraction[above - 1]);
        self.fraction[above - 1] + step * (t_mm - low) / (high - low)
    }
}

/// The means of `F` in bins, and their weights.
struct Target {
    mean: [f64; BINS],
    weight: [f64; BINS],
    energy_fraction: f64,
    has_conversion: bool,
}

impl Target {
    fn new(within: &Cumulative, has_conversion: bool) -> Self {
        let edge = |bin: usize| bin as f64 * BIN_MM;
        let mean: [f64; BINS] = std::array::from_fn(|bin| (within.at(edge(bin + 1)) - within.at(edge(bin))) / BIN_MM);
        let left_out = usize::from(has_conversion);
        let largest = mean[left_out..].iter().copied().fold(0.0, f64::max);
        let mut weight = mean.map(|mean| 1.0 / (mean / largest + WEIGHT_FLOOR));
        weight[..left_out].fill(0.0);
        Self {
            mean,
            weight,
            energy_fraction: within.at(SUPPORT_MM),
            has_conversion,
        }
    }

    /// Row of the linear problem for one bin: what the real and imaginary parts of each `c` add to its mean.
    fn row(lambda: &[Complex; 2], bin: usize) -> [f64; 4] {
        let mut row = [0.0; 4];
        for (k, lambda) in lambda.iter().enumerate() {
            let (start, end) = (lambda.decay(bin as f64 * BIN_MM), lambda.decay((bin + 1) as f64 * BIN_MM));
            let step = Complex {
                re: (start.re - end.re) / BIN_MM,
                im: (start.im - end.im) / BIN_MM,
            };
            let mean = step.times(lambda.inverse());
            (row[2 * k], row[2 * k + 1]) = (mean.re, -mean.im);
        }
        row
    }

    /// The best `c` for given rates, by the normal equations with a Lagrange multiplier for the energy, which is 0 if
    /// energy may stay in the source's voxel.
    fn terms(&self, rates: Rates) -> [Mode; 2] {
        let lambda = [0, 1].map(|k| Complex {
            re: rates[k].abs(),
            im: rates[k + 2],
        });
        let mut matrix = [[0.0; 6]; 5];
        for bin in 0..BINS {
            let row = Self::row(&lambda, bin).map(|x| x * self.weight[bin]);
            for i in 0..4 {
                for j in 0..4 {
                    matrix[i][j] += row[i] * row[j];
                }
                matrix[i][5] += row[i] * self.mean[bin] * self.weight[bin];
            }
        }
        if self.has_conversion {
            matrix[4][4] = 1.0;
        } else {
            for (k, lambda) in lambda.iter().enumerate() {
                let inverse = lambda.inverse();
                for (part, value) in [(2 * k, inverse.re), (2 * k + 1, -inverse.im)] {
                    (matrix[4][part], matrix[part][4]) = (value, value);
                }
            }
            matrix[4][5] = self.energy_fraction;
        }
        let c = solve(matrix);
        [0, 1].map(|k| Mode {
            lambda: lambda[k],
            c: Complex {
                re: c[2 * k],
                im: c[2 * k + 1],
            },
        })
    }

    fn residuals(&self, rates: Rates) -> [f64; BINS] {
        let terms = self.terms(rates);
        let lambda = terms.map(|mode| mode.lambda);
        std::array::from_fn(|bin| {
            let row = Self::row(&lambda, bin);
            let mean: f64 = (0..2).map(|k| row[2 * k] * terms[k].c.re + row[2 * k + 1] * terms[k].c.im).sum();
            self.weight[bin] * (mean - self.mean[bin])
        })
    }
}

/// Levenberg-Marquardt with a numerical derivative.
fn least_squares(start: Rates, residuals: impl Fn(Rates) -> [f64; BINS]) -> Rates {
    const STEP: f64 = 1e-6;
    let cost = |r: &[f64; BINS]| r.iter().map(|x| x * x).sum::<f64>();
    let (mut at, mut damping) = (start, 1e-3);
    let mut here = residuals(at);
    for _ in 0..100 {
        let slopes: [[f64; BINS]; 4] = std::array::from_fn(|p| {
            let mut moved = at;
            moved[p] += STEP;
            let there = residuals(moved);
            std::array::from_fn(|bin| (there[bin] - here[bin]) / STEP)
        });
        let mut matrix = [[0.0; 5]; 4];
        for i in 0..4 {
            for j in 0..4 {
                matrix[i][j] = slopes[i].iter().zip(&slopes[j]).map(|(a, b)| a * b).sum();
            }
            matrix[i][i] *= 1.0 + damping;
            matrix[i][4] = -slopes[i].iter().zip(&here).map(|(a, b)| a * b).sum::<f64>();
        }
        let step = solve(matrix);
        let next: Rates = std::array::from_fn(|p| at[p] + step[p]);
        let there = residuals(next);
        if cost(&there) < cost(&here) {
            (at, here, damping) = (next, there, damping * 0.3);
            if step.iter().all(|x| x.abs() < 1e-10) {
                break;
            }
        } else {
            damping *= 10.0;
            if damping > 1e12 {
                break;
            }
        }
    }
    at
}

/// Gaussian elimination with row pivots; the right side is the last column.
fn solve<const N: usize, const M: usize>(mut a: [[f64; M]; N]) -> [f64; N] {
    for column in 0..N {
        let pivot = (column..N).max_by(|i, j| a[*i][column].abs().total_cmp(&a[*j][column].abs())).unwrap_or(column);
        a.swap(column, pivot);
        for row in column + 1..N {
            let factor = a[row][column] / a[column][column];
            let above = a[column];
            for (x, above) in a[row].iter_mut().zip(above).skip(column) {
                *x -= factor * above;
            }
        }
    }
    let mut x = [0.0; N];
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|k| a[row][k] * x[k]).sum();
        x[row] = (a[row][M - 1] - known) / a[row][row];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isotope::Isotope;
    use crate::kernels::Medium;

    #[test]
    fn every_isotope_is_fitted_with_its_energy_in_every_medium() {
        for name in Isotope::FOLLOWED {
            let isotope = Isotope::from_name(name).unwrap();
            for medium in Medium::ALL {
                let kernel = medium.kernel_of(isotope).unwrap();
                let modes = Modes::fit(kernel, isotope.has_conversion()).unwrap();
                println!("{name} {medium:?}: error {:.5}, local {:.4}", modes.largest_error, modes.local_fraction);
                assert!(modes.largest_error < 1.25e-3, "{name} {medium:?}: {}", modes.largest_error);
                assert!((modes.within(1e3) - (1.0 - kernel.fraction_beyond_support())).abs() < 1e-12);
                assert!(modes.terms.iter().all(|mode| mode.lambda.re > 0.4));
                assert_eq!(modes.local_fraction > 0.01, isotope.has_conversion(), "{name} {medium:?}");
                assert!(modes.local_fraction < 0.06, "{name} {medium:?}: {}", modes.local_fraction);
            }
        }
    }

    #[test]
    fn what_stays_in_the_voxel_is_more_than_relaxation_and_less_than_all_conversion() {
        for name in ["Ho-166", "Re-188"] {
            let isotope = Isotope::from_name(name).unwrap();
            let modes = Modes::fit(Medium::Liver.kernel_of(isotope).unwrap(), true).unwrap();
            let fraction = |mev: f64| mev / isotope.electron_mev();
            assert!(modes.local_fraction > fraction(isotope.relaxation_mev()), "{name}");
            let all = fraction(isotope.relaxation_mev() + isotope.conversion_mev());
            println!("{name}: local {:.4}, conversion and relaxation {all:.4}", modes.local_fraction);
            // Slow beta particles stay there as well.
            assert!(modes.local_fraction < all + 0.005, "{name}: {} {all}", modes.local_fraction);
        }
    }
}
