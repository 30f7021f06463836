//! Step of a ray through one voxel, for as many rays as a vector holds.
//!
//! With the mass depth `m` of the voxel along the ray and the activity per mass depth `sigma`, each mode `k` carries
//! a complex `Z_k`, and
//!
//! `A_k = 1 - exp(-lambda_k m)`, `D_k = A_k (sigma - Z_k)`, `Z_k <- Z_k + D_k`,
//! `deposit = m sigma G - Re sum_k gamma_k D_k`, `gamma_k = c_k / lambda_k^2`, `G = Re sum_k c_k / lambda_k`.
//!
//! This is the double integral of the kernel over source and target along the ray. `Z_k = sigma` is its fixed point for
//! any `A_k`: activity proportional to density gives a uniform dose (Fano's theorem) to rounding, and so is energy
//! conserved, however coarsely `A_k` is approximated.

use pulp::Simd;

use super::modes::{Complex, Modes};
use crate::simd::Float;

/// The real and imaginary parts of two modes.
pub const PARTS: usize = 4;

/// Terms of the polynomials for `A_k`, at most.
const TERMS: usize = 14;

/// Numbers of halvings that a sweep chooses from: thin voxels need fewer than thick ones.
const LEVELS: usize = 4;

/// Precision of the polynomials for `A_k` in either type of number.
pub trait Precision: Float {
    /// Terms.
    const TERMS: usize;
    /// `|lambda m|` up to which they hold; above, the exponent is halved and the result squared.
    const LIMIT: f64 = 2.5;
    /// A state below this fraction of the largest source is set to zero.
    const FORGOTTEN: f64;
}

impl Precision for f32 {
    // The error is 3e-5. That of the kernel is 1e-3, and energy and Fano's theorem do not depend on it.
    const TERMS: usize = 6;
    const FORGOTTEN: f64 = 1e-6;
}

impl Precision for f64 {
    const TERMS: usize = TERMS;
    const FORGOTTEN: f64 = 1e-15;
}

/// The constants of the modes in the type of the map: for sources per mass depth, before the weight of a direction.
#[derive(Debug, Clone)]
pub struct Constants {
    modes: Modes,
    /// `A_k = x (a_0 + a_1 x + ...)` for `x = m / 2^halvings`, then doubled as many times.
    polynomial: [[Complex; TERMS]; 2],
    terms: usize,
    /// For mass depths of up to `largest_mm`.
    halvings: u32,
    largest_mm: f64,
}

impl Constants {
    /// For mass depths per voxel of up to `largest_mm`.
    pub fn new<T: Precision>(modes: &Modes, largest_mm: f64) -> Self {
        let rate = modes.terms.iter().map(|mode| mode.lambda.re.hypot(mode.lambda.im)).fold(0.0, f64::max);
        let halvings = (rate * largest_mm / T::LIMIT).log2().ceil().max(0.0) as u32;
        let end = largest_mm * 0.5f64.powi(halvings as i32);
        let of_mode = |k: usize| chebyshev(T::TERMS, end, |x| absorbed_per_depth(modes.terms[k].lambda, x));
        Self {
            modes: modes.clone(),
            polynomial: [of_mode(0), of_mode(1)],
            terms: T::TERMS,
            halvings,
            largest_mm,
        }
    }

    /// Index of the [`LEVELS`] for mass depths of up to `depth_mm`; each halves one time less than the one before.
    pub fn level(&self, depth_mm: f64) -> usize {
        let spare = (self.largest_mm / depth_mm).log2().clamp(0.0, LEVELS as f64 - 1.0);
        (spare as u32).min(self.halvings) as usize
    }

    /// `gamma_k`
    pub fn gamma(&self) -> [Complex; 2] {
        self.modes.terms.map(|mode| mode.c.times(mode.lambda.inverse()).times(mode.lambda.inverse()))
    }

