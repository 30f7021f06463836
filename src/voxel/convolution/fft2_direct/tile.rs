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

/// Sixteen columns of a tile, from its rows: row `2 f + c` is part `c` of frequency `f`.
#[inline(always)]
pub(super) fn to_columns<T: Element>(rows: &[T], stride: usize, columns: &mut [T; TILE * COLUMN]) {
    for row in 0..COLUMN {
        let values = &rows[row * stride..][..TILE];
        for (i, value) in values.iter().enumerate() {
            columns[i * COLUMN + row % 2 * TILE + row / 2] = *value;
        }
    }
}

/// The way back.
#[inline(always)]
pub(super) fn to_rows<T: Element>(columns: &[T; TILE * COLUMN], stride: usize, rows: &mut [T]) {
    for row in 0..COLUMN {
        let values = &mut rows[row * stride..][..TILE];
        for (i, value) in values.iter_mut().enumerate() {
            *value = columns[i * COLUMN + row % 2 * TILE + row / 2];
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
