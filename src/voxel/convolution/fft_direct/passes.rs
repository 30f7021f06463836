//! The passes over planes: transforms into the ring, sums in the ring, and transforms back.

use std::ops::Range;

use pulp::{Scalar, Simd, WithSimd};

use super::tables::{Division, FftDirect, Group, PLANES, Spectrum};
use crate::error::Result;
use crate::simd::Float;
use crate::voxel::convolution::algorithm::Call;
use crate::voxel::convolution::overlap_save::Block;
use crate::voxel::convolution::planes::{LANES, Rows, RowsMut, Spectra, touch, vectors};
use crate::voxel::convolution::taps::{Accumulate, Shift, Tap};

/// Some planes of a pair of blocks. Plane `p` of part `c` is plane `origins[c] + p` of the map.
pub(super) struct Item<'a, T: Float> {
    pub algorithm: &'a FftDirect<T>,
    pub call: &'a Call<'a, T>,
    pub division: &'a Division,
    pub spectrum: &'a Spectrum<T>,
    /// Planes of the map that are not zero.
    pub support: Range<usize>,
    /// Columns of the input, and of the output.
    pub taken: Range<usize>,
    pub given: Range<usize>,
    pub blocks: [&'a Block; 2],
    pub origins: [usize; 2],
    pub planes: Range<usize>,
    /// Output rows, per plane and part.
    pub out: Vec<[&'a mut [T]; 2]>,
}

impl<T: Float> WithSimd for Item<'_, T> {
    type Output = Result<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> Result<()> {
        if T::lanes::<S>() > self.taken.len() {
            return Scalar.vectorize(self);
        }
        let hk = self.algorithm.octant.half()[0];
        let length = self.spectrum.fft.length();
        let mut buffer = self.call.pool.take(self.algorithm.workspace)?;
        let (ring, rest) = buffer.split_at_mut(self.slots() * self.division.plane_stride);
        let (work, sums) = rest.split_at_mut(2 * length * LANES);
        sums.fill(T::ZERO);
        let mut transformed = self.planes.start as isize - hk as isize;
        let mut out = std::mem::take(&mut self.out).into_iter();
        for begin in self.planes.clone().step_by(PLANES) {
            let end = (begin + PLANES).min(self.planes.end);
            for plane in transformed..(end + hk) as isize {
                if self.is_present(plane) {
                    self.call.cancellation.check()?;
                    simd.vectorize(Forward {
                        item: &self,
                        plane,
                        ring: &mut *ring,
                        work: &mut *work,
                    });
                }
            }
            transformed = (end + hk) as isize;
            self.call.cancellation.check()?;
            simd.vectorize(Sum {
                item: &self,
                planes: begin..end,
                ring: &mut *ring,
                sums: &mut *sums,
            });
            for plane in begin..end {
                self.call.cancellation.check()?;
                simd.vectorize(Inverse {
                    item: &self,
                    plane,
                    ring,
                    work: &mut *work,
                    out: out.next().expect("rows of every plane"),
                });
            }
        }
        Ok(())
    }
}

impl<T: Float> Item<'_, T> {
    /// The plane of the map, if it is not zero.
    fn plane(&self, plane: isize, part: usize) -> Option<usize> {
        self.origins[part].checked_add_signed(plane).filter(|k| self.support.contains(k))
    }
    fn is_present(&self, plane: isize) -> bool {
        (0..2).any(|part| self.plane(plane, part).is_some())
    }
    /// Number of planes in the ring.
    fn slots(&self) -> usize {
        PLANES.min(self.division.planes) + 2 * self.algorithm.octant.half()[0]
    }
    /// Index of the first value of a plane in the ring. The sum of `plane` replaces `plane - hk`.
    fn slot(&self, plane: isize) -> usize {
        let hk = self.algorithm.octant.half()[0];
        (plane + hk as isize - self.planes.start as isize) as usize % self.slots() * self.division.plane_stride
    }
}

/// Transforms a plane into the ring.
struct Forward<'a, 'b, T: Float> {
    item: &'a Item<'b, T>,
    plane: isize,
    ring: &'a mut [T],
    work: &'a mut [T],
}

impl<T: Float> WithSimd for Forward<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let item = self.item;
        let [_, nj, ni] = item.call.shape;
        let (fft, width) = (&item.spectrum.fft, item.taken.len());
        let stride = item.division.row_stride;
        let ring = &mut self.ring[item.slot(self.plane)..][..2 * fft.length() * stride];
        let rows = [0, 1].map(|part| {
            let Block { inputs, .. } = item.blocks[part];
            item.plane(self.plane, part)
                .map_or(&[][..], |k| &item.call.input[(k * nj + inputs.start) * ni..(k * nj + inputs.end) * ni])
        });
        for column in vectors(width, T::lanes::<S>()) {
            let source = Rows {
                simd,
                rows,
                first: item.blocks.map(|block| block.inputs.start - block.origin()),
                ni,
                column: item.taken.start + column,
            };
            let next = column + T::lanes::<S>();
            if next < width {
                rows.iter().for_each(|rows| touch(rows, ni, item.taken.start + next));
                touch(ring, stride, next);
            }
            let mut sink = Spectra {
                rows: &mut *ring,
                stride,
                column,
            };
            fft.forward(simd, &source, &mut sink, self.work);
        }
        let padding = width.next_multiple_of(T::lanes::<S>()) - width;
        if padding > 0 {
            for row in ring.chunks_exact_mut(stride) {
                row[width..width + padding].fill(T::ZERO);
            }
        }
    }
}

