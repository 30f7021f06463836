//! Complex numbers with independent lanes: their storage, their arithmetic, and the butterflies of the transforms.

use pulp::Simd;

use crate::simd::Float;

/// `sin(2 pi / 3)`, and the cosines and sines of `2 pi / 5` and `4 pi / 5`. As functions they would be called in the
/// loop.
const SIN_3: f64 = 0.866_025_403_784_438_6;
const COS_5: [f64; 2] = [0.309_016_994_374_947_45, -0.809_016_994_374_947_5];
const SIN_5: [f64; 2] = [0.951_056_516_295_153_5, 0.587_785_252_292_473_1];

/// One value of each lane.
#[derive(Debug)]
pub(super) struct Complex<T: Float, S: Simd> {
    pub re: T::Vector<S>,
    pub im: T::Vector<S>,
}

impl<T: Float, S: Simd> Clone for Complex<T, S> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T: Float, S: Simd> Copy for Complex<T, S> {}

/// The vector at `slice[at..]`.
#[inline(always)]
pub(super) fn load<T: Float, S: Simd>(slice: &[T], at: usize) -> T::Vector<S> {
    T::vectors::<S>(&slice[at..at + T::lanes::<S>()]).0[0]
}

/// Writes the vector at `slice[at..]`.
#[inline(always)]
pub(super) fn store<T: Float, S: Simd>(slice: &mut [T], at: usize, value: T::Vector<S>) {
    T::vectors_mut::<S>(&mut slice[at..at + T::lanes::<S>()]).0[0] = value;
}

/// Value `i` of each lane of a work array.
#[inline(always)]
pub(super) fn get<T: Float, S: Simd>(work: &[T], i: usize) -> Complex<T, S> {
    let element = &T::vectors::<S>(&work[2 * T::lanes::<S>() * i..][..2 * T::lanes::<S>()]).0[..2];
    Complex {
        re: element[0],
        im: element[1],
    }
}

/// Writes value `i` of each lane of a work array.
#[inline(always)]
pub(super) fn put<T: Float, S: Simd>(work: &mut [T], i: usize, value: Complex<T, S>) {
    let element = T::vectors_mut::<S>(&mut work[2 * T::lanes::<S>() * i..][..2 * T::lanes::<S>()]).0;
    element[0] = value.re;
    element[1] = value.im;
}

/// Complex arithmetic on vectors.
#[derive(Clone, Copy)]
pub(super) struct Arithmetic<T: Float, S: Simd> {
    simd: S,
    type_: std::marker::PhantomData<T>,
}

