//! The first pass over a map: it finds the voxels that are not zero, and checks that all voxels are finite.
//!
//! The time is limited by the bandwidth of memory, because each voxel is read once. Later passes skip what is zero
//! without any tolerance, so that the result stays exact.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::error::{Error, Result};
use crate::memory;
use crate::parallel::{Cancellation, try_for_each};
use crate::simd::{Float, HEADROOM, InstructionSet};

/// The part of an array that is not zero: a range of columns for each row, and a bounding box.
#[derive(Debug, Clone)]
pub struct Support {
    rows_per_plane: usize,
    rows: Vec<(u32, u32)>,
    bounds: Option<[Range<usize>; 3]>,
}

impl Support {
    /// Reads the array.
    ///
    /// Returns an error with the first voxel (in C order) that is NaN, infinite or above [`Float::LARGEST`].
    pub fn scan<T: Float>(
        input: &[T],
        shape: [usize; 3],
        threads: usize,
        instruction_set: InstructionSet,
        cancellation: &Cancellation<'_>,
    ) -> Result<Self> {
        let [_, nj, ni] = shape;
        let mut rows = memory::filled("support of the map", (0, 0), shape[0] * nj)?;
        // A piece takes some tens of microseconds: there are enough pieces to share, and too few to cost time.
        let rows_per_item = (1usize << 16).div_ceil(ni).max(1);
        let items = input.chunks(rows_per_item * ni).zip(rows.chunks_mut(rows_per_item));
        try_for_each(items, threads, cancellation, |(voxels, rows)| {
            if instruction_set.run(ScanRows { voxels, ni, rows }) {
                Ok(())
            } else {
                Err(Error::Cancelled)
            }
        })
        .map_err(|error| {
            let cancelled = cancellation.check().is_err();
            if cancelled {
                error
            } else {
                first_invalid(input, shape).unwrap_or(error)
            }
        })?;
        let bounds = bounding_box(&rows, nj);
        Ok(Self {
            rows_per_plane: nj,
            rows,
            bounds,
        })
    }

    /// The columns of row `(k, j)` from the first to the last that is not zero; empty if the row is zero.
    #[inline]
    pub fn row(&self, k: usize, j: usize) -> Range<usize> {
        let (begin, end) = self.rows[k * self.rows_per_plane + j];
        begin as usize..end as usize
    }

    /// The smallest box that holds every voxel that is not zero; `None` if there is no such voxel.
    pub fn bounds(&self) -> Option<&[Range<usize>; 3]> {
        self.bounds.as_ref()
    }

    /// The box within `shape` that a kernel of half sizes `half` reaches from the support.
    pub fn reach(&self, half: [usize; 3], shape: [usize; 3]) -> Option<[Range<usize>; 3]> {
        let bounds = self.bounds.as_ref()?;
        Some(std::array::from_fn(|axis| {
            let Range { start, end } = bounds[axis];
            start.saturating_sub(half[axis])..(end + half[axis]).min(shape[axis])
        }))
    }
}

/// The smallest range that holds both ranges.
pub fn hull(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    match (a.is_empty(), b.is_empty()) {
        (true, _) => b.clone(),
        (_, true) => a.clone(),
        _ => a.start.min(b.start)..a.end.max(b.end),
    }
}

fn bounding_box(rows: &[(u32, u32)], rows_per_plane: usize) -> Option<[Range<usize>; 3]> {
    let mut bounds: [Range<usize>; 3] = [0..0, 0..0, 0..0];
    for (at, &(begin, end)) in rows.iter().enumerate() {
        if begin < end {
            let (k, j) = (at / rows_per_plane, at % rows_per_plane);
            for (bound, range) in bounds.iter_mut().zip([k..k + 1, j..j + 1, begin as usize..end as usize]) {
                *bound = hull(bound, &range);
            }
        }
    }
    (!bounds[0].is_empty()).then_some(bounds)
}

/// Finds the support of each row; returns false if a voxel is not valid.
struct ScanRows<'a, T> {
    voxels: &'a [T],
    ni: usize,
    rows: &'a mut [(u32, u32)],
}

impl<T: Float> WithSimd for ScanRows<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        // x HEADROOM 0 is zero, or NaN if the first product is not finite. A NaN stays in the sum.
        let (headroom, zero) = (T::splat(simd, T::from_f64(HEADROOM)), T::splat(simd, T::ZERO));
        let mut invalid = zero;
        let mut valid = true;
        for (row, support) in self.voxels.chunks_exact(self.ni).zip(self.rows) {
            let (vectors, rest) = T::vectors::<S>(row);
            let mut any = zero;
            for x in vectors {
                any = T::or(simd, any, *x);
                invalid = T::mul_add(simd, T::mul(simd, *x, headroom), zero, invalid);
            }
            valid &= rest.iter().all(|x| is_valid(*x));
            let empty = lanes::<S, T>(simd, any).iter().chain(rest).all(|x| *x == T::ZERO);
            *support = if empty { (0, 0) } else { bounds::<S, T>(simd, row) };
        }
        valid && lanes::<S, T>(simd, invalid).iter().all(|x| *x == T::ZERO)
    }
}

/// The lanes of a vector, followed by zeros.
#[inline(always)]
fn lanes<S: Simd, T: Float>(_simd: S, vector: T::Vector<S>) -> [T; 16] {
    let mut lanes = [T::ZERO; 16];
    T::vectors_mut::<S>(&mut lanes).0[0] = vector;
    lanes
}

/// The first voxel of a row that is not zero, and the end of the last one; there must be one.
#[inline(always)]
fn bounds<S: Simd, T: Float>(simd: S, row: &[T]) -> (u32, u32) {
    let (vectors, rest) = T::vectors::<S>(row);
    let occupied = |x: &T::Vector<S>| lanes::<S, T>(simd, *x).iter().any(|x| *x != T::ZERO);
    let width = T::lanes::<S>();
    // Compare whole vectors first, and then the voxels of one vector.
    let skip = vectors.iter().position(occupied).unwrap_or(vectors.len()) * width;
    let begin = skip + row[skip..].iter().position(|x| *x != T::ZERO).unwrap_or(0);
    let keep = if rest.iter().all(|x| *x == T::ZERO) {
        vectors.iter().rposition(occupied).map_or(0, |last| (last + 1) * width)
    } else {
        row.len()
    };
    let end = row[..keep].iter().rposition(|x| *x != T::ZERO).map_or(begin, |last| last + 1);
    (begin as u32, end as u32)
}

fn is_valid<T: Float>(x: T) -> bool {
    x.is_finite() && x <= T::LARGEST && x.to_f64() >= -T::LARGEST.to_f64()
}

fn first_invalid<T: Float>(input: &[T], [_, nj, ni]: [usize; 3]) -> Option<Error> {
    let at = input.iter().position(|x| !is_valid(*x))?;
    Some(Error::out_of_range(
        format!("array value at {:?}", (at / ni / nj, at / ni % nj, at % ni)),
        input[at].to_f64(),
        format!("finite and of magnitude <= {:.2e}", T::LARGEST.to_f64()),
    ))
}
