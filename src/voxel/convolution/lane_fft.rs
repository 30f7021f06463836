//! Complex FFT of short lengths with small prime factors, in which each lane of a vector is a transform of its own.
//!
//! Value `i` of a transform is a pair of vectors: the real and the imaginary parts of as many neighboring columns as a
//! vector has lanes. An axis that is not the fastest can therefore be transformed without a transpose. Radices are 2,
//! 3, 4 and 5. The forward transform decimates in frequency and leaves its result in digit-reversed order. The inverse
//! decimates in time and begins with that order. The step in between multiplies each frequency by a number and does not
//! depend on the order. The first stage reads the caller's rows and the last stage writes them, so that no pass copies.
//!
//! The time is limited by the loads and stores of each stage: two of each per value, with about five additions or
//! multiplications. Few stages with large radices are therefore best, and a work array that fits into the first cache.

use std::f64::consts::TAU;

use pulp::Simd;

use super::complex::{Arithmetic, Complex, get, put};
use crate::simd::Float;

/// Source of the values that the first stage reads.
pub(super) trait Source<T: Float, S: Simd> {
    /// Value `i` of each lane.
    fn get(&self, i: usize) -> Complex<T, S>;
}

/// Sink of the values that the last stage writes.
pub(super) trait Sink<T: Float, S: Simd> {
    /// Takes value `i` of each lane.
    fn put(&mut self, i: usize, value: Complex<T, S>);
}

/// One pass over the data. It divides each block of `span` values into `radix` blocks; the inverse joins them.
#[derive(Debug)]
struct Stage<T> {
    radix: usize,
    span: usize,
    /// `exp(-2 pi i j q / span)` for `0 < q < radix`, for each `j < span / radix`.
    twiddles: Vec<[T; 2]>,
}

/// Tables for one length.
#[derive(Debug)]
pub(super) struct LaneFft<T> {
    length: usize,
    stages: Vec<Stage<T>>,
}

impl<T: Float> LaneFft<T> {
    /// The smallest length, which has a first and a last stage.
    pub const SHORTEST: usize = 8;

    /// Whether there is a transform of this length.
    pub fn has_length(length: usize) -> bool {
        length >= Self::SHORTEST && radices(length).is_some_and(|r| r.len() > 1)
    }

    /// Makes the tables; `has_length(length)` must be true.
    pub fn new(length: usize) -> Self {
        let mut span = length;
        let stages = radices(length).into_iter().flatten().map(|radix| {
            let m = span / radix;
            let twiddles = (0..m).flat_map(|j| (1..radix).map(move |q| (j * q, span))).map(|(jq, span)| {
                let (sin, cos) = (-TAU * jq as f64 / span as f64).sin_cos();
                [T::from_f64(cos), T::from_f64(sin)]
            });
            let stage = Stage {
                radix,
                span,
                twiddles: twiddles.collect(),
            };
            span = m;
            stage
        });
        Self {
            length,
            stages: stages.collect(),
        }
    }

    /// Number of values of a transform.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The frequency that the forward transform writes at a position.
    pub fn frequency(&self, position: usize) -> usize {
        let (mut rest, mut weight, mut frequency) = (position, 1, 0);
        for stage in &self.stages {
            let m = stage.span / stage.radix;
            frequency += rest / m * weight;
            rest %= m;
            weight *= stage.radix;
        }
        frequency
    }

    /// Transforms from natural order to digit-reversed order.
    #[inline(always)]
    pub fn forward<S: Simd>(&self, simd: S, source: &impl Source<T, S>, sink: &mut impl Sink<T, S>, work: &mut [T]) {
        let last = self.stages.len() - 1;
        for (i, stage) in self.stages.iter().enumerate() {
            match i {
                0 => stage.run::<S, false>(simd, self.length, &mut First { source, work }),
                i if i == last => stage.run::<S, false>(simd, self.length, &mut Last { sink, work }),
                _ => stage.run::<S, false>(simd, self.length, &mut Middle { work }),
            }
        }
    }