    /// The constants as vectors, for rays that each stand for `scale` of the mass depth they cross.
    #[inline(always)]
    pub fn vectors<T: Precision, S: Simd>(&self, simd: S, scale: f64) -> Vectors<T, S> {
        let zero = T::splat(simd, T::ZERO);
        let mut vectors = Vectors {
            polynomials: [Polynomial {
                terms: [[[zero; 2]; TERMS]; 2],
                halvings: 0,
            }; LEVELS],
            gamma: [[zero; 2]; 2],
            energy: T::splat(simd, T::from_f64(self.modes.energy_fraction * scale)),
            one: T::splat(simd, T::from_f64(1.0)),
        };
        for (level, polynomial) in vectors.polynomials.iter_mut().enumerate() {
            polynomial.halvings = self.halvings.saturating_sub(level as u32);
            let halved = 0.5f64.powi(polynomial.halvings as i32);
            for k in 0..2 {
                let mut power = halved;
                for n in 0..TERMS {
                    let term = self.polynomial[k][n];
                    polynomial.terms[k][n] = [
                        T::splat(simd, T::from_f64(term.re * power)),
                        T::splat(simd, T::from_f64(term.im * power)),
                    ];
                    power *= halved;
                }
            }
        }
        for (k, gamma) in self.gamma().iter().enumerate() {
            vectors.gamma[k] = [
                T::splat(simd, T::from_f64(gamma.re * scale)),
                T::splat(simd, T::from_f64(gamma.im * scale)),
            ];
        }
        vectors
    }

    /// `A_k` as vectors compute it on that level, but for rounding: then the rays of a uniform map cancel.
    pub fn absorbed(&self, level: usize, depth_mm: f64) -> [f64; PARTS] {
        let halvings = self.halvings - level as u32;
        let x = depth_mm * 0.5f64.powi(halvings as i32);
        let [first, second] = [0, 1].map(|k| {
            let (mut re, mut im) = (0.0, 0.0);
            for term in self.polynomial[k][..self.terms].iter().rev() {
                (re, im) = (re * x + term.re, im * x + term.im);
            }
            (re, im) = (re * x, im * x);
            for _ in 0..halvings {
                (re, im) = (re * (2.0 - re) + im * im, 2.0 * (1.0 - re) * im);
            }
            (re, im)
        });
        [first.0, first.1, second.0, second.1]
    }
}

/// `(1 - exp(-lambda m)) / m`
fn absorbed_per_depth(lambda: Complex, m: f64) -> Complex {
    let (a, b) = (lambda.re * m, lambda.im * m);
    Complex {
        re: (2.0 * (0.5 * b).sin().powi(2) - (-a).exp_m1() * b.cos()) / m,
        im: (-a).exp() * b.sin() / m,
    }
}

/// The polynomial in `x` through the Chebyshev points of `[0, end]`.
fn chebyshev(terms: usize, end: f64, f: impl Fn(f64) -> Complex) -> [Complex; TERMS] {
    let angle = |node: usize| std::f64::consts::PI * (node as f64 + 0.5) / terms as f64;
    let values: Vec<Complex> = (0..terms).map(|node| f(0.5 * end * (1.0 + angle(node).cos()))).collect();
    let zero = Complex { re: 0.0, im: 0.0 };
    let mut sum = [zero; TERMS];
    // Shifted Chebyshev polynomials by powers of x / end: T_0 = 1, T_1 = 2 x - 1, T_n = (4 x - 2) T_(n-1) - T_(n-2).
    let (mut before, mut now) = ([0.0; TERMS], [0.0; TERMS]);
    now[0] = 1.0;
    for n in 0..terms {
        let norm = if n == 0 { 1.0 } else { 2.0 } / terms as f64;
        let part = |of: fn(&Complex) -> f64| -> f64 {
            (0..terms).map(|node| of(&values[node]) * (n as f64 * angle(node)).cos()).sum::<f64>() * norm
        };
        let (re, im) = (part(|z| z.re), part(|z| z.im));
        for (sum, power) in sum.iter_mut().zip(&now) {
            sum.re += re * power;
            sum.im += im * power;
        }
        let factor = if n == 0 { 1.0 } else { 2.0 };
        let next = std::array::from_fn(|p| {
            let lower = if p == 0 { 0.0 } else { now[p - 1] };
            factor * (2.0 * lower - now[p]) - if n == 0 { 0.0 } else { before[p] }
        });
        (before, now) = (now, next);
    }
    std::array::from_fn(|p| Complex {
        re: sum[p].re / end.powi(p as i32),
        im: sum[p].im / end.powi(p as i32),
    })
}

