//! The passes over planes: into the ring, the sums there, and back out of it.

use std::ops::Range;

use pulp::{Scalar, Simd, WithSimd};

use super::tile::{COLUMN, Columns, ColumnsMut, TILE, to_columns, to_rows};
use super::{Division, PLANES, Spectrum};
use crate::error::Result;
use crate::simd::Element;
use crate::voxel::convolution::Call;
use crate::voxel::convolution::complex::{load, store};
use crate::voxel::convolution::overlap_save::Block;
use crate::voxel::convolution::planes::{Rows, RowsMut, Spectra, touch, vectors};

/// Some planes of a pair of blocks.
pub(super) struct Item<'a, T: Element> {
    pub hk: usize,
    pub call: &'a Call<'a, T>,
    pub workspace: usize,
    pub division: &'a Division,
    pub spectrum: &'a Spectrum<T>,
    pub support: Range<usize>,
    pub blocks: [&'a Block; 2],
    pub origins: [usize; 2],
    pub planes: Range<usize>,
    pub out: Vec<[&'a mut [T]; 2]>,
}

/// Scratch memory of a worker.
struct Scratch<'a, T> {
    ring: &'a mut [T],
    rows: &'a mut [T],
    tile: &'a mut [T],
    work: &'a mut [T],
}

impl<T: Element> WithSimd for Item<'_, T> {
    type Output = Result<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> Result<()> {
        if T::lanes::<S>() > self.division.taken.len() {
            return Scalar.vectorize(self);
        }
        let mut buffer = self.call.pool.take(self.workspace)?;
        let [ring, rows, tile, _] = self.division.buffers(self.hk);
        let (ring, rest) = buffer.split_at_mut(ring);
        let (rows, rest) = rest.split_at_mut(rows);
        let (tile, work) = rest.split_at_mut(tile);
        // The plane of zeros, and the rows that fill the last tile.
        ring[self.zeros()..].fill(T::ZERO);
        rows.fill(T::ZERO);
        let mut scratch = Scratch { ring, rows, tile, work };
        let mut transformed = self.planes.start as isize - self.hk as isize;
        let mut out = std::mem::take(&mut self.out).into_iter();
        for begin in self.planes.clone().step_by(PLANES) {
            let planes = begin..(begin + PLANES).min(self.planes.end);
            let end = (planes.end + self.hk) as isize;
            for plane in (transformed..end).filter(|&plane| self.is_present(plane)) {
                self.call.cancellation.check()?;
                simd.vectorize(Forward {
                    item: &self,
                    plane,
                    scratch: &mut scratch,
                });
            }
            transformed = end;
            self.call.cancellation.check()?;
            simd.vectorize(Sum {
                item: &self,
                planes: planes.clone(),
                ring: &mut *scratch.ring,
            });
            for plane in planes {
                self.call.cancellation.check()?;
                simd.vectorize(Inverse {
                    item: &self,
                    plane,
                    scratch: &mut scratch,
                    out: out.next().expect("rows of every plane"),
                });
            }
        }
        Ok(())
    }
}

impl<T: Element> Item<'_, T> {
    /// The plane of the map, where it is not zero.
    fn plane(&self, plane: isize, part: usize) -> Option<usize> {
        self.origins[part].checked_add_signed(plane).filter(|k| self.support.contains(k))
    }
    fn is_present(&self, plane: isize) -> bool {
        (0..2).any(|part| self.plane(plane, part).is_some())
    }
    /// Where a plane begins in the ring. The sum of `plane` goes to where `plane - hk` was.
    fn slot(&self, plane: isize) -> usize {
        let at = (plane + self.hk as isize - self.planes.start as isize) as usize;
        at % self.division.slots(self.hk) * self.division.plane()
    }
    /// Where the plane of zeros begins.
    fn zeros(&self) -> usize {
        self.division.slots(self.hk) * self.division.plane()
    }
}

/// Transforms a plane into the ring.
struct Forward<'a, 'b, T: Element> {
    item: &'a Item<'b, T>,
    plane: isize,
    scratch: &'a mut Scratch<'b, T>,
}

impl<T: Element> WithSimd for Forward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let item = self.item;
        let Division {
            columns,
            taken,
            row_stride: stride,
            ..
        } = item.division;
        let [_, nj, ni] = item.call.shape;
        let Scratch { ring, rows, tile, work } = self.scratch;
        let input = [0, 1].map(|part| {
            let Block { inputs, .. } = item.blocks[part];
            item.plane(self.plane, part)
                .map_or(&[][..], |k| &item.call.input[(k * nj + inputs.start) * ni..(k * nj + inputs.end) * ni])
        });
        for column in vectors(taken.len(), T::lanes::<S>()) {
            let next = column + T::lanes::<S>();
            if next < taken.len() {
                input.iter().for_each(|rows| touch(rows, ni, taken.start + next));
                touch(rows, *stride, next);
            }
            let source = Rows {
                simd,
                rows: input,
                first: item.blocks.map(|block| block.inputs.start - block.origin()),
                ni,
                column: taken.start + column,
            };
            let mut sink = Spectra {
                rows: &mut **rows,
                stride: *stride,
                column,
            };
            item.spectrum.rows.forward(simd, &source, &mut sink, work);
        }
        let tile_length = item.spectrum.columns.length() * COLUMN;
        let ring = &mut ring[item.slot(self.plane)..][..item.division.plane()];
        for (rows, ring) in rows.chunks_exact(COLUMN * stride).zip(ring.chunks_exact_mut(tile_length)) {
            for (block, tile) in tile.as_chunks_mut::<{ TILE * COLUMN }>().0.iter_mut().enumerate() {
                if block * TILE < taken.len() {
                    to_columns(&rows[block * TILE..], *stride, tile);
                }
            }
            let not_zero = (columns.inputs.start - taken.start) * COLUMN..(columns.inputs.end - taken.start) * COLUMN;
            for lane in (0..TILE).step_by(T::lanes::<S>()) {
                let source = Columns {
                    simd,
                    tile: &tile[not_zero.clone()],
                    first: columns.inputs.start - columns.origin(),
                    lane,
                };
                let mut sink = Spectra {
                    rows: &mut *ring,
                    stride: TILE,
                    column: lane,
                };
                item.spectrum.columns.forward(simd, &source, &mut sink, work);
            }
        }
    }
}

