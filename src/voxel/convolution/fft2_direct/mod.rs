//! FFT along the two faster axes, direct along the slowest: for kernels of half size above 8.
//!
//! Rows of a plane are transformed along axis 1 with columns as lanes, as in `fft_direct`. Tiles of sixteen of the
//! resulting frequencies are then transposed, and transformed along axis 2 with these frequencies as lanes. The spectrum
//! of an even kernel is real along both axes, so what remains per frequency is a folded sum over axis 0 with real
//! weights, `hk + 1` multiplications; and the two parts of the first transform carry two maps, as in `fft_direct`.
//! Transformed planes live in a ring; the sum of a plane overwrites the oldest one, and the way back is the same.
//!
//! Only the bounding box of the non-zeros, and what the kernel reaches from there, is computed. Limited by the bandwidth
//! of the last cache or of memory, as a ring of `2 hk` and more planes is larger than what lies nearer, then by the
//! loads and stores of the transforms; the weights are as large as `hk + 1` halves of a plane.

mod passes;
mod tile;

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::lane_fft::LaneFft;
use super::octant::Octant;
use super::overlap_save::{Block, blocks};
use super::planes::{LANES, parts, widened, zero};
use super::workspace::Pool;
use super::{Call, Form};
use crate::error::{Error, Result};
use crate::memory;
use crate::parallel::try_for_each;
use crate::simd::Element;

use passes::Item;
use tile::{COLUMN, TILE};

/// Planes that are summed per pass over the ring.
const PLANES: usize = 16;
/// The longest transform.
pub(super) const LONGEST: usize = 4096;
/// Kernel spectra that are kept, for boxes of different sizes.
const KEPT: usize = 4;

/// Tables of the form.
pub(super) struct Fft2Direct<T> {
    octant: Octant,
    spectra: Mutex<Vec<Arc<Spectrum<T>>>>,
    /// Elements that a worker takes, and of one kernel spectrum; no division of a part of the map takes more.
    workspace: usize,
    weights: usize,
}

/// The transforms and the kernel in their terms.
struct Spectrum<T> {
    rows: LaneFft<T>,
    columns: LaneFft<T>,
    /// Per tile, position along axis 2 and plane offset: a weight for each frequency of the tile.
    weights: Vec<T>,
}

/// How a box of the map is divided.
#[derive(Debug, Clone)]
struct Division {
    lengths: [usize; 2],
    blocks: Vec<Block>,
    halves: bool,
    planes: usize,
    /// The columns of the input that are not zero, and of the output that the kernel reaches.
    columns: Block,
    /// The same, widened to whole vectors.
    taken: Range<usize>,
    given: Range<usize>,
    /// Elements between two rows of a plane that is half transformed.
    row_stride: usize,
    workspace: usize,
    cost: f64,
}

impl Division {
    fn tiles(&self) -> usize {
        self.lengths[0].div_ceil(TILE)
    }
    /// Elements of a transformed plane.
    fn plane(&self) -> usize {
        self.tiles() * self.lengths[1] * COLUMN
    }
    fn slots(&self, hk: usize) -> usize {
        PLANES.min(self.planes) + 2 * hk
    }
    /// Elements of: the ring and a plane of zeros, a plane that is half transformed, a transposed tile, a transform.
    fn buffers(&self, hk: usize) -> [usize; 4] {
        [
            (self.slots(hk) + 1) * self.plane(),
            self.tiles() * COLUMN * self.row_stride,
            self.row_stride.next_multiple_of(TILE) * COLUMN,
            2 * self.lengths[0].max(self.lengths[1]) * LANES,
        ]
    }
}

impl<T: Element> Fft2Direct<T> {
    pub fn new(shape: [usize; 3], octant: &Octant) -> Result<Self> {
        let mut form = Self {
            octant: octant.clone(),
            spectra: Mutex::default(),
            workspace: usize::MAX,
            weights: usize::MAX,
        };
        let whole = shape.map(|n| 0..n);
        let division = form.divide(shape, &whole, &whole).ok_or_else(|| {
            let extent = shape[2] + octant.half()[2];
            let requirement = format!("<= {LONGEST} for a transform along axis 2");
            Error::out_of_range("columns of the map and half size of the kernel, together,", extent as f64, requirement)
        })?;
        form.workspace = division.workspace;
        form.weights = division.plane() / 2 * (octant.half()[0] + 1);
        Ok(form)
    }

