//! The folded direct sum, for short kernels (half sizes up to about 3).
//!
//! The kernel is even, so mirror images are added before they are multiplied. The output is computed in slabs of planes
//! and windows of rows. For each of them the mirror planes are added first,
//! `P[dk][j] = in[k - dk][j] + in[k + dk][j]`, and kept in a ring that fits into the second cache. The mirror rows
//! `P[dk][j - dj] + P[dk][j + dj]` are added in registers just before the multiplication (`taps`). If the first two
//! axes of the kernel can be exchanged (isotropic voxels), the rows of `(dk, dj)` and `(dj, dk)` share one
//! multiplication. Taps that are zero are left out. Windows and columns in which the input is zero are skipped.
//!
//! The time is limited by the multiplications: `(hk + 1)(hj + 1)(hi + 1)` per voxel, and five eighths of them if the
//! axes can be exchanged.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::algorithm::{Algorithm, Call};
use super::octant::Octant;
use super::support::hull;
use super::taps::{Accumulate, Shift, Tap, most_accumulators};
use super::workspace::{Buffer, Pool};
use crate::error::{Error, Result};
use crate::parallel::try_for_each;
use crate::simd::{Float, InstructionSet};

/// Output rows of one window.
const WINDOW: usize = 8;
/// A multiple of the lanes of every instruction set.
const LANES: usize = 16;

/// Offset whose mirror images share weights.
#[derive(Debug, Clone, Copy)]
struct Fold {
    dk: usize,
    dj: usize,
    /// Whether the offset `(dj, dk)` has the same weights.
    exchanged: bool,
    /// Index of its first weight in each group.
    weights: usize,
    /// Number of accumulators for which it has weights that are not zero.
    accumulators: usize,
}

/// Accumulators that are kept in registers at the same time.
struct Group<T> {
    first: usize,
    count: usize,
    /// Weights, `count` for each fold.
    weights: Vec<T>,
    /// The taps of an output row, by the position of the row in the ring.
    taps: Vec<Vec<Tap>>,
}

/// Tables of the folded direct sum.
pub(super) struct Direct<T> {
    half: [usize; 3],
    /// Output planes of one slab.
    planes: usize,
    folds: Vec<Fold>,
    groups: Vec<Group<T>>,
    /// Number of columns, padded to whole vectors, which is the distance of two rows in the ring.
    columns: usize,
    row_stride: usize,
    /// Zeros at either side of an accumulator. They hold a shift by a half size, in either direction, of a row that
    /// reaches a half size beyond the map.
    margin: usize,
}

impl<T: Float> Direct<T> {
    pub fn new(shape: [usize; 3], octant: &Octant, instruction_set: InstructionSet) -> Result<Self> {
        let half = octant.half();
        let exchange = octant.exchange_first_two();
        let (at, exchangeable) = (|d: [usize; 3]| octant.at(d.map(|d| d as isize)), exchange);
        let mut folds = Vec::new();
        for dj in 0..=half[1] {
            for dk in 0..=half[0] {
                let shared = exchangeable && dk < dj;
                let accumulators = (0..=half[2]).rev().find(|&di| at([dk, dj, di]) != 0.0).map_or(0, |di| di + 1);
                if (exchangeable && dk > dj) || accumulators == 0 {
                    continue;
                }
                folds.push(Fold {
                    dk,
                    dj,
                    exchanged: shared,
                    weights: folds.len(),
                    accumulators,
                });
            }
        }
        let accumulators = half[2] + 1;
        let number = accumulators.div_ceil(most_accumulators(instruction_set));
        let mut groups = Vec::new();
        let mut first = 0;
        for group in 0..number {
            let count = (accumulators - first).div_ceil(number - group);
            let weights = folds
                .iter()
                .flat_map(|fold| (first..first + count).map(|di| T::from_f64(at([fold.dk, fold.dj, di]))))
                .collect();
            groups.push(Group {
                first,
                count,
                weights,
                taps: Vec::new(),
            });
            first += count;
        }
        let columns = shape[2].next_multiple_of(LANES);
        // Rows whose distance is a power of two would share cache sets.
        let row_stride = if (columns * size_of::<T>()).is_multiple_of(512) {
            columns + LANES
        } else {
            columns
        };
        let mut direct = Self {
            half,
            planes: (shape[0] / 16).clamp(1, 4),
            folds,
            groups,
            columns,
            row_stride,
            margin: (2 * half[2] + LANES).next_multiple_of(LANES),
        };
        if u32::try_from(direct.ring_length()).is_err() {
            return Err(Error::Memory {
                quantity: "the ring of the direct algorithm".into(),
                bytes: Pool::<T>::bytes(direct.ring_length()),
            });
        }
        for group in 0..direct.groups.len() {
            let taps = (0..direct.ring()).map(|slot| direct.taps(slot, &direct.groups[group])).collect();
            direct.groups[group].taps = taps;
        }
        Ok(direct)
    }