    /// Transforms back, from digit-reversed order to natural order; the result is `length` times the inverse.
    #[inline(always)]
    pub fn inverse<S: Simd>(&self, simd: S, source: &impl Source<T, S>, sink: &mut impl Sink<T, S>, work: &mut [T]) {
        let last = self.stages.len() - 1;
        for (i, stage) in self.stages.iter().enumerate().rev() {
            match i {
                0 => stage.run::<S, true>(simd, self.length, &mut Last { sink, work }),
                i if i == last => stage.run::<S, true>(simd, self.length, &mut First { source, work }),
                _ => stage.run::<S, true>(simd, self.length, &mut Middle { work }),
            }
        }
    }
}

/// The radices of the stages; `None` if the length has another prime factor.
fn radices(length: usize) -> Option<Vec<usize>> {
    let (mut rest, mut radices) = (length.max(1), Vec::new());
    for radix in [4, 2, 3, 5] {
        while rest.is_multiple_of(radix) {
            radices.push(radix);
            rest /= radix;
        }
    }
    (rest == 1).then_some(radices)
}

/// The arrays that a stage reads and writes.
trait Data<T: Float, S: Simd> {
    fn get(&self, i: usize) -> Complex<T, S>;
    fn put(&mut self, i: usize, value: Complex<T, S>);
}

struct First<'a, T, R> {
    source: &'a R,
    work: &'a mut [T],
}

struct Middle<'a, T> {
    work: &'a mut [T],
}

struct Last<'a, T, W> {
    sink: &'a mut W,
    work: &'a mut [T],
}

impl<T: Float, S: Simd, R: Source<T, S>> Data<T, S> for First<'_, T, R> {
    #[inline(always)]
    fn get(&self, i: usize) -> Complex<T, S> {
        self.source.get(i)
    }
    #[inline(always)]
    fn put(&mut self, i: usize, value: Complex<T, S>) {
        put(self.work, i, value);
    }
}

impl<T: Float, S: Simd> Data<T, S> for Middle<'_, T> {
    #[inline(always)]
    fn get(&self, i: usize) -> Complex<T, S> {
        get(self.work, i)
    }
    #[inline(always)]
    fn put(&mut self, i: usize, value: Complex<T, S>) {
        put(self.work, i, value);
    }
}

impl<T: Float, S: Simd, W: Sink<T, S>> Data<T, S> for Last<'_, T, W> {
    #[inline(always)]
    fn get(&self, i: usize) -> Complex<T, S> {
        get(self.work, i)
    }
    #[inline(always)]
    fn put(&mut self, i: usize, value: Complex<T, S>) {
        self.sink.put(i, value);
    }
}

impl<T: Float> Stage<T> {
    #[inline(always)]
    fn run<S: Simd, const INVERSE: bool>(&self, simd: S, length: usize, data: &mut impl Data<T, S>) {
        match self.radix {
            2 => self.butterflies::<S, INVERSE, 2>(simd, length, data),
            3 => self.butterflies::<S, INVERSE, 3>(simd, length, data),
            4 => self.butterflies::<S, INVERSE, 4>(simd, length, data),
            _ => self.butterflies::<S, INVERSE, 5>(simd, length, data),
        }
    }