impl<T: Float, S: Simd> Arithmetic<T, S> {
    #[inline(always)]
    pub fn new(simd: S) -> Self {
        Self {
            simd,
            type_: std::marker::PhantomData,
        }
    }
    #[inline(always)]
    fn real(self, value: f64) -> T::Vector<S> {
        T::splat(self.simd, T::from_f64(value))
    }
    #[inline(always)]
    pub fn zero(self) -> Complex<T, S> {
        let zero = self.real(0.0);
        Complex { re: zero, im: zero }
    }
    #[inline(always)]
    pub fn splat(self, [re, im]: [T; 2]) -> Complex<T, S> {
        Complex {
            re: T::splat(self.simd, re),
            im: T::splat(self.simd, im),
        }
    }
    #[inline(always)]
    fn add(self, a: Complex<T, S>, b: Complex<T, S>) -> Complex<T, S> {
        Complex {
            re: T::add(self.simd, a.re, b.re),
            im: T::add(self.simd, a.im, b.im),
        }
    }
    #[inline(always)]
    fn sub(self, a: Complex<T, S>, b: Complex<T, S>) -> Complex<T, S> {
        Complex {
            re: T::sub(self.simd, a.re, b.re),
            im: T::sub(self.simd, a.im, b.im),
        }
    }
    /// `c + k a` for a real `k`
    #[inline(always)]
    fn add_scaled(self, c: Complex<T, S>, k: T::Vector<S>, a: Complex<T, S>) -> Complex<T, S> {
        Complex {
            re: T::mul_add(self.simd, k, a.re, c.re),
            im: T::mul_add(self.simd, k, a.im, c.im),
        }
    }
    #[inline(always)]
    fn scale(self, k: T::Vector<S>, a: Complex<T, S>) -> Complex<T, S> {
        Complex {
            re: T::mul(self.simd, k, a.re),
            im: T::mul(self.simd, k, a.im),
        }
    }
    /// `a w`
    #[inline(always)]
    pub fn mul(self, a: Complex<T, S>, w: Complex<T, S>) -> Complex<T, S> {
        Complex {
            re: T::neg_mul_add(self.simd, a.im, w.im, T::mul(self.simd, a.re, w.re)),
            im: T::mul_add(self.simd, a.re, w.im, T::mul(self.simd, a.im, w.re)),
        }
    }
    /// `a` times the conjugate of `w`
    #[inline(always)]
    pub fn mul_conj(self, a: Complex<T, S>, w: Complex<T, S>) -> Complex<T, S> {
        Complex {
            re: T::mul_add(self.simd, a.im, w.im, T::mul(self.simd, a.re, w.re)),
            im: T::neg_mul_add(self.simd, a.re, w.im, T::mul(self.simd, a.im, w.re)),
        }
    }
    /// `a - i b` and `a + i b`, exchanged for the inverse.
    #[inline(always)]
    fn rotated<const INVERSE: bool>(self, a: Complex<T, S>, b: Complex<T, S>) -> [Complex<T, S>; 2] {
        let minus = Complex {
            re: T::add(self.simd, a.re, b.im),
            im: T::sub(self.simd, a.im, b.re),
        };
        let plus = Complex {
            re: T::sub(self.simd, a.re, b.im),
            im: T::add(self.simd, a.im, b.re),
        };
        if INVERSE { [plus, minus] } else { [minus, plus] }
    }

    /// The transform of length `R`, in place and in natural order.
    #[inline(always)]
    pub fn butterfly<const INVERSE: bool, const R: usize>(self, x: &mut [Complex<T, S>; R]) {
        match R {
            2 => {
                (x[0], x[1]) = (self.add(x[0], x[1]), self.sub(x[0], x[1]));
            }
            3 => {
                let sum = self.add(x[1], x[2]);
                let difference = self.scale(self.real(SIN_3), self.sub(x[1], x[2]));
                let middle = self.add_scaled(x[0], self.real(-0.5), sum);
                x[0] = self.add(x[0], sum);
                [x[1], x[2]] = self.rotated::<INVERSE>(middle, difference);
            }
            4 => {
                let (a, b) = (self.add(x[0], x[2]), self.sub(x[0], x[2]));
                let (c, d) = (self.add(x[1], x[3]), self.sub(x[1], x[3]));
                (x[0], x[2]) = (self.add(a, c), self.sub(a, c));
                [x[1], x[3]] = self.rotated::<INVERSE>(b, d);
            }
            _ => {
                let (cos1, cos2) = (self.real(COS_5[0]), self.real(COS_5[1]));
                let (sin1, sin2) = (self.real(SIN_5[0]), self.real(SIN_5[1]));
                let (p1, m1) = (self.add(x[1], x[4]), self.sub(x[1], x[4]));
                let (p2, m2) = (self.add(x[2], x[3]), self.sub(x[2], x[3]));
                let a = self.add_scaled(self.add_scaled(x[0], cos2, p2), cos1, p1);
                let b = self.add_scaled(self.add_scaled(x[0], cos1, p2), cos2, p1);
                let c = self.add_scaled(self.scale(sin2, m2), sin1, m1);
                let d = self.sub(self.scale(sin2, m1), self.scale(sin1, m2));
                x[0] = self.add(self.add(x[0], p1), p2);
                [x[1], x[4]] = self.rotated::<INVERSE>(a, c);
                [x[2], x[3]] = self.rotated::<INVERSE>(b, d);
            }
        }
    }
}