    /// Number of rows in the ring.
    fn ring(&self) -> usize {
        WINDOW + 2 * self.half[1]
    }
    /// Number of values between the folded planes of two output planes.
    fn plane_stride(&self) -> usize {
        (self.half[0] + 1) * self.ring() * self.row_stride
    }
    fn ring_length(&self) -> usize {
        self.planes * self.plane_stride()
    }
    fn sum_stride(&self) -> usize {
        self.columns + 2 * self.margin
    }
    /// Number of values in the accumulators of a row.
    fn sums_length(&self) -> usize {
        (self.half[2] + 1) * self.sum_stride()
    }
    /// Index of the first value of the row of `P[dk]` at position `slot` of the ring.
    fn row(&self, dk: usize, slot: usize) -> usize {
        (dk * self.ring() + slot) * self.row_stride
    }

    /// The taps of the output row at a position of the ring.
    fn taps(&self, slot: usize, group: &Group<T>) -> Vec<Tap> {
        let ring = self.ring();
        let mut taps = Vec::new();
        for fold in self.folds.iter().filter(|fold| fold.accumulators > group.first) {
            let mut rows = Vec::new();
            let mut push = |dk: usize, dj: usize| {
                rows.push(self.row(dk, (slot + dj) % ring) as u32);
                if dj > 0 {
                    rows.push(self.row(dk, (slot + ring - dj) % ring) as u32);
                }
            };
            push(fold.dk, fold.dj);
            if fold.exchanged {
                push(fold.dj, fold.dk);
            }
            let mut padded = [0; 4];
            padded[..rows.len()].copy_from_slice(&rows);
            taps.push(Tap {
                rows: padded,
                count: rows.len() as u32,
                weights: (fold.weights * group.count) as u32,
                accumulators: (fold.accumulators - group.first).min(group.count) as u32,
            });
        }
        // Taps with the same branches follow each other, so that the processor predicts the branches.
        taps.sort_by_key(|tap| (tap.count, tap.accumulators));
        taps
    }
}

impl<T: Float> Algorithm<T> for Direct<T> {
    fn workspace_bytes(&self, threads: usize) -> u64 {
        threads as u64 * (Pool::<T>::bytes(self.ring_length()) + Pool::<T>::bytes(self.sums_length()))
    }

    fn apply(&self, call: &Call<'_, T>, out: &mut [T]) -> Result<()> {
        let slabs = out.chunks_mut(self.planes * call.shape[1] * call.shape[2]).enumerate();
        try_for_each(slabs, call.threads, call.cancellation, |(slab, out)| {
            let mut slab = Slab {
                algorithm: self,
                call,
                first: slab * self.planes,
                out,
                ring: call.pool.take(self.ring_length())?,
                sums: call.pool.take(self.sums_length())?,
            };
            call.instruction_set.run(&mut slab)
        })
    }
}

/// The output planes from `first` on.
struct Slab<'a, T: Float> {
    algorithm: &'a Direct<T>,
    call: &'a Call<'a, T>,
    first: usize,
    out: &'a mut [T],
    ring: Buffer<'a, T>,
    sums: Buffer<'a, T>,
}

impl<T: Float> WithSimd for &mut Slab<'_, T> {
    type Output = Result<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Result<()> {
        let [nk, nj, ni] = self.call.shape;
        let [hk, hj, _] = self.algorithm.half;
        let planes = self.out.len() / (nj * ni);
        // For each input row, the columns in which a plane that reaches this slab is not zero.
        let reaching = self.first.saturating_sub(hk)..(self.first + planes + hk).min(nk);
        let support: Vec<Range<usize>> = (0..nj)
            .map(|j| reaching.clone().fold(0..0, |all, k| hull(&all, &self.call.support.row(k, j))))
            .collect();
        let all = whole_vectors(support.iter().fold(0..0, |all, row| hull(&all, row)));
        let mut filled = 0;
        for begin in (0..nj).step_by(WINDOW) {
            self.call.cancellation.check()?;
            let window = begin..(begin + WINDOW).min(nj);
            let near = begin.saturating_sub(hj)..(window.end + hj).min(nj);
            let columns = whole_vectors(support[near].iter().fold(0..0, |all, row| hull(&all, row)));
            if columns.is_empty() {
                if !self.call.out_is_zero {
                    for plane in self.out.chunks_mut(nj * ni) {
                        plane[window.start * ni..window.end * ni].fill(T::ZERO);
                    }
                }
                continue;
            }
            // Rows of the ring are counted from `hj` rows before the first row of the window.
            for row in filled.max(begin)..window.end + 2 * hj {
                let j = row.checked_sub(hj).filter(|&j| j < nj && !support[j].is_empty());
                simd.vectorize(FoldPlanes {
                    slab: self,
                    planes,
                    row,
                    j,
                    columns: all.clone(),
                });
            }
            filled = window.end + 2 * hj;
            for plane in 0..planes {
                simd.vectorize(Window {
                    slab: self,
                    plane,
                    rows: window.clone(),
                    columns: columns.clone(),
                });
            }
        }
        Ok(())
    }
}

