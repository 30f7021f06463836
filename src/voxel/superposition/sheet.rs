//! Maps as rows of voxels that vectors run along.
//!
//! Rays that cross most voxels along k or j are swept in rows along i, those along i in rows along j: neighboring rays
//! then lie in neighboring lanes. A row has room for one more vector before and after its voxels, so that the first and the
//! last vector may pass its ends.

use std::ops::Range;

use crate::error::Result;
use crate::memory;
use crate::parallel::{Cancellation, Workers, try_for_each};
use crate::simd::Float;

/// The widest vector of 32-bit numbers.
pub const PADDING: usize = 16;

/// Axis of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Along i; rows (k, j).
    Natural,
    /// Along j; rows (k, i).
    Transposed,
}

impl Order {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Natural, Self::Transposed];

    /// The order in which rays along the axis `slab` are swept.
    pub fn of_slab(slab: usize) -> Self {
        if slab == 2 { Self::Transposed } else { Self::Natural }
    }
}

/// Layout of the rows of one order in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// The order.
    pub order: Order,
    /// Planes of rows (k), rows per plane, voxels per row.
    pub shape: [usize; 3],
}

impl Rows {
    /// For maps of `shape` (k, j, i).
    pub fn new(order: Order, [nk, nj, ni]: [usize; 3]) -> Self {
        let shape = match order {
            Order::Natural => [nk, nj, ni],
            Order::Transposed => [nk, ni, nj],
        };
        Self { order, shape }
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        self.shape[0] * self.shape[1]
    }

    /// Elements from one row to the next.
    pub fn stride(&self) -> usize {
        self.shape[2] + 2 * PADDING
    }

    /// Element of the first voxel of a row.
    #[inline(always)]
    pub fn at(&self, row: usize) -> usize {
        row * self.stride() + PADDING
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.count() * self.stride()
    }

    /// `f` of each value of a map in C order, in natural rows; the padding holds `padding`.
    pub fn natural<T: Float>(
        &self,
        quantity: &str,
        map: &[T],
        padding: T,
        workers: &Workers<'_>,
        f: impl Fn(f64) -> f64 + Sync,
    ) -> Result<Vec<T>> {
        let mut rows = memory::filled(quantity, padding, self.len())?;
        let [_, count, length] = self.shape;
        let planes = rows.chunks_mut(count * self.stride()).zip(map.chunks(count * length));
        workers.for_each(planes, |(rows, map)| {
            for (row, values) in map.chunks(length).enumerate() {
                for (to, from) in rows[self.at(row)..].iter_mut().zip(values) {
                    *to = T::from_f64(f(from.to_f64()));
                }
            }
            Ok(())
        })?;
        Ok(rows)
    }

    /// Natural rows as transposed ones.
    pub fn transposed<T: Float>(
        &self,
        quantity: &str,
        natural: (&Self, &[T]),
        padding: T,
        workers: &Workers<'_>,
    ) -> Result<Vec<T>> {
        // Both sides of a block stay in the nearest cache.
        const BLOCK: usize = 16;
        let (from, values) = natural;
        let mut rows = memory::filled(quantity, padding, self.len())?;
        let [_, count, length] = self.shape;
        let planes = rows.chunks_mut(count * self.stride()).zip(values.chunks(length * from.stride()));
        workers.for_each(planes, |(rows, values)| {
            for first in (0..count).step_by(BLOCK) {
                for row in 0..length {
                    for at in first..count.min(first + BLOCK) {
                        rows[self.at(at) + row] = values[from.at(row) + at];
                    }
                }
            }
            Ok(())
        })?;
        Ok(rows)
    }
}

/// The activity per mass depth in rows, and its extent in each row.
#[derive(Debug)]
pub struct Sources<T> {
    /// Rows of values.
    pub values: Vec<T>,
    /// For each row the lanes from the first to the last source.
    pub support: Vec<Range<u32>>,
    /// The planes, and the rows of a plane, from the first to the last with a source.
    bounds: [Range<usize>; 2],
}