/// The 2-D sums of some planes, one frequency and part after the other.
struct Sum<'a, 'b, T: Float> {
    item: &'a Item<'b, T>,
    planes: Range<usize>,
    ring: &'a mut [T],
    sums: &'a mut [T],
}

impl<T: Float> WithSimd for Sum<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let item = self.item;
        let [hk, _, hi] = item.algorithm.octant.half();
        let (margin, stride) = (item.algorithm.margin(), item.algorithm.sum_stride(item.division.row_stride));
        let columns = 0..item.taken.len().next_multiple_of(T::lanes::<S>());
        let taps: Vec<Vec<Vec<Tap>>> = (self.planes.clone())
            .map(|plane| item.spectrum.groups.iter().map(|group| item.taps(plane as isize, group)).collect())
            .collect();
        let row_stride = item.division.row_stride;
        for row in 0..2 * item.spectrum.fft.length() {
            let ring = &mut self.ring[row * row_stride..];
            for (plane, taps) in self.planes.clone().zip(&taps) {
                for (group, taps) in item.spectrum.groups.iter().zip(taps) {
                    let step = group.count * (hk + 1);
                    simd.vectorize(Accumulate {
                        taps,
                        rows: ring,
                        weights: &group.weights[row / 2 * step..][..step],
                        out: &mut self.sums[group.first * stride + margin..],
                        stride,
                        count: group.count,
                        columns: columns.clone(),
                    });
                }
                simd.vectorize(Shift {
                    sums: self.sums,
                    stride,
                    margin: margin + item.given.start - item.taken.start,
                    half: hi,
                    out: &mut ring[item.slot(plane as isize - hk as isize)..][..item.given.len()],
                });
            }
        }
    }
}

impl<T: Float> Item<'_, T> {
    /// The taps of an output plane, from planes that are not zero.
    fn taps(&self, plane: isize, group: &Group<T>) -> Vec<Tap> {
        let mut taps = Vec::new();
        for (dk, &accumulators) in group.accumulators.iter().enumerate().filter(|(_, number)| **number > 0) {
            let mirrored = [plane - dk as isize, plane + dk as isize];
            let present = mirrored.into_iter().take(1 + usize::from(dk > 0)).filter(|&plane| self.is_present(plane));
            let (mut rows, mut count) = ([0; 4], 0);
            for plane in present {
                rows[count] = self.slot(plane) as u32;
                count += 1;
            }
            if count > 0 {
                taps.push(Tap {
                    rows,
                    count: count as u32,
                    weights: (dk * group.count) as u32,
                    accumulators: accumulators as u32,
                });
            }
        }
        taps
    }
}

/// Transforms the sum of a plane back.
struct Inverse<'a, 'b, T: Float> {
    item: &'a Item<'b, T>,
    plane: usize,
    ring: &'a [T],
    work: &'a mut [T],
    out: [&'a mut [T]; 2],
}

impl<T: Float> WithSimd for Inverse<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let item = self.item;
        let ni = item.call.shape[2];
        let stride = item.division.row_stride;
        let slot = item.slot(self.plane as isize - item.algorithm.octant.half()[0] as isize);
        let ring = &self.ring[slot..][..2 * item.spectrum.fft.length() * stride];
        let [re, im] = self.out;
        for column in vectors(item.given.len(), T::lanes::<S>()) {
            let source = Spectra {
                rows: ring,
                stride,
                column,
            };
            let next = column + T::lanes::<S>();
            if next < item.given.len() {
                touch(re, ni, item.given.start + next);
                touch(im, ni, item.given.start + next);
                touch(ring, stride, next);
            }
            let mut sink = RowsMut {
                rows: [&mut *re, &mut *im],
                first: item.blocks.map(|block| block.outputs.start - block.origin()),
                ni,
                column: item.given.start + column,
            };
            item.spectrum.fft.inverse(simd, &source, &mut sink, self.work);
        }
        if !item.call.out_is_zero {
            for row in re.chunks_exact_mut(ni).chain(im.chunks_exact_mut(ni)) {
                row[..item.given.start].fill(T::ZERO);
                row[item.given.end..].fill(T::ZERO);
            }
        }
    }
}
