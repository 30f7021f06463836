//! The loops, compiled for each instruction set; the widest one is taken at run time.
//!
//! Wider vectors round as narrow ones do: nothing is summed across elements, and nothing is fused.

use pulp::{Simd, WithSimd};

use super::inputs::Domain;

/// A run of elements, checked; those of the tumors interleaved, the tumor the faster index.
pub(super) struct Read<'b> {
    pub given: &'b [f64],
    pub normal: &'b [f64],
    pub shunt: &'b [f64],
    pub lung: &'b [f64],
    pub mass: &'b [f64],
    pub ratio: &'b [f64],
}

/// Doses of a run of elements; `dose` is room for the normal liver's.
pub(super) struct Forward<'b> {
    pub c: f64,
    pub tumors: usize,
    pub read: Read<'b>,
    pub dose: &'b mut [f64],
    pub normal: &'b mut [f64],
    pub tumor: &'b mut [f64],
    pub lung: &'b mut [f64],
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (c, read) = (self.c, self.read);
        read.weights(self.tumors, self.dose);
        for ((dose, activity), shunt) in self.dose.iter_mut().zip(read.given).zip(read.shunt) {
            *dose = c * activity * (1.0 - shunt) / *dose;
        }
        for ((normal, dose), mass) in self.normal.iter_mut().zip(&*self.dose).zip(read.normal) {
            *normal = if *mass == 0.0 { f64::NAN } else { *dose };
        }
        for (((lung, activity), shunt), mass) in self.lung.iter_mut().zip(read.given).zip(read.shunt).zip(read.lung) {
            *lung = c * activity * shunt / mass;
        }
        match self.tumors {
            1 => tumor_doses(1, read.ratio, self.dose, self.tumor),
            2 => tumor_doses(2, read.ratio, self.dose, self.tumor),
            3 => tumor_doses(3, read.ratio, self.dose, self.tumor),
            tumors => tumor_doses(tumors, read.ratio, self.dose, self.tumor),
        }
    }
}

/// Activities of a run of elements.
pub(super) struct Inverse<'b> {
    pub c: f64,
    pub tumors: usize,
    pub tumor: usize,
    pub read: Read<'b>,
    pub activity: &'b mut [f64],
}

impl WithSimd for Inverse<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (c, read) = (self.c, self.read);
        read.weights(self.tumors, self.activity);
        let ratios = read.ratio.chunks_exact(self.tumors);
        for (((activity, dose), shunt), ratio) in self.activity.iter_mut().zip(read.given).zip(read.shunt).zip(ratios) {
            *activity = dose * *activity / (ratio[self.tumor] * c * (1.0 - shunt));
        }
    }
}

impl Read<'_> {
    /// `W` of each element. The usual few tumors get loops of their own, whose length the compiler knows.
    #[inline(always)]
    fn weights(&self, tumors: usize, out: &mut [f64]) {
        match tumors {
            1 => self.weights_of(1, out),
            2 => self.weights_of(2, out),
            3 => self.weights_of(3, out),
            _ => self.weights_of(tumors, out),
        }
    }

    #[inline(always)]
    fn weights_of(&self, tumors: usize, out: &mut [f64]) {
        let of_tumors = self.ratio.chunks_exact(tumors).zip(self.mass.chunks_exact(tumors));
        for ((weight, normal), (ratio, mass)) in out.iter_mut().zip(self.normal).zip(of_tumors) {
            *weight = ratio.iter().zip(mass).fold(*normal, |sum, (ratio, mass)| sum + ratio * mass);
        }
    }
}

/// Each tumor's ratio times the normal liver's dose.
#[inline(always)]
pub(super) fn tumor_doses(tumors: usize, ratio: &[f64], dose: &[f64], out: &mut [f64]) {
    let of_tumors = out.chunks_exact_mut(tumors).zip(ratio.chunks_exact(tumors));
    for ((out, ratio), dose) in of_tumors.zip(dose) {
        for (out, ratio) in out.iter_mut().zip(ratio) {
            *out = ratio * dose;
        }
    }
}

/// Whether all values are within the closed interval.
pub(super) struct Inside<'b>(pub &'b [f64], pub Domain);

impl WithSimd for Inside<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> bool {
        let Self(values, domain) = self;
        values
            .iter()
            .fold(0_u64, |outside, x| outside | u64::from(!((*x >= domain.low) & (*x <= domain.high))))
            == 0
    }
}