fn whole_vectors(columns: Range<usize>) -> Range<usize> {
    columns.start / LANES * LANES..columns.end.next_multiple_of(LANES)
}

/// Adds the mirror planes of one row and writes them into the ring, for each plane of a slab.
struct FoldPlanes<'a, 'b, T: Float> {
    slab: &'a mut Slab<'b, T>,
    planes: usize,
    /// The row, counted from `hj` rows before the first.
    row: usize,
    /// The row of the input, or `None` if it is zero.
    j: Option<usize>,
    columns: Range<usize>,
}

impl<T: Float> WithSimd for FoldPlanes<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Slab {
            algorithm,
            call,
            first,
            ring,
            ..
        } = self.slab;
        let [nk, nj, ni] = call.shape;
        let slot = self.row % algorithm.ring();
        let Range { start, end } = self.columns;
        let inside = end.min(ni);
        let input = |k: Option<usize>| {
            let (k, j) = (k.filter(|k| *k < nk)?, self.j?);
            (!call.support.row(k, j).is_empty()).then(|| &call.input[(k * nj + j) * ni..][start..inside])
        };
        for plane in 0..self.planes {
            let k = *first + plane;
            for dk in 0..=algorithm.half[0] {
                let begin = plane * algorithm.plane_stride() + algorithm.row(dk, slot) + start;
                let (folded, beyond) = ring[begin..begin + end - start].split_at_mut(inside - start);
                let below = if dk == 0 { None } else { input(k.checked_sub(dk)) };
                match (below, input(Some(k + dk))) {
                    (Some(a), Some(b)) => add_rows(simd, a, b, folded),
                    (Some(a), None) | (None, Some(a)) => folded.copy_from_slice(a),
                    (None, None) => folded.fill(T::ZERO),
                }
                beyond.fill(T::ZERO);
            }
        }
    }
}

#[inline(always)]
fn add_rows<S: Simd, T: Float>(simd: S, a: &[T], b: &[T], out: &mut [T]) {
    let ((a, a_rest), (b, b_rest), (out, out_rest)) =
        (T::vectors::<S>(a), T::vectors::<S>(b), T::vectors_mut::<S>(out));
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = T::add(simd, *a, *b);
    }
    for ((out, a), b) in out_rest.iter_mut().zip(a_rest).zip(b_rest) {
        *out = T::from_f64(a.to_f64() + b.to_f64());
    }
}

/// A window of output rows of one plane.
struct Window<'a, 'b, T: Float> {
    slab: &'a mut Slab<'b, T>,
    plane: usize,
    rows: Range<usize>,
    /// The columns in which the input is not zero.
    columns: Range<usize>,
}

impl<T: Float> WithSimd for Window<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Slab {
            algorithm,
            call,
            ring,
            sums,
            out,
            ..
        } = self.slab;
        let [_, nj, ni] = call.shape;
        let (stride, margin, hi) = (algorithm.sum_stride(), algorithm.margin, algorithm.half[2]);
        let rows = &ring[self.plane * algorithm.plane_stride()..][..algorithm.plane_stride()];
        for sum in sums.chunks_exact_mut(stride) {
            sum[self.columns.start..self.columns.start + margin].fill(T::ZERO);
            sum[self.columns.end + margin..self.columns.end + 2 * margin].fill(T::ZERO);
        }
        let reach = self.columns.start.saturating_sub(hi)..(self.columns.end + hi).min(ni);
        for j in self.rows.clone() {
            for group in &algorithm.groups {
                simd.vectorize(Accumulate {
                    // The ring begins `hj` rows before the first row of the window.
                    taps: &group.taps[(j + algorithm.half[1]) % algorithm.ring()],
                    rows,
                    weights: &group.weights,
                    out: &mut sums[group.first * stride + margin..],
                    stride,
                    count: group.count,
                    columns: self.columns.clone(),
                });
            }
            let row = &mut out[(self.plane * nj + j) * ni..][..ni];
            if !call.out_is_zero {
                row[..reach.start].fill(T::ZERO);
                row[reach.end..].fill(T::ZERO);
            }
            simd.vectorize(Shift {
                sums,
                stride,
                margin: margin + reach.start,
                half: hi,
                out: &mut row[reach.clone()],
            });
        }
    }
}