/// `A_k` on one level, in each lane.
#[derive(Clone, Copy)]
pub struct Polynomial<V> {
    terms: [[[V; 2]; TERMS]; 2],
    halvings: u32,
}

/// [`Constants`] in each lane.
pub struct Vectors<T: Float, S: Simd> {
    polynomials: [Polynomial<T::Vector<S>>; LEVELS],
    gamma: [[T::Vector<S>; 2]; 2],
    energy: T::Vector<S>,
    one: T::Vector<S>,
}

impl<T: Precision, S: Simd> Vectors<T, S> {
    /// That of [`Constants::level`].
    #[inline(always)]
    pub fn polynomial(&self, level: usize) -> &Polynomial<T::Vector<S>> {
        &self.polynomials[level]
    }

    /// `A_k` for the mass depth `m`: real and imaginary parts of both.
    ///
    /// The code is written without arrays and closures, so that everything stays in registers.
    #[inline(always)]
    pub fn absorbed(&self, simd: S, polynomial: &Polynomial<T::Vector<S>>, m: T::Vector<S>) -> [T::Vector<S>; PARTS] {
        let [first, second] = &polynomial.terms;
        let [mut re_0, mut im_0] = first[T::TERMS - 1];
        let [mut re_1, mut im_1] = second[T::TERMS - 1];
        for n in (0..T::TERMS - 1).rev() {
            re_0 = T::mul_add(simd, re_0, m, first[n][0]);
            im_0 = T::mul_add(simd, im_0, m, first[n][1]);
            re_1 = T::mul_add(simd, re_1, m, second[n][0]);
            im_1 = T::mul_add(simd, im_1, m, second[n][1]);
        }
        re_0 = T::mul(simd, re_0, m);
        im_0 = T::mul(simd, im_0, m);
        re_1 = T::mul(simd, re_1, m);
        im_1 = T::mul(simd, im_1, m);
        for _ in 0..polynomial.halvings {
            (re_0, im_0) = self.doubled(simd, re_0, im_0);
            (re_1, im_1) = self.doubled(simd, re_1, im_1);
        }
        [re_0, im_0, re_1, im_1]
    }

    /// `1 - (1 - A)^2 = A (2 - A)`: no difference of nearly equal numbers if `A` is small.
    #[inline(always)]
    fn doubled(&self, simd: S, re: T::Vector<S>, im: T::Vector<S>) -> (T::Vector<S>, T::Vector<S>) {
        let rest = T::sub(simd, self.one, re);
        let square = T::mul(simd, im, im);
        (
            T::mul_add(simd, re, T::add(simd, rest, self.one), square),
            T::mul(simd, T::add(simd, rest, rest), im),
        )
    }

    /// `D_k` of a state: the change of the state in a voxel.
    #[inline(always)]
    pub fn change(
        &self,
        simd: S,
        absorbed: [T::Vector<S>; PARTS],
        sigma: T::Vector<S>,
        state: [T::Vector<S>; PARTS],
    ) -> [T::Vector<S>; PARTS] {
        let [a_re_0, a_im_0, a_re_1, a_im_1] = absorbed;
        let [re_0, im_0, re_1, im_1] = state;
        let (d_re_0, d_im_0) = change_of_mode::<T, S>(simd, sigma, a_re_0, a_im_0, re_0, im_0);
        let (d_re_1, d_im_1) = change_of_mode::<T, S>(simd, sigma, a_re_1, a_im_1, re_1, im_1);
        [d_re_0, d_im_0, d_re_1, d_im_1]
    }

    /// The deposit in a voxel that `emitted` (activity times path) is emitted in, less the share `blend` of the deposit
    /// in the reference medium.
    #[inline(always)]
    pub fn deposit(
        &self,
        simd: S,
        emitted: T::Vector<S>,
        change: [T::Vector<S>; PARTS],
        blend: T::Vector<S>,
        reference: [T::Vector<S>; PARTS],
    ) -> T::Vector<S> {
        let energy = T::mul(simd, emitted, self.energy);
        let re_0 = T::neg_mul_add(simd, blend, reference[0], change[0]);
        let im_0 = T::neg_mul_add(simd, blend, reference[1], change[1]);
        let re_1 = T::neg_mul_add(simd, blend, reference[2], change[2]);
        let im_1 = T::neg_mul_add(simd, blend, reference[3], change[3]);
        let first = T::neg_mul_add(simd, blend, energy, energy);
        let second = T::mul(simd, self.gamma[1][1], im_1);
        let first = T::neg_mul_add(simd, self.gamma[0][0], re_0, first);
        let second = T::neg_mul_add(simd, self.gamma[1][0], re_1, second);
        let first = T::mul_add(simd, self.gamma[0][1], im_0, first);
        T::add(simd, first, second)
    }
}

