//! The tables of `fft_direct`: transforms, the kernel's spectra, and the division of a map into blocks and planes.

use std::ops::Range;
use std::sync::OnceLock;

use crate::error::{Error, Result};
use crate::simd::{Float, InstructionSet};
use crate::voxel::convolution::lane_fft::LaneFft;
use crate::voxel::convolution::octant::Octant;
use crate::voxel::convolution::overlap_save::{Block, blocks};
use crate::voxel::convolution::planes::LANES;
use crate::voxel::convolution::taps::most_accumulators;
use crate::voxel::convolution::workspace::Pool;

/// Planes that are summed per pass over the ring.
pub(super) const PLANES: usize = 8;
/// The longest transform: its work array should stay in the first cache, and its ring in the last.
pub(in super::super) const LONGEST: usize = 640;

/// A ring of this many bytes doubles the time (fitted to 256^3 with half sizes of 6, two threads, where rings of 6 to 9
/// MiB each were fastest).
const CACHE: f64 = 72.0 * (1 << 20) as f64;

/// The tables.
pub(in super::super) struct FftDirect<T> {
    pub(super) octant: Octant,
    most_accumulators: usize,
    /// One per length of a transform, made when it is first used.
    pub(super) spectra: Vec<(usize, OnceLock<Spectrum<T>>)>,
    /// Numbers that a worker's scratch memory holds, enough for any part of the map.
    pub(super) workspace: usize,
}

/// A transform and the kernel's spectrum.
pub(super) struct Spectrum<T> {
    pub fft: LaneFft<T>,
    pub groups: Vec<Group<T>>,
}

/// Some of the `hi + 1` accumulators.
pub(super) struct Group<T> {
    pub first: usize,
    pub count: usize,
    /// One weight per position in the spectrum, plane offset and accumulator.
    pub weights: Vec<T>,
    /// Per plane offset, the number of accumulators with weights that are not zero.
    pub accumulators: Vec<usize>,
}

/// The division of a box of the map into blocks of rows.
#[derive(Debug, Clone)]
pub(super) struct Division {
    /// Index of the spectrum.
    pub spectrum: usize,
    pub blocks: Vec<Block>,
    /// The imaginary part carries the second half of the planes, not the next block.
    pub halves: bool,
    /// Output planes of the real part.
    pub planes: usize,
    /// Numbers between two rows of the ring, and between two planes.
    pub row_stride: usize,
    pub plane_stride: usize,
    workspace: usize,
    cost: f64,
}

impl<T: Float> FftDirect<T> {
    pub fn new(shape: [usize; 3], octant: &Octant, instruction_set: InstructionSet) -> Result<Self> {
        let spectra = (0..=LONGEST).filter(|&n| LaneFft::<T>::has_length(n)).map(|n| (n, OnceLock::new()));
        let mut algorithm = Self {
            octant: octant.clone(),
            most_accumulators: most_accumulators(instruction_set),
            spectra: spectra.collect(),
            workspace: usize::MAX,
        };
        let whole = shape.map(|n| 0..n);
        let division = algorithm.divide(&whole, &whole).ok_or_else(|| {
            Error::out_of_range(
                "kernel half size along axis 1",
                octant.half()[1] as f64,
                "small enough for one transform",
            )
        })?;
        if u32::try_from(division.workspace).is_err() {
            return Err(Error::Memory {
                quantity: "the ring of transformed planes".into(),
                bytes: Pool::<T>::bytes(division.workspace),
            });
        }
        algorithm.workspace = division.workspace;
        Ok(algorithm)
    }

