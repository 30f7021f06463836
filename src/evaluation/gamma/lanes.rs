//! Vectors of `f64` with operators, so that a formula is written once for every instruction set.
//!
//! Multiplications and additions are never fused. A lane's result therefore does not depend on the instruction set.

use std::ops::{Add, BitAnd, Div, Mul, Neg, Not, Sub};

use pulp::Simd;

/// One number per lane.
#[derive(Clone, Copy)]
pub struct Lanes<S: Simd> {
    simd: S,
    v: S::f64s,
}

/// True or false per lane.
#[derive(Clone, Copy)]
pub struct Mask<S: Simd> {
    simd: S,
    m: S::m64s,
}

impl<S: Simd> Lanes<S> {
    /// The same number in each lane.
    #[inline(always)]
    pub fn new(simd: S, value: f64) -> Self {
        Self {
            simd,
            v: simd.splat_f64s(value),
        }
    }
    /// The first `S::F64_LANES` numbers of a slice.
    #[inline(always)]
    pub fn load(simd: S, slice: &[f64]) -> Self {
        Self {
            simd,
            v: S::as_simd_f64s(&slice[..S::F64_LANES]).0[0],
        }
    }
    #[inline(always)]
    pub fn store(self, slice: &mut [f64]) {
        S::as_mut_simd_f64s(&mut slice[..S::F64_LANES]).0[0] = self.v;
    }
    /// A vector with the same number in each lane.
    #[inline(always)]
    pub fn splat(self, value: f64) -> Self {
        Self::new(self.simd, value)
    }
    #[inline(always)]
    fn with(self, v: S::f64s) -> Self {
        Self { simd: self.simd, v }
    }
    #[inline(always)]
    pub fn min(self, other: Self) -> Self {
        self.with(self.simd.min_f64s(self.v, other.v))
    }
    #[inline(always)]
    pub fn max(self, other: Self) -> Self {
        self.with(self.simd.max_f64s(self.v, other.v))
    }
    #[inline(always)]
    pub fn clamp(self, low: Self, high: Self) -> Self {
        self.max(low).min(high)
    }
    #[inline(always)]
    pub fn abs(self) -> Self {
        self.with(self.simd.abs_f64s(self.v))
    }
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        self.with(self.simd.sqrt_f64s(self.v))
    }
    /// The negative in the lanes of the mask, unchanged in the others.
    #[inline(always)]
    pub fn negate_where(self, mask: Mask<S>) -> Self {
        mask.select(-self, self)
    }
    #[inline(always)]
    pub fn less(self, other: Self) -> Mask<S> {
        Mask {
            simd: self.simd,
            m: self.simd.less_than_f64s(self.v, other.v),
        }
    }
    #[inline(always)]
    pub fn equals(self, other: Self) -> Mask<S> {
        Mask {
            simd: self.simd,
            m: self.simd.equal_f64s(self.v, other.v),
        }
    }
}

impl<S: Simd> Mask<S> {
    /// `yes` in the lanes of the mask, `no` in the others.
    #[inline(always)]
    pub fn select(self, yes: Lanes<S>, no: Lanes<S>) -> Lanes<S> {
        yes.with(self.simd.select_f64s(self.m, yes.v, no.v))
    }
    /// Whether any lane is true.
    #[inline(always)]
    pub fn any(self) -> bool {
        self.simd.first_true_m64s(self.m) < S::F64_LANES
    }
}

impl<S: Simd> BitAnd for Mask<S> {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self {
            simd: self.simd,
            m: self.simd.and_m64s(self.m, other.m),
        }
    }
}

impl<S: Simd> Not for Mask<S> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self {
            simd: self.simd,
            m: self.simd.not_m64s(self.m),
        }
    }
}

impl<S: Simd> Add for Lanes<S> {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(self.simd.add_f64s(self.v, other.v))
    }
}

impl<S: Simd> Sub for Lanes<S> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(self.simd.sub_f64s(self.v, other.v))
    }
}

impl<S: Simd> Mul for Lanes<S> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(self.simd.mul_f64s(self.v, other.v))
    }
}

impl<S: Simd> Div for Lanes<S> {
    type Output = Self;
    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.with(self.simd.div_f64s(self.v, other.v))
    }
}

impl<S: Simd> Neg for Lanes<S> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.with(self.simd.neg_f64s(self.v))
    }
}

/// Evaluates an expression for each axis. A macro, because a closure that is not inlined would not be compiled for the
/// instruction set.
macro_rules! each_axis {
    ($axis:ident => $value:expr) => {
        [
            {
                let $axis: usize = 0;
                $value
            },
            {
                let $axis: usize = 1;
                $value
            },
            {
                let $axis: usize = 2;
                $value
            },
        ]
    };
}
pub(super) use each_axis;

/// Scalar product, summed in the order of the axes.
#[inline(always)]
pub fn dot<S: Simd>(a: [Lanes<S>; 3], b: [Lanes<S>; 3]) -> Lanes<S> {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
