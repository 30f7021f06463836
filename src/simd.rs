//! Loops that are written once for every instruction set. The width of their vectors is chosen at run time.
//!
//! The vectors come from [`pulp`], which needs neither alignment nor unsafe code here and chooses the instructions at
//! each call. A loop is generic over a [`Float`] and a [`pulp::Simd`]. Every function between [`pulp::WithSimd`] and
//! the loop must be `#[inline(always)]`, because code that is not inlined is compiled without the wider instructions.

use std::fmt;

use pulp::{Scalar, Simd, WithSimd};

/// An instruction set that this machine has.
#[derive(Clone, Copy)]
pub struct InstructionSet(Kind);

#[derive(Clone, Copy)]
enum Kind {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
}

impl InstructionSet {
    /// Every instruction set that this machine can run, the narrowest first.
    pub fn available() -> Vec<Self> {
        let paths = [
            Some(Kind::Scalar),
            #[cfg(target_arch = "x86_64")]
            pulp::x86::V3::try_new().map(Kind::Avx2),
            #[cfg(target_arch = "x86_64")]
            pulp::x86::V4::try_new().map(Kind::Avx512),
            #[cfg(target_arch = "aarch64")]
            pulp::aarch64::Neon::try_new().map(Kind::Neon),
        ];
        paths.into_iter().flatten().map(Self).collect()
    }

    /// The widest instruction set of this machine.
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Self(Kind::Scalar))
    }

    /// The name: `scalar`, `avx2`, `avx512` or `neon`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => "neon",
        }
    }

    /// Number of vector registers.
    pub(crate) fn registers(self) -> usize {
        match self.0 {
            Kind::Scalar => Scalar::REGISTER_COUNT,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => pulp::x86::V3::REGISTER_COUNT,
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => pulp::x86::V4::REGISTER_COUNT,
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => pulp::aarch64::Neon::REGISTER_COUNT,
        }
    }

    /// Runs `work` compiled for this instruction set.
    ///
    /// Not inlined: each unit of code that calls it would hold copies of the loop for every instruction set.
    pub fn run<W: WithSimd>(self, work: W) -> W::Output {
        match self.0 {
            Kind::Scalar => Scalar.vectorize(work),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(simd) => Simd::vectorize(simd, work),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(simd) => Simd::vectorize(simd, work),
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(simd) => Simd::vectorize(simd, work),
        }
    }
}

impl fmt::Debug for InstructionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Factor by which voxels may grow before they overflow, 2^28. A transform adds up to 2^24 voxels, each with two parts
/// and two mirror images.
pub const HEADROOM: f64 = (1u32 << 28) as f64;

/// Type of the values of an array, `f32` or `f64`, with the arithmetic of its vectors.
pub trait Float: Copy + Default + PartialEq + PartialOrd + fmt::Debug + Send + Sync + 'static {
    /// A vector of these that fills one register of `S`.
    type Vector<S: Simd>: Copy + fmt::Debug + Send + Sync + 'static;
    /// Zero.
    const ZERO: Self;
    /// The name of the type in NumPy.
    const NAME: &'static str;
    /// The largest magnitude that an array may hold: the largest number of the type divided by [`HEADROOM`].
    const LARGEST: Self;

    /// The nearest number.
    fn from_f64(value: f64) -> Self;
    /// The same number.
    fn to_f64(self) -> f64;
    /// Whether it is neither infinite nor NaN.
    fn is_finite(self) -> bool;

    /// Number of lanes of a vector.
    fn lanes<S: Simd>() -> usize;
    /// The vectors that fit into a slice, and the rest.
    fn vectors<S: Simd>(slice: &[Self]) -> (&[Self::Vector<S>], &[Self]);
    /// The vectors that fit into a slice, and the rest.
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]);
    /// The same number in each lane.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    /// `a + b`
    fn add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a - b`
    fn sub<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// The bits of `a` and `b` together, which are zero only if both are.
    fn or<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a b`
    fn mul<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a b + c`, rounded once if the machine can.
    fn mul_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// `c - a b`, rounded once if the machine can.
    fn neg_mul_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
}

macro_rules! element {
    ($type:ty, $name:literal, $vector:ident, $lanes:ident, $as_simd:ident, $as_mut_simd:ident, $splat:ident, $add:ident,
     $sub:ident, $or:ident, $mul:ident, $mul_add:ident, $negate_mul_add:ident) => {
        impl Float for $type {
            type Vector<S: Simd> = S::$vector;
            const ZERO: Self = 0.0;
            const NAME: &'static str = $name;
            const LARGEST: Self = <$type>::MAX / HEADROOM as $type;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $type
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                <$type>::is_finite(self)
            }
            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$lanes
            }
            #[inline(always)]
            fn vectors<S: Simd>(slice: &[Self]) -> (&[Self::Vector<S>], &[Self]) {
                S::$as_simd(slice)
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(slice: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]) {
                S::$as_mut_simd(slice)
            }
            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S> {
                simd.$splat(value)
            }
            #[inline(always)]
            fn add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S> {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn sub<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S> {
                simd.$sub(a, b)
            }
            #[inline(always)]
            fn or<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S> {
                simd.$or(a, b)
            }
            #[inline(always)]
            fn mul<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S> {
                simd.$mul(a, b)
            }
            #[inline(always)]
            fn mul_add<S: Simd>(
                simd: S,
                a: Self::Vector<S>,
                b: Self::Vector<S>,
                c: Self::Vector<S>,
            ) -> Self::Vector<S> {
                simd.$mul_add(a, b, c)
            }
            #[inline(always)]
            fn neg_mul_add<S: Simd>(
                simd: S,
                a: Self::Vector<S>,
                b: Self::Vector<S>,
                c: Self::Vector<S>,
            ) -> Self::Vector<S> {
                simd.$negate_mul_add(a, b, c)
            }
        }
    };
}

element!(
    f32,
    "float32",
    f32s,
    F32_LANES,
    as_simd_f32s,
    as_mut_simd_f32s,
    splat_f32s,
    add_f32s,
    sub_f32s,
    or_f32s,
    mul_f32s,
    mul_add_e_f32s,
    negate_mul_add_e_f32s
);
element!(
    f64,
    "float64",
    f64s,
    F64_LANES,
    as_simd_f64s,
    as_mut_simd_f64s,
    splat_f64s,
    add_f64s,
    sub_f64s,
    or_f64s,
    mul_f64s,
    mul_add_e_f64s,
    negate_mul_add_e_f64s
);

#[cfg(test)]
mod tests {
    use super::*;

    struct Axpy<'a, T>(T, &'a [T], &'a mut [T]);

    impl<T: Float> WithSimd for Axpy<'_, T> {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> usize {
            let a = T::splat(simd, self.0);
            let (x, _) = T::vectors::<S>(self.1);
            let (y, _) = T::vectors_mut::<S>(self.2);
            for (y, x) in y.iter_mut().zip(x) {
                *y = T::mul_add(simd, a, *x, *y);
            }
            T::lanes::<S>()
        }
    }

    #[test]
    fn every_instruction_set_computes_the_same() {
        assert_eq!(InstructionSet::available()[0].name(), "scalar");
        for instruction_set in InstructionSet::available() {
            let x: Vec<f64> = (0..64).map(f64::from).collect();
            let mut y = vec![1.0; 64];
            let lanes = instruction_set.run(Axpy(0.5, &x, &mut y));
            assert!((1..=8).contains(&lanes), "{instruction_set:?}");
            assert!(x.iter().zip(&y).all(|(x, y)| *y == 0.5 * x + 1.0), "{instruction_set:?}");
        }
    }
}
