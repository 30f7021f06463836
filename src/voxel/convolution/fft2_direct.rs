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

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use pulp::{Scalar, Simd, WithSimd};

use super::lane_fft::{Complex, LaneFft, Sink, Source, load, store};
use super::octant::Octant;
use super::overlap_save::{Block, blocks};
use super::planes::{LANES, Rows, RowsMut, Spectra, parts, touch, vectors, widened, zero};
use super::workspace::Pool;
use super::{Call, Form};
use crate::error::{Error, Result};
use crate::parallel::try_for_each;
use crate::simd::Element;

/// Planes that are summed per pass over the ring.
const PLANES: usize = 16;
/// Frequencies of axis 1 that are transposed and transformed together.
const TILE: usize = LANES;
/// Elements of a transposed column: both parts of the tile.
const COLUMN: usize = 2 * TILE;
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
            return zero(call, out.chunks_mut(call.shape[1] * call.shape[2]).collect());
        };
        let division =
            self.divide(call.shape, support, &reach).expect("the division of the whole map serves a part of it");
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
        try_for_each(items.collect(), call.threads, call.cancellation, |item| call.path.run(item))
    }
}

/// Some planes of a pair of blocks.
struct Item<'a, T: Element> {
    hk: usize,
    call: &'a Call<'a, T>,
    workspace: usize,
    division: &'a Division,
    spectrum: &'a Spectrum<T>,
    support: Range<usize>,
    blocks: [&'a Block; 2],
    origins: [usize; 2],
    planes: Range<usize>,
    out: Vec<[&'a mut [T]; 2]>,
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

/// Sixteen columns of a tile, from its rows: row `2 f + c` is part `c` of frequency `f`.
#[inline(always)]
fn to_columns<T: Element>(rows: &[T], stride: usize, columns: &mut [T; TILE * COLUMN]) {
    for row in 0..COLUMN {
        let values = &rows[row * stride..][..TILE];
        for (i, value) in values.iter().enumerate() {
            columns[i * COLUMN + row % 2 * TILE + row / 2] = *value;
        }
    }
}

/// The way back.
#[inline(always)]
fn to_rows<T: Element>(columns: &[T; TILE * COLUMN], stride: usize, rows: &mut [T]) {
    for row in 0..COLUMN {
        let values = &mut rows[row * stride..][..TILE];
        for (i, value) in values.iter_mut().enumerate() {
            *value = columns[i * COLUMN + row % 2 * TILE + row / 2];
        }
    }
}

/// Columns of a transposed tile as a source; zero outside.
struct Columns<'a, T, S> {
    simd: S,
    tile: &'a [T],
    /// The element that is the first column.
    first: usize,
    lane: usize,
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
struct ColumnsMut<'a, T> {
    tile: &'a mut [T],
    first: usize,
    lane: usize,
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