    #[inline(always)]
    fn butterflies<S: Simd, const INVERSE: bool, const R: usize>(
        &self,
        simd: S,
        length: usize,
        data: &mut impl Data<T, S>,
    ) {
        let complex = Arithmetic::<T, S>::new(simd);
        let m = self.span / R;
        for (j, factors) in self.twiddles.chunks_exact(R - 1).enumerate() {
            let mut twiddles = [complex.zero(); R];
            for (twiddle, factor) in twiddles[1..].iter_mut().zip(factors) {
                *twiddle = complex.splat(*factor);
            }
            for begin in (j..length).step_by(self.span) {
                let mut x = [complex.zero(); R];
                for (q, x) in x.iter_mut().enumerate() {
                    *x = data.get(begin + q * m);
                }
                if INVERSE && j > 0 {
                    for q in 1..R {
                        x[q] = complex.mul_conj(x[q], twiddles[q]);
                    }
                }
                complex.butterfly::<INVERSE, R>(&mut x);
                if !INVERSE && j > 0 {
                    for q in 1..R {
                        x[q] = complex.mul(x[q], twiddles[q]);
                    }
                }
                for (q, x) in x.into_iter().enumerate() {
                    data.put(begin + q * m, x);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::WithSimd;

    use super::*;
    use crate::simd::InstructionSet;

    struct Rows<'a, T>(&'a mut Vec<T>);

    impl<T: Float, S: Simd> Source<T, S> for Rows<'_, T> {
        fn get(&self, i: usize) -> Complex<T, S> {
            super::get(self.0, i)
        }
    }
    impl<T: Float, S: Simd> Sink<T, S> for Rows<'_, T> {
        fn put(&mut self, i: usize, value: Complex<T, S>) {
            super::put(self.0, i, value);
        }
    }

    /// Transforms forward and back a sequence that differs from lane to lane, and returns the largest error of each.
    struct Check(LaneFft<f64>);

    impl WithSimd for Check {
        type Output = [f64; 2];
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> [f64; 2] {
            let (n, lanes) = (self.0.length(), f64::lanes::<S>());
            let at = |i: usize, part: usize, lane: usize| (2 * i + part) * lanes + lane;
            let value = |i: usize, part: usize, lane: usize| ((i * i + 3 * part + 7 * lane) % 11) as f64 - 4.0;
            let mut data = vec![0.0; 2 * n * lanes];
            for i in 0..n {
                for part in 0..2 {
                    for lane in 0..lanes {
                        data[at(i, part, lane)] = value(i, part, lane);
                    }
                }
            }
            let (mut work, mut spectrum) = (data.clone(), data.clone());
            self.0.forward(simd, &Rows(&mut data.clone()), &mut Rows(&mut spectrum), &mut work);
            let mut errors = [0.0f64; 2];
            for position in 0..n {
                let k = self.0.frequency(position);
                for lane in 0..lanes {
                    let (mut re, mut im) = (0.0, 0.0);
                    for i in 0..n {
                        let (sin, cos) = (-TAU * (i * k % n) as f64 / n as f64).sin_cos();
                        let (a, b) = (value(i, 0, lane), value(i, 1, lane));
                        re += a * cos - b * sin;
                        im += a * sin + b * cos;
                    }
                    let error = (re - spectrum[at(position, 0, lane)]).hypot(im - spectrum[at(position, 1, lane)]);
                    errors[0] = errors[0].max(error);
                }
            }
            let mut back = data.clone();
            self.0.inverse(simd, &Rows(&mut spectrum), &mut Rows(&mut back), &mut work);
            for (a, b) in data.iter().zip(&back) {
                errors[1] = errors[1].max((a - b / n as f64).abs());
            }
            errors
        }
    }

    #[test]
    fn it_is_the_discrete_fourier_transform_for_every_length_and_instruction_set() {
        let lengths: Vec<_> = (0..=160).filter(|&n| LaneFft::<f64>::has_length(n)).collect();
        assert_eq!(lengths[..5], [8, 9, 10, 12, 15]);
        for instruction_set in InstructionSet::available() {
            for &n in &lengths {
                let [forward, back] = instruction_set.run(Check(LaneFft::new(n)));
                // A sum has n values of at most 6 sqrt(2) each. Every one of the five stages rounds by 1e-16.
                assert!(
                    forward < 1e-15 * 9.0 * n as f64 && back < 2e-14,
                    "{instruction_set:?} {n}: {forward:e} {back:e}"
                );
            }
        }
    }

    #[test]
    fn other_lengths_are_refused() {
        assert!([0, 1, 2, 3, 4, 5, 7, 14, 22, 121].into_iter().all(|n| !LaneFft::<f32>::has_length(n)));
    }
}
