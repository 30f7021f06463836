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

/// Which axis a row runs along.
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

/// How the rows of one order lie in memory.
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

    /// Rows in all.
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

    /// Elements in all.
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

/// The activity per mass depth in rows, and where each row has any.
#[derive(Debug)]
pub struct Sources<T> {
    /// Rows of values.
    pub values: Vec<T>,
    /// For each row the lanes from the first to the last source.
    pub support: Vec<Range<u32>>,
}

impl<T: Float> Sources<T> {
    /// `activity / depth` in both orders; `activity` in C order.
    pub fn new(rows: [&Rows; 2], activity: &[T], depth: [&[T]; 2]) -> Result<[Self; 2]> {
        let [natural, transposed] = rows;
        let mut sources = [Self::none(natural)?, Self::none(transposed)?];
        let [planes, nj, ni] = natural.shape;
        for k in 0..planes {
            for j in 0..nj {
                let row = k * nj + j;
                let voxels = &activity[row * ni..][..ni];
                let Some(first) = voxels.iter().position(|a| *a != T::ZERO) else {
                    continue;
                };
                let last = voxels.iter().rposition(|a| *a != T::ZERO).unwrap_or(first);
                sources[0].support[row] = first as u32..last as u32 + 1;
                for (i, activity) in voxels.iter().enumerate().take(last + 1).skip(first) {
                    for (order, at) in [(0, natural.at(row) + i), (1, transposed.at(k * ni + i) + j)] {
                        sources[order].values[at] = T::from_f64(activity.to_f64() / depth[order][at].to_f64());
                    }
                    let lanes = &mut sources[1].support[k * ni + i];
                    if *activity != T::ZERO {
                        *lanes = union(lanes, &(j as u32..j as u32 + 1));
                    }
                }
            }
        }
        Ok(sources)
    }

    fn none(rows: &Rows) -> Result<Self> {
        Ok(Self {
            values: memory::zeroed("sources in rows", rows.len())?,
            support: memory::filled("rows with sources", 0..0, rows.count())?,
        })
    }
}

/// A sum of deposits in rows, zero wherever `touched` is empty.
#[derive(Debug)]
pub struct Deposits<T> {
    /// Rows of values.
    pub values: Vec<T>,
    /// For each row the lanes that may hold something.
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
