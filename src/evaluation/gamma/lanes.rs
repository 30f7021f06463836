//! Numbers of many lanes, so that a formula reads the same for one point and for as many as a register holds.
//!
//! Nothing is fused: a lane's result does not depend on how wide the machine's registers are.

use std::ops::{Add, BitAnd, Mul, Neg, Not, Sub};

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
    #[inline(always)]
    pub fn splat(simd: S, value: f64) -> Self {
        Self {
            simd,
            v: simd.splat_f64s(value),
        }
    }
    /// The first numbers of a slice that has enough of them.
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
    /// The same number in each lane.
    #[inline(always)]
    pub fn same(self, value: f64) -> Self {
        Self::splat(self.simd, value)
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
    /// Its negative where the mask says so.
    #[inline(always)]
    pub fn turned(self, mask: Mask<S>) -> Self {
        mask.select(-self, self)
    }
    #[inline(always)]
    pub fn over(self, other: Self) -> Self {
        self.with(self.simd.div_f64s(self.v, other.v))
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
    #[inline(always)]
    pub fn select(self, yes: Lanes<S>, no: Lanes<S>) -> Lanes<S> {
        yes.with(self.simd.select_f64s(self.m, yes.v, no.v))
    }
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

impl<S: Simd> Neg for Lanes<S> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.with(self.simd.neg_f64s(self.v))
    }
}

/// An expression of each axis. Not a closure: what is not inlined is not compiled for the machine's registers.
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

#[inline(always)]
pub fn dot<S: Simd>(a: [Lanes<S>; 3], b: [Lanes<S>; 3]) -> Lanes<S> {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