    /// The cheapest division: the number of transformed elements, as all of the work is in proportion to it.
    fn divide(&self, shape: [usize; 3], inputs: &[Range<usize>; 3], outputs: &[Range<usize>; 3]) -> Option<Division> {
        let [hk, hj, hi] = self.octant.half();
        let (columns, needed) = blocks(&outputs[2], &inputs[2], hi, 1);
        let length = smooth::<T>(needed)?;
        let [taken, given] = [&inputs[2], &outputs[2]].map(|columns| widened(columns, shape[2]));
        let line = 64 / size_of::<T>();
        let row_stride = (taken.len().max(given.len()).next_multiple_of(TILE).div_ceil(line) | 1) * line;
        let fewest = outputs[1].len().div_ceil(512);
        let counts = fewest..(fewest + 8).min(outputs[1].len() + 1);
        let candidates = counts.flat_map(|count| [(count, false), (count, true)]);
        let mut best: Option<Division> = None;
        for (count, halves) in candidates.filter(|&(count, halves)| halves || count % 2 == 0) {
            let (blocks, needed) = blocks(&outputs[1], &inputs[1], hj, count);
            let Some(rows) = smooth::<T>(needed) else {
                continue;
            };
            let (pairs, planes) = if halves {
                (count, outputs[0].len().div_ceil(2))
            } else {
                (count / 2, outputs[0].len())
            };
            let mut division = Division {
                lengths: [rows, length],
                blocks,
                halves,
                planes,
                columns: columns[0].clone(),
                taken: taken.clone(),
                given: given.clone(),
                row_stride,
                workspace: 0,
                cost: (pairs * (2 * planes + 2 * hk)) as f64 * rows as f64,
            };
            division.workspace = division.buffers(hk).iter().sum();
            let fits = division.workspace <= self.workspace && division.plane() / 2 * (hk + 1) <= self.weights;
            if fits && best.as_ref().is_none_or(|best| division.cost < best.cost) {
                best = Some(division);
            }
        }
        best
    }

    /// The spectrum for these lengths, from the last ones used or made now.
    fn spectrum(&self, lengths: [usize; 2]) -> Arc<Spectrum<T>> {
        let mut spectra = self.spectra.lock().unwrap_or_else(PoisonError::into_inner);
        let known = spectra.iter().position(|s| [s.rows.length(), s.columns.length()] == lengths);
        let spectrum = match known {
            Some(at) => spectra.remove(at),
            None => Arc::new(Spectrum::new(lengths, &self.octant)),
        };
        spectra.truncate(KEPT - 1);
        spectra.insert(0, spectrum.clone());
        spectrum
    }
}

/// The shortest transform of at least this length.
fn smooth<T: Element>(needed: usize) -> Option<usize> {
    (needed.max(LaneFft::<T>::SHORTEST)..=LONGEST).find(|&n| LaneFft::<T>::has_length(n))
}

impl<T: Element> Spectrum<T> {
    /// The kernel's spectrum along axes 1 and 2, in the order of the transforms, divided by their lengths.
    fn new(lengths: [usize; 2], octant: &Octant) -> Self {
        let [rows, columns] = lengths.map(LaneFft::<T>::new);
        let [hk, hj, hi] = octant.half();
        let cosines = lengths.map(|length| -> Vec<f64> {
            let at = |i: usize| 2.0 * (std::f64::consts::TAU * i as f64 / length as f64).cos();
            (0..length).map(at).collect()
        });
        // The terms of a cosine series: the first one counts once.
        let term = |axis: usize, frequency: usize, d: usize| match d {
            0 => 1.0,
            d => cosines[axis][frequency * d % lengths[axis]],
        };
        let scale = 1.0 / (lengths[0] * lengths[1]) as f64;
        let tiles = lengths[0].div_ceil(TILE);
        let mut weights = vec![T::ZERO; tiles * lengths[1] * (hk + 1) * TILE];
        for position in 0..lengths[0] {
            let frequency = rows.frequency(position);
            for dk in 0..=hk {
                let along_rows: Vec<f64> = (0..=hi)
                    .map(|di| {
                        let at = |dj: usize| octant.at([dk, dj, di].map(|d| d as isize));
                        scale * (0..=hj).map(|dj| at(dj) * term(0, frequency, dj)).sum::<f64>()
                    })
                    .collect();
                for column in 0..lengths[1] {
                    let frequency = columns.frequency(column);
                    let sum: f64 = along_rows.iter().enumerate().map(|(di, k)| k * term(1, frequency, di)).sum();
                    let at = ((position / TILE * lengths[1] + column) * (hk + 1) + dk) * TILE + position % TILE;
                    weights[at] = T::from_f64(sum);
                }
            }
        }
        Self { rows, columns, weights }
    }
}

impl<T: Element> Form<T> for Fft2Direct<T> {
    fn workspace_bytes(&self, threads: usize) -> u64 {
        threads as u64 * Pool::<T>::bytes(self.workspace) + KEPT as u64 * Pool::<T>::bytes(self.weights)
    }

    fn apply(&self, call: &Call<'_, T>, out: &mut [T]) -> Result<()> {
        let half = self.octant.half();
        let (Some(support), Some(reach)) = (call.support.bounds(), call.support.reach(half, call.shape)) else {
            return zero(call, out.chunks_mut(call.shape[1] * call.shape[2]));
        };
        let division =
            self.divide(call.shape, support, &reach).expect("the division of the whole map serves a part of it");
        memory::room("spectrum of the kernel", self.weights.saturating_mul(size_of::<T>()))?;
        let spectrum = self.spectrum(division.lengths);
        let parts = parts(call, out, &reach, &division.blocks, division.halves)?;
        let items = parts.into_iter().map(|part| Item {
            hk: half[0],
            call,
            workspace: self.workspace,
            division: &division,
            spectrum: &spectrum,
            support: support[0].clone(),
            blocks: part.blocks.map(|block| &division.blocks[block]),
            origins: part.origins,
            planes: part.planes,
            out: part.rows,
        });
        try_for_each(items, call.threads, call.cancellation, |item| call.path.run(item))
    }
}