    /// The cheapest division. The cost is in rough cycles per vector: loads and stores of the transforms, and
    /// multiplications and shifts of the sum. It rises with the share of the last cache that the ring occupies.
    pub(super) fn divide(&self, inputs: &[Range<usize>; 3], outputs: &[Range<usize>; 3]) -> Option<Division> {
        let [hk, hj, hi] = self.octant.half();
        let accumulate = (hk + (hk + 1) * (hi + 1)) as f64;
        let [taken, given] = [inputs[2].len(), outputs[2].len()].map(|n| n.div_ceil(LANES) as f64);
        let line = 64 / size_of::<T>();
        let columns = inputs[2].len().max(outputs[2].len()).next_multiple_of(LANES);
        // An odd number of cache lines, so that the rows of a column do not share cache sets.
        let row_stride = (columns.div_ceil(line) | 1) * line;
        let fewest = outputs[1].len().div_ceil(LONGEST.saturating_sub(2 * hj).max(1));
        let counts = fewest..(fewest + 16).min(outputs[1].len() + 1);
        let candidates = counts.flat_map(|count| [(count, false), (count, true)]);
        let mut best: Option<Division> = None;
        for (count, halves) in candidates.filter(|&(count, halves)| halves || count % 2 == 0) {
            let (blocks, needed) = blocks(&outputs[1], &inputs[1], hj, count);
            let Some(spectrum) = self.spectra.iter().position(|(n, _)| *n >= needed) else {
                continue;
            };
            let length = self.spectra[spectrum].0;
            let (pairs, planes) = if halves {
                (count, outputs[0].len().div_ceil(2))
            } else {
                (count / 2, outputs[0].len())
            };
            // One row after a multiple of the first cache's 64 sets, so that the rows of a frequency follow each other there.
            let plane_stride = (2 * length * row_stride).next_multiple_of(64 * line) + row_stride;
            let sums = (hi + 1) * self.sum_stride(row_stride);
            let workspace = (PLANES.min(planes) + 2 * hk) * plane_stride + 2 * length * LANES + sums;
            let transform = length as f64 * (length as f64).log2() * 4.0;
            let per_plane = transform * given + 2.0 * length as f64 * (accumulate * taken + (2 * hi) as f64 * given);
            let work = pairs as f64 * (planes as f64 * per_plane + (planes + 4 * hk) as f64 * transform * taken);
            let cost = work * (1.0 + (workspace * size_of::<T>()) as f64 / CACHE);
            if workspace <= self.workspace && best.as_ref().is_none_or(|best| cost < best.cost) {
                best = Some(Division {
                    spectrum,
                    blocks,
                    halves,
                    planes,
                    row_stride,
                    plane_stride,
                    workspace,
                    cost,
                });
            }
        }
        best
    }

    pub(super) fn margin(&self) -> usize {
        (2 * self.octant.half()[2] + 2 * LANES).next_multiple_of(LANES)
    }
    pub(super) fn sum_stride(&self, row_stride: usize) -> usize {
        row_stride + 2 * self.margin()
    }

    pub(super) fn spectrum(&self, index: usize) -> &Spectrum<T> {
        let (length, spectrum) = &self.spectra[index];
        spectrum.get_or_init(|| Spectrum::new(*length, &self.octant, self.most_accumulators))
    }
}

impl<T: Float> Spectrum<T> {
    /// The kernel's spectrum along axis 1 in the order of the transform, divided by the transform's length.
    fn new(length: usize, octant: &Octant, most_accumulators: usize) -> Self {
        let fft = LaneFft::new(length);
        let [hk, hj, hi] = octant.half();
        let at = |dk: usize, dj: usize, di: usize| octant.at([dk, dj, di].map(|d| d as isize));
        let cosines: Vec<f64> =
            (0..length).map(|i| (std::f64::consts::TAU * i as f64 / length as f64).cos() * 2.0).collect();
        let number = (hi + 1).div_ceil(most_accumulators);
        let mut first = 0;
        let groups = (0..number).map(|group| {
            let count = (hi + 1 - first).div_ceil(number - group);
            let accumulators = first..first + count;
            first += count;
            let mut weights = Vec::with_capacity(length * (hk + 1) * count);
            for position in 0..length {
                let k = fft.frequency(position);
                for dk in 0..=hk {
                    weights.extend(accumulators.clone().map(|di| {
                        let sum: f64 = (1..=hj).map(|dj| at(dk, dj, di) * cosines[k * dj % length]).sum();
                        T::from_f64((at(dk, 0, di) + sum) / length as f64)
                    }));
                }
            }
            let used = |dk: usize| {
                let last = accumulators.clone().rev().find(|&di| (0..=hj).any(|dj| at(dk, dj, di) != 0.0));
                last.map_or(0, |di| di + 1 - accumulators.start)
            };
            Group {
                first: accumulators.start,
                count,
                weights,
                accumulators: (0..=hk).map(used).collect(),
            }
        });
        Self {
            groups: groups.collect(),
            fft,
        }
    }
}