impl<T: Float> Sources<T> {
    /// `activity / depth` in both orders; `activity` in C order.
    pub fn new(
        rows: [&Rows; 2],
        activity: &[T],
        depth: [&[T]; 2],
        threads: usize,
        cancellation: &Cancellation<'_>,
    ) -> Result<[Self; 2]> {
        let [natural, transposed] = rows;
        let mut sources = [Self::none(natural)?, Self::none(transposed)?];
        let [_, nj, ni] = natural.shape;
        let [of_natural, of_transposed] = &mut sources;
        let planes = activity.chunks(nj * ni).zip(of_natural.planes(natural)).zip(of_transposed.planes(transposed));
        try_for_each(planes.enumerate(), threads, cancellation, |(k, ((activity, along_i), along_j))| {
            let [(values_i, support_i), (values_j, support_j)] = [along_i, along_j];
            let from = [k * nj * natural.stride(), k * ni * transposed.stride()];
            for (j, voxels) in activity.chunks(ni).enumerate() {
                if is_zero(voxels) {
                    continue;
                }
                for (i, activity) in voxels.iter().enumerate().filter(|(_, activity)| **activity != T::ZERO) {
                    let [at_i, at_j] = [natural.at(j) + i, transposed.at(i) + j];
                    let per_depth = |depth: T| T::from_f64(activity.to_f64() / depth.to_f64());
                    values_i[at_i] = per_depth(depth[0][from[0] + at_i]);
                    values_j[at_j] = per_depth(depth[1][from[1] + at_j]);
                    let [i, j] = [i as u32, j as u32];
                    support_i[j as usize] = union(&support_i[j as usize], &(i..i + 1));
                    support_j[i as usize] = union(&support_j[i as usize], &(j..j + 1));
                }
            }
            Ok(())
        })?;
        let [of_natural, of_transposed] = sources;
        Ok([of_natural.bounded(natural), of_transposed.bounded(transposed)])
    }

    fn bounded(mut self, rows: &Rows) -> Self {
        let per_plane = rows.shape[1];
        for (row, lanes) in self.support.iter().enumerate() {
            if !lanes.is_empty() {
                for (bounds, at) in self.bounds.iter_mut().zip([row / per_plane, row % per_plane]) {
                    *bounds = if Range::is_empty(bounds) {
                        at..at + 1
                    } else {
                        bounds.start.min(at)..bounds.end.max(at + 1)
                    };
                }
            }
        }
        self
    }

    /// Whether there may be sources in a slab along the axis `slab`, at `across` of its other axis of rows.
    #[inline(always)]
    pub fn may_lie_in(&self, slab: usize, slab_at: usize, across: usize) -> bool {
        let [planes, per_plane] = &self.bounds;
        let (along, beside) = if slab == 0 {
            (planes, per_plane)
        } else {
            (per_plane, planes)
        };
        along.contains(&slab_at) && beside.contains(&across)
    }

    /// Values and support of each plane.
    fn planes(&mut self, rows: &Rows) -> impl Iterator<Item = (&mut [T], &mut [Range<u32>])> + Send {
        let per_plane = rows.shape[1];
        self.values.chunks_mut(per_plane * rows.stride()).zip(self.support.chunks_mut(per_plane))
    }

    fn none(rows: &Rows) -> Result<Self> {
        Ok(Self {
            values: memory::zeroed("sources in rows", rows.len())?,
            support: memory::filled("rows with sources", 0..0, rows.count())?,
            bounds: [0..0, 0..0],
        })
    }
}

/// A sum of deposits in rows, zero wherever `touched` is empty.
#[derive(Debug)]
pub struct Deposits<T> {
    /// Rows of values.
    pub values: Vec<T>,
    /// For each row the lanes that may be different from zero.
    pub touched: Vec<Range<u32>>,
}

impl<T: Float> Deposits<T> {
    /// Nothing.
    pub fn new(rows: &Rows) -> Result<Self> {
        Ok(Self {
            values: memory::zeroed("deposits in rows", rows.len())?,
            touched: memory::filled("rows with deposits", 0..0, rows.count())?,
        })
    }

    /// Adds another sum, which becomes empty.
    pub fn take(
        &mut self,
        rows: &Rows,
        other: &mut Self,
        threads: usize,
        cancellation: &Cancellation<'_>,
    ) -> Result<()> {
        const PIECE: usize = 256;
        let ours = self.values.chunks_mut(PIECE * rows.stride()).zip(self.touched.chunks_mut(PIECE));
        let theirs = other.values.chunks_mut(PIECE * rows.stride()).zip(other.touched.chunks_mut(PIECE));
        try_for_each(ours.zip(theirs), threads, cancellation, |((sum, ours), (part, theirs))| {
            for (row, (ours, theirs)) in ours.iter_mut().zip(theirs).enumerate() {
                let lanes = std::mem::take(theirs);
                if lanes.is_empty() {
                    continue;
                }
                *ours = union(ours, &lanes);
                let lanes = rows.at(row) + lanes.start as usize..rows.at(row) + lanes.end as usize;
                for (sum, x) in sum[lanes.clone()].iter_mut().zip(&part[lanes.clone()]) {
                    *sum = T::from_f64(sum.to_f64() + x.to_f64());
                }
                part[lanes].fill(T::ZERO);
            }
            Ok(())
        })
    }
}

/// Whether all values are zero; without an early exit, so that many are compared at once.
pub fn is_zero<T: Float>(values: &[T]) -> bool {
    !values.iter().fold(false, |any, value| any | (*value != T::ZERO))
}

/// The smallest range that holds both.
#[inline(always)]
pub fn union(a: &Range<u32>, b: &Range<u32>) -> Range<u32> {
    if a.start >= a.end {
        b.clone()
    } else if b.start >= b.end {
        a.clone()
    } else {
        a.start.min(b.start)..a.end.max(b.end)
    }
}
