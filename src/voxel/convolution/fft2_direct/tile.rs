//! Tiles of frequencies, transposed: their columns as what a transform reads and writes.

use pulp::Simd;

use crate::simd::Element;
use crate::voxel::convolution::complex::{Complex, load, store};
use crate::voxel::convolution::lane_fft::{Sink, Source};
use crate::voxel::convolution::planes::LANES;

/// Frequencies of axis 1 that are transposed and transformed together.
pub(super) const TILE: usize = LANES;
/// Elements of a transposed column: both parts of the tile.
pub(super) const COLUMN: usize = 2 * TILE;

/// Rows and columns of a square exchanged, by four perfect shuffles of its elements: each moves the top bit of an index
/// to the bottom. Compilers make vector shuffles of that, three times as fast for `f32` as one element at a time; for
/// `f64` they do not.
#[inline(always)]
fn transpose<T: Element>(square: &mut [T; TILE * TILE]) {
    if size_of::<T>() == 4 {
        for _ in 0..TILE.ilog2() {
            let before = *square;
            let (low, high) = before.split_at(TILE * TILE / 2);
            for ((pair, low), high) in square.as_chunks_mut::<2>().0.iter_mut().zip(low).zip(high) {
                *pair = [*low, *high];
            }
        }
    } else {
        for row in 0..TILE {
            for column in 0..row {
                square.swap(row * TILE + column, column * TILE + row);
            }
        }
    }
}

/// Sixteen columns of a tile, from its rows: row `2 f + c` is part `c` of frequency `f`.
#[inline(always)]
pub(super) fn to_columns<T: Element>(rows: &[T], stride: usize, columns: &mut [T; TILE * COLUMN]) {
    for part in 0..2 {
        let mut square = [T::ZERO; TILE * TILE];
        for (f, row) in square.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
            row.copy_from_slice(&rows[(2 * f + part) * stride..][..TILE]);
        }
        transpose(&mut square);
        for (column, values) in columns.as_chunks_mut::<COLUMN>().0.iter_mut().zip(square.as_chunks::<TILE>().0) {
            column[part * TILE..][..TILE].copy_from_slice(values);
        }
    }
}

/// The way back.
#[inline(always)]
pub(super) fn to_rows<T: Element>(columns: &[T; TILE * COLUMN], stride: usize, rows: &mut [T]) {
    for part in 0..2 {
        let mut square = [T::ZERO; TILE * TILE];
        for (values, column) in square.as_chunks_mut::<TILE>().0.iter_mut().zip(columns.as_chunks::<COLUMN>().0) {
            values.copy_from_slice(&column[part * TILE..][..TILE]);
        }
        transpose(&mut square);
        for (f, row) in square.as_chunks::<TILE>().0.iter().enumerate() {
            rows[(2 * f + part) * stride..][..TILE].copy_from_slice(row);
        }
    }
}

/// Columns of a transposed tile as a source; zero outside.
pub(super) struct Columns<'a, T, S> {
    pub simd: S,
    pub tile: &'a [T],
    /// The element that is the first column.
    pub first: usize,
    pub lane: usize,
}

impl<T: Element, S: Simd> Source<T, S> for Columns<'_, T, S> {
    #[inline(always)]
    fn get(&self, i: usize) -> Complex<T, S> {
        match self.tile.as_chunks::<COLUMN>().0.get(i.wrapping_sub(self.first)) {
            Some(column) => Complex {
                re: load(column, self.lane),
                im: load(column, TILE + self.lane),
            },
            None => {
                let zero = T::splat(self.simd, T::ZERO);
                Complex { re: zero, im: zero }
            }
        }
    }
}

/// Columns of a transposed tile as a sink; what falls outside is not kept.
pub(super) struct ColumnsMut<'a, T> {
    pub tile: &'a mut [T],
    pub first: usize,
    pub lane: usize,
}

impl<T: Element, S: Simd> Sink<T, S> for ColumnsMut<'_, T> {
    #[inline(always)]
    fn put(&mut self, i: usize, value: Complex<T, S>) {
        if let Some(column) = self.tile.as_chunks_mut::<COLUMN>().0.get_mut(i.wrapping_sub(self.first)) {
            store(column, self.lane, value.re);
            store(column, TILE + self.lane, value.im);
        }
    }
}