/// The sums of some planes, one frequency after the other.
struct Sum<'a, 'b, T: Element> {
    item: &'a Item<'b, T>,
    planes: Range<usize>,
    ring: &'a mut [T],
}

impl<T: Element> WithSimd for Sum<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let item = self.item;
        let hk = item.hk;
        // Where the planes from `planes.start - hk` on are read, and written.
        let begin = self.planes.start as isize - hk as isize;
        let slots: Vec<usize> = (begin..(self.planes.end + hk) as isize).map(|plane| item.slot(plane)).collect();
        let read: Vec<usize> = (begin..)
            .zip(&slots)
            .map(|(plane, slot)| if item.is_present(plane) { *slot } else { item.zeros() })
            .collect();
        let planes = self.planes.len();
        for (column, weights) in item.spectrum.weights.chunks_exact((hk + 1) * TILE).enumerate() {
            for lane in (0..COLUMN).step_by(T::lanes::<S>()) {
                let (at, weights) = (column * COLUMN + lane, &weights[lane % TILE..]);
                let mut plane = 0;
                while planes - plane >= 8 {
                    self.block::<S, 8>(simd, at, weights, &read[plane..], &slots[plane..]);
                    plane += 8;
                }
                while plane < planes {
                    self.block::<S, 1>(simd, at, weights, &read[plane..], &slots[plane..]);
                    plane += 1;
                }
            }
        }
    }
}

impl<T: Element> Sum<'_, '_, T> {
    /// `B` neighboring planes.
    #[inline(always)]
    fn block<S: Simd, const B: usize>(&mut self, simd: S, at: usize, weights: &[T], read: &[usize], slots: &[usize]) {
        let hk = self.item.hk;
        let ring = &mut *self.ring;
        let weight: T::Vector<S> = load(weights, 0);
        let mut sums: [T::Vector<S>; B] =
            std::array::from_fn(|b| T::mul(simd, weight, load::<T, S>(ring, read[hk + b] + at)));
        for d in 1..=hk {
            let weight = load(weights, d * TILE);
            let (before, after) = (&read[hk - d..][..B], &read[hk + d..][..B]);
            for b in 0..B {
                let mirrored = T::add(simd, load::<T, S>(ring, before[b] + at), load::<T, S>(ring, after[b] + at));
                sums[b] = T::mul_add(simd, weight, mirrored, sums[b]);
            }
        }
        for (slot, sum) in slots.iter().zip(sums) {
            store(ring, slot + at, sum);
        }
    }
}

/// Transforms the sum of a plane back.
struct Inverse<'a, 'b, T: Element> {
    item: &'a Item<'b, T>,
    plane: usize,
    scratch: &'a mut Scratch<'b, T>,
    out: [&'a mut [T]; 2],
}

impl<T: Element> WithSimd for Inverse<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let item = self.item;
        let Division {
            columns,
            given,
            row_stride: stride,
            ..
        } = item.division;
        let ni = item.call.shape[2];
        let Scratch { ring, rows, tile, work } = self.scratch;
        let tile_length = item.spectrum.columns.length() * COLUMN;
        let ring = &ring[item.slot(self.plane as isize - item.hk as isize)..][..item.division.plane()];
        let reached = (columns.outputs.start - given.start) * COLUMN..(columns.outputs.end - given.start) * COLUMN;
        tile[..reached.start].fill(T::ZERO);
        tile[reached.end..].fill(T::ZERO);
        for (rows, ring) in rows.chunks_exact_mut(COLUMN * stride).zip(ring.chunks_exact(tile_length)) {
            for lane in (0..TILE).step_by(T::lanes::<S>()) {
                let source = Spectra {
                    rows: ring,
                    stride: TILE,
                    column: lane,
                };
                let mut sink = ColumnsMut {
                    tile: &mut tile[reached.clone()],
                    first: columns.outputs.start - columns.origin(),
                    lane,
                };
                item.spectrum.columns.inverse(simd, &source, &mut sink, work);
            }
            for (block, tile) in tile.as_chunks::<{ TILE * COLUMN }>().0.iter().enumerate() {
                if block * TILE < given.len() {
                    to_rows(tile, *stride, &mut rows[block * TILE..]);
                }
            }
        }
        let [re, im] = self.out;
        for column in vectors(given.len(), T::lanes::<S>()) {
            let next = column + T::lanes::<S>();
            if next < given.len() {
                touch(re, ni, given.start + next);
                touch(im, ni, given.start + next);
                touch(rows, *stride, next);
            }
            let source = Spectra {
                rows: &**rows,
                stride: *stride,
                column,
            };
            let mut sink = RowsMut {
                rows: [&mut *re, &mut *im],
                first: item.blocks.map(|block| block.outputs.start - block.origin()),
                ni,
                column: given.start + column,
            };
            item.spectrum.rows.inverse(simd, &source, &mut sink, work);
        }
        if !item.call.out_is_zero {
            for row in re.chunks_exact_mut(ni).chain(im.chunks_exact_mut(ni)) {
                row[..given.start].fill(T::ZERO);
                row[given.end..].fill(T::ZERO);
            }
        }
    }
}
