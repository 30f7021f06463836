//! FFT along one axis, direct along the two others: for kernels of half size 4 to 8.
//!
//! Rows of the map are transformed along axis 1 with neighboring columns (axis 2) as lanes, so nothing is transposed
//! (`lane_fft`). Per frequency remains the folded 2-D sum over axes 0 and 2 (`taps`): `(hk + 1)(hi + 1)` multiplications
//! instead of `(hk + 1)(hj + 1)(hi + 1)`. The spectrum of an even kernel is real, so the real and the imaginary part of
//! a transform carry two maps that do not meet: two blocks of rows (`overlap_save`), or the two halves of the planes.
//! Transformed planes live in a ring in the last cache, one row of it per plane, frequency and part; the sum of a plane
//! overwrites the oldest one. The input is read and the output written once.
//!
//! Only the bounding box of the non-zeros, and what the kernel reaches from there, is computed. Limited by the
//! multiplications of the 2-D sum, then by the loads and stores of the transforms.

mod passes;

use std::ops::Range;
use std::sync::OnceLock;

use super::lane_fft::LaneFft;
use super::octant::Octant;
use super::overlap_save::{Block, blocks};
use super::planes::{LANES, parts, widened, zero};
use super::taps::most_accumulators;
use super::workspace::Pool;
use super::{Call, Form};
use crate::error::{Error, Result};
use crate::parallel::try_for_each;
use crate::simd::{Element, Path};

use passes::Item;

/// Planes that are summed per pass over the ring.
const PLANES: usize = 8;
/// The longest transform: its work array should stay in the first cache, and its ring in the last.
pub(super) const LONGEST: usize = 640;

/// A ring of this many bytes doubles the time (fitted to 256^3 with half sizes of 6, two threads, where rings of 6 to 9
/// MiB each were fastest).
const CACHE: f64 = 72.0 * (1 << 20) as f64;

/// Tables of the form.
pub(super) struct FftDirect<T> {
    octant: Octant,
    most_accumulators: usize,
    /// Per length of a transform, made at its first use.
    spectra: Vec<(usize, OnceLock<Spectrum<T>>)>,
    /// Elements that a worker takes; no division of a part of the map takes more.
    workspace: usize,
}

/// A transform and the kernel in its terms.
struct Spectrum<T> {
    fft: LaneFft<T>,
    groups: Vec<Group<T>>,
}

/// Some of the `hi + 1` accumulators.
struct Group<T> {
    first: usize,
    count: usize,
    /// Per position in the spectrum and plane offset, one for each accumulator.
    weights: Vec<T>,
    /// Per plane offset, how many have weights that are not zero.
    accumulators: Vec<usize>,
}

/// How a box of the map is divided.
#[derive(Debug, Clone)]
struct Division {
    /// Which of the spectra.
    spectrum: usize,
    blocks: Vec<Block>,
    /// The imaginary part carries the second half of the planes, not the next block.
    halves: bool,
    /// Output planes of the real part.
    planes: usize,
    /// Elements between two rows of the ring, and between two planes.
    row_stride: usize,
    plane_stride: usize,
    workspace: usize,
    cost: f64,
}

impl<T: Element> FftDirect<T> {
    pub fn new(shape: [usize; 3], octant: &Octant, path: Path) -> Result<Self> {
        let spectra = (0..=LONGEST).filter(|&n| LaneFft::<T>::has_length(n)).map(|n| (n, OnceLock::new()));
        let mut form = Self {
            octant: octant.clone(),
            most_accumulators: most_accumulators(path),
            spectra: spectra.collect(),
            workspace: usize::MAX,
        };
        let whole = shape.map(|n| 0..n);
        let division = form.divide(&whole, &whole).ok_or_else(|| {
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
        form.workspace = division.workspace;
        Ok(form)
    }

    /// The cheapest division, in rough cycles per vector: those of a transform are its loads and stores, those of the
    /// sum its multiplications and the shifts; more where the ring takes more of the last cache.
    fn divide(&self, inputs: &[Range<usize>; 3], outputs: &[Range<usize>; 3]) -> Option<Division> {
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

    fn margin(&self) -> usize {
        (2 * self.octant.half()[2] + 2 * LANES).next_multiple_of(LANES)
    }
    fn sum_stride(&self, row_stride: usize) -> usize {
        row_stride + 2 * self.margin()
    }

    fn spectrum(&self, index: usize) -> &Spectrum<T> {
        let (length, spectrum) = &self.spectra[index];
        spectrum.get_or_init(|| Spectrum::new(*length, &self.octant, self.most_accumulators))
    }
}

impl<T: Element> Spectrum<T> {
    /// The kernel's spectrum along axis 1, in the order of the transform, divided by its length.
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

impl<T: Element> Form<T> for FftDirect<T> {
    fn workspace_bytes(&self, threads: usize) -> u64 {
        let [hk, _, hi] = self.octant.half();
        let elements: usize = self.spectra.iter().map(|(length, _)| length * (hk + 1) * (hi + 1)).sum();
        threads as u64 * Pool::<T>::bytes(self.workspace) + (elements * size_of::<T>()) as u64
    }

    fn apply(&self, call: &Call<'_, T>, out: &mut [T]) -> Result<()> {
        let [_, nj, ni] = call.shape;
        let half = self.octant.half();
        let (Some(support), Some(reach)) = (call.support.bounds(), call.support.reach(half, call.shape)) else {
            return zero(call, out.chunks_mut(nj * ni));
        };
        let whole_vectors = |[k, j, i]: &[Range<usize>; 3]| [k.clone(), j.clone(), widened(i, ni)];
        let (inputs, outputs) = (whole_vectors(support), whole_vectors(&reach));
        let division = self.divide(&inputs, &outputs).expect("the division of the whole map serves a part of it");
        let spectrum = self.spectrum(division.spectrum);

        let parts = parts(call, out, &outputs, &division.blocks, division.halves)?;
        let items = parts.into_iter().map(|part| Item {
            form: self,
            call,
            division: &division,
            spectrum,
            support: inputs[0].clone(),
            taken: inputs[2].clone(),
            given: outputs[2].clone(),
            blocks: part.blocks.map(|block| &division.blocks[block]),
            origins: part.origins,
            planes: part.planes,
            out: part.rows,
        });
        try_for_each(items, call.threads, call.cancellation, |item| call.path.run(item))
    }
}
