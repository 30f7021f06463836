//! Weighted sums of rows in registers, which `direct` and `fft_direct` share.
//!
//! Along the contiguous axis the kernel is even but not folded, because a folded row would need unaligned loads. For
//! each output row, accumulator `d` sums `A_d[i] = sum_taps w[tap, d] (row[i] + ...)`. All loads are at the same,
//! aligned `i`, and one load serves `h + 1` multiplications. [`Shift`] then adds the accumulators once, each at its
//! distance: `out[i] = A_0[i] + sum_d A_d[i - d] + A_d[i + d]`.
//!
//! The time is limited by the multiplications as long as the rows are in the first cache.

use pulp::{Simd, WithSimd};

use crate::simd::{Float, InstructionSet};

/// The largest number of accumulators that are kept in registers at the same time. A few columns of each must fit.
pub(super) fn most_accumulators(instruction_set: InstructionSet) -> usize {
    if instruction_set.registers() >= 32 { 8 } else { 4 }
}

/// Up to four rows that share the same weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tap {
    /// Index of the first value of each row; the first `count` entries count.
    pub rows: [u32; 4],
    pub count: u32,
    /// Index of its first weight.
    pub weights: u32,
    /// Number of accumulators with a weight; the weights of all others are zero.
    pub accumulators: u32,
}

/// Computes accumulators `0..count` at columns `columns` of one output row.
pub(super) struct Accumulate<'a, T> {
    pub taps: &'a [Tap],
    pub rows: &'a [T],
    pub weights: &'a [T],
    /// Accumulator `d` begins at `d * stride`; it has the columns of `rows`.
    pub out: &'a mut [T],
    pub stride: usize,
    pub count: usize,
    /// A range of whole vectors.
    pub columns: std::ops::Range<usize>,
}

impl<T: Float> WithSimd for Accumulate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.count {
            1 => self.row::<S, 1>(simd),
            2 => self.row::<S, 2>(simd),
            3 => self.row::<S, 3>(simd),
            4 => self.row::<S, 4>(simd),
            5 => self.row::<S, 5>(simd),
            6 => self.row::<S, 6>(simd),
            7 => self.row::<S, 7>(simd),
            _ => self.row::<S, 8>(simd),
        }
    }
}

impl<T: Float> Accumulate<'_, T> {
    /// Works on as many columns at once as the registers hold, in steps of nearly equal size.
    #[inline(always)]
    fn row<S: Simd, const D: usize>(mut self, simd: S) {
        let lanes = T::lanes::<S>();
        let most = ((S::REGISTER_COUNT - 1) / (D + 1)).clamp(1, 4);
        let (mut at, mut left) = (self.columns.start, self.columns.len() / lanes);
        while left > 0 {
            let step = left.div_ceil(left.div_ceil(most));
            match step {
                1 => self.block::<S, D, 1>(simd, at),
                2 => self.block::<S, D, 2>(simd, at),
                3 => self.block::<S, D, 3>(simd, at),
                _ => self.block::<S, D, 4>(simd, at),
            }
            at += step * lanes;
            left -= step;
        }
    }

    #[inline(always)]
    fn block<S: Simd, const D: usize, const V: usize>(&mut self, simd: S, at: usize) {
        let mut sums = [[T::splat(simd, T::ZERO); V]; D];
        for tap in self.taps {
            let mut x = *load::<S, T, V>(self.rows, tap.rows[0] as usize + at);
            for row in &tap.rows[1..tap.count as usize] {
                let more = load::<S, T, V>(self.rows, *row as usize + at);
                for v in 0..V {
                    x[v] = T::add(simd, x[v], more[v]);
                }
            }
            let weights = &self.weights[tap.weights as usize..][..D];
            for d in 0..D {
                if d < tap.accumulators as usize {
                    let w = T::splat(simd, weights[d]);
                    for v in 0..V {
                        sums[d][v] = T::mul_add(simd, w, x[v], sums[d][v]);
                    }
                }
            }
        }
        for (d, sums) in sums.iter().enumerate() {
            let out = &mut self.out[d * self.stride + at..][..V * T::lanes::<S>()];
            T::vectors_mut::<S>(out).0.copy_from_slice(sums);
        }
    }
}

/// Loads `V` vectors from index `at` on.
#[inline(always)]
fn load<S: Simd, T: Float, const V: usize>(data: &[T], at: usize) -> &[T::Vector<S>; V] {
    let (vectors, _) = T::vectors::<S>(&data[at..at + V * T::lanes::<S>()]);
    vectors.try_into().expect("V vectors")
}

/// Adds the shifted accumulators: `out[i] = A_0[i] + sum_d A_d[i - d] + A_d[i + d]`.
pub(super) struct Shift<'a, T> {
    /// Accumulator `d` begins at `d * stride`; column 0 of `out` is its column `margin`.
    pub sums: &'a [T],
    pub stride: usize,
    pub margin: usize,
    pub half: usize,
    pub out: &'a mut [T],
}

impl<T: Float> WithSimd for Shift<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let lanes = T::lanes::<S>();
        let mut at = self.margin;
        let (four, rest) = T::vectors_mut::<S>(self.out);
        let mut blocks = four.chunks_exact_mut(4);
        for block in &mut blocks {
            let sum: [T::Vector<S>; 4] = shifted(simd, self.sums, self.stride, self.half, at);
            block.copy_from_slice(&sum);
            at += 4 * lanes;
        }
        for out in blocks.into_remainder() {
            [*out] = shifted(simd, self.sums, self.stride, self.half, at);
            at += lanes;
        }
        if !rest.is_empty() {
            let mut last = [T::ZERO; 16];
            let sum: [T::Vector<S>; 1] = shifted(simd, self.sums, self.stride, self.half, at);
            T::vectors_mut::<S>(&mut last).0[0] = sum[0];
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}

#[inline(always)]
fn shifted<S: Simd, T: Float, const V: usize>(
    simd: S,
    sums: &[T],
    stride: usize,
    half: usize,
    at: usize,
) -> [T::Vector<S>; V] {
    let mut sum = *load::<S, T, V>(sums, at);
    for d in 1..=half {
        let (left, right) = (load::<S, T, V>(sums, d * stride + at - d), load::<S, T, V>(sums, d * stride + at + d));
        for v in 0..V {
            sum[v] = T::add(simd, sum[v], T::add(simd, left[v], right[v]));
        }
    }
    sum
}