/// `D = A (sigma - Z)`
#[inline(always)]
fn change_of_mode<T: Float, S: Simd>(
    simd: S,
    sigma: T::Vector<S>,
    a_re: T::Vector<S>,
    a_im: T::Vector<S>,
    re: T::Vector<S>,
    im: T::Vector<S>,
) -> (T::Vector<S>, T::Vector<S>) {
    let missing = T::sub(simd, sigma, re);
    let d_re = T::mul_add(simd, a_re, missing, T::mul(simd, a_im, im));
    let d_im = T::neg_mul_add(simd, a_re, im, T::mul(simd, a_im, missing));
    (d_re, d_im)
}

/// `Z + D`
#[inline(always)]
pub fn changed<T: Float, S: Simd>(
    simd: S,
    state: [T::Vector<S>; PARTS],
    change: [T::Vector<S>; PARTS],
) -> [T::Vector<S>; PARTS] {
    [
        T::add(simd, state[0], change[0]),
        T::add(simd, state[1], change[1]),
        T::add(simd, state[2], change[2]),
        T::add(simd, state[3], change[3]),
    ]
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::kernels::Medium;
    use crate::simd::InstructionSet;

    struct Absorbed<'a, T>(&'a Constants, usize, f64, std::marker::PhantomData<T>);

    impl<T: Precision> WithSimd for Absorbed<'_, T> {
        type Output = [f64; PARTS];
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
            let vectors = self.0.vectors::<T, S>(simd, 1.0);
            let absorbed = vectors.absorbed(simd, vectors.polynomial(self.1), T::splat(simd, T::from_f64(self.2)));
            absorbed.map(|x| first::<T, S>(simd, x))
        }
    }

    #[inline(always)]
    fn first<T: Float, S: Simd>(simd: S, x: T::Vector<S>) -> f64 {
        let mut lanes = vec![T::ZERO; T::lanes::<S>()];
        T::vectors_mut::<S>(&mut lanes).0[0] = T::add(simd, x, T::splat(simd, T::ZERO));
        lanes[0].to_f64()
    }

    /// The largest error relative to the exact value, and to the same polynomial without rounding.
    fn worst<T: Precision>(largest_mm: f64) -> [f64; 2] {
        let modes = Modes::fit(Medium::Liver.dose_point_kernel(), false).unwrap();
        let constants = Constants::new::<T>(&modes, largest_mm);
        let mut worst = [0.0f64; 2];
        for m in (0..400).map(|n| largest_mm * 10f64.powf(-f64::from(n) / 60.0)) {
            let level = constants.level(m);
            let found = InstructionSet::best().run(Absorbed::<T>(&constants, level, m, std::marker::PhantomData));
            let same = constants.absorbed(level, m);
            for k in 0..2 {
                let exact = absorbed_per_depth(modes.terms[k].lambda, m);
                let size = m * exact.re.hypot(exact.im);
                let error = |re: f64, im: f64| (found[2 * k] - re).hypot(found[2 * k + 1] - im) / size;
                worst[0] = worst[0].max(error(m * exact.re, m * exact.im));
                worst[1] = worst[1].max(error(same[2 * k], same[2 * k + 1]));
            }
        }
        worst
    }

    #[test]
    fn the_polynomials_hold_for_every_mass_depth() {
        for largest_mm in [0.3, 3.0, 8.1, 30.0, 100.0] {
            let [[error, rounding], [double_error, double_rounding]] =
                [worst::<f32>(largest_mm), worst::<f64>(largest_mm)];
            assert!(error < 3e-5 && rounding < 2e-6, "{largest_mm}: {error} {rounding}");
            assert!(double_error < 1e-13 && double_rounding < 1e-14, "{largest_mm}: {double_error} {double_rounding}");
        }
    }
}
