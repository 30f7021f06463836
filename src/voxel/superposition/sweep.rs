//! Sweep of all rays of one lattice and direction through the map, slab by slab.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::modes::Complex;
use super::rays::{Rays, segments};
use super::sheet::{Deposits, PADDING, Rows, Sources, union};
use super::step::{Constants, PARTS, Precision, changed};
use crate::error::Result;
use crate::memory;
use crate::parallel::Cancellation;
use crate::simd::Float;

/// The state in the map, and that in the reference medium.
const STATES: usize = 2 * PARTS;

/// Voxels that the rays of a plan run through, in the rows of one order.
pub struct Medium<T> {
    /// Layout of the rows.
    pub rows: Rows,
    /// Mass depth per length: density in g/mL times the factor of the medium.
    pub depth: Vec<T>,
    /// The share of the exact convolution in each voxel, by which the sweep of the reference medium is subtracted.
    pub blend: Vec<T>,
}

/// One sweep.
pub struct Sweep<'a, T> {
    /// The map.
    pub medium: &'a Medium<T>,
    /// The activity.
    pub sources: &'a Sources<T>,
    /// The kernel.
    pub constants: &'a Constants,
    /// The rays.
    pub rays: &'a Rays,
    /// Their voxels, per array axis.
    pub voxel_size_mm: [f64; 3],
    /// Mass depth per length in the uniform medium whose sweep is subtracted.
    pub reference: f64,
    /// The largest mass depth per length of the map and of that medium.
    pub deepest: f64,
    /// States below this are set to zero.
    pub forgotten: f64,
    /// Sums to which deposits are added.
    pub deposits: &'a mut Deposits<T>,
    /// Request of the caller to stop.
    pub cancellation: &'a Cancellation<'a>,
}

/// A transverse axis: its voxels, and the least and greatest of voxel minus ray.
#[derive(Clone, Copy)]
struct Transverse {
    voxels: usize,
    low: isize,
    high: isize,
}

impl Transverse {
    fn new(voxels: usize, offset: f64, slope: f64, slabs: usize) -> Self {
        let ends = [offset, offset + slope * slabs as f64].map(|x| x.floor() as isize);
        Self {
            voxels,
            low: ends[0].min(ends[1]) - 1,
            high: ends[0].max(ends[1]) + 1,
        }
    }

    fn rays(&self) -> usize {
        self.voxels + (self.high - self.low) as usize
    }
}

/// A segment of a slab with all that is the same for its rays.
struct Stretch<T> {
    slab_at: usize,
    shift: [isize; 2],
    path: T,
    /// Of [`Constants::level`].
    level: usize,
    /// `A_k` in the reference medium.
    reference_absorbed: [T; PARTS],
    ends_slab: bool,
}

impl<T: Precision> WithSimd for Sweep<'_, T> {
    /// Energy that left the map, in the unit of the activity.
    type Output = Result<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Result<f64> {
        let rows = &self.medium.rows;
        let slab = self.rays.slab;
        // Axes of the map that rows and lanes count.
        let [row_axis, lane_axis] = [[1, 2], [0, 2], [0, 1]][slab];
        let [planes, per_plane, lanes] = rows.shape;
        let (slabs, transverse) = if slab == 0 {
            (planes, per_plane)
        } else {
            (per_plane, planes)
        };
        let direction = self.rays.direction;
        let length_mm = self.voxel_size_mm[slab] / direction[slab].abs();
        let slope = [row_axis, lane_axis].map(|axis| direction[axis] * length_mm / self.voxel_size_mm[axis]);
        let offset = [row_axis, lane_axis].map(|axis| self.rays.offset[axis]);
        let across = Transverse::new(transverse, offset[0], slope[0], slabs);
        let along = Transverse::new(lanes, offset[1], slope[1], slabs);
        let stretches = self.stretches(offset, slope, slabs, length_mm)?;
        // Of a slab's length, a ray stands for the share of its direction.
        let scale = self.rays.weight / length_mm;
        let constants = self.constants.vectors::<T, S>(simd, scale);
        let per_reference = T::splat(simd, T::from_f64(1.0 / self.reference));
        let width = T::lanes::<S>();
        let mut state = State::new(along.rays().div_ceil(width), width, self.constants.gamma())?;
        for ray_row in 0..across.rays() {
            self.cancellation.check()?;
            let mut before: Option<isize> = None;
            for stretch in &stretches {
                let u = ray_row as isize - across.high + stretch.shift[0];
                if !(0..transverse as isize).contains(&u) {
                    if before.is_some() {
                        break;
                    }
                    continue;
                }
                let lane_shift = stretch.shift[1];
                if let Some(before) = before.filter(|before| *before != lane_shift) {
                    state.leave_side(&along, before, lane_shift);
                }
                before = Some(lane_shift);
                let u = u as usize;
                if state.live.is_empty() && !self.sources.may_lie_in(slab, stretch.slab_at, u) {
                    continue;
                }
                let row = if slab == 0 {
                    stretch.slab_at * per_plane + u
                } else {
                    u * per_plane + stretch.slab_at
                };
                let first = (along.high - lane_shift) as usize;
                state.enter(&self.sources.support[row], first);
                if state.live.is_empty() {
                    continue;
                }
                // Blocks are aligned to rays, so that the first one may begin in the padding before the row.
                let start = row * rows.stride() + PADDING + state.live.start * width - first;
                let voxels = start..start + state.live.len() * width;
                let lanes_of_live = |block: usize| (block * width).saturating_sub(first).min(lanes) as u32;
                let touched = &mut self.deposits.touched[row];
                *touched = union(touched, &(lanes_of_live(state.live.start)..lanes_of_live(state.live.end)));
                let path = T::splat(simd, stretch.path);
                let mut reference_absorbed = [path; PARTS];
                for (to, from) in reference_absorbed.iter_mut().zip(stretch.reference_absorbed) {
                    *to = T::splat(simd, from);
                }
                let (out, _) = T::vectors_mut::<S>(&mut self.deposits.values[voxels.clone()]);
                let (depth, _) = T::vectors::<S>(&self.medium.depth[voxels.clone()]);
                let (blend, _) = T::vectors::<S>(&self.medium.blend[voxels.clone()]);
                let (sigma, _) = T::vectors::<S>(&self.sources.values[voxels]);
                let (blocks, _) = T::vectors_mut::<S>(state.blocks_mut());
                let (blocks, _) = blocks.as_chunks_mut::<STATES>();
                let polynomial = constants.polynomial(stretch.level);
                // The loop is by index, because zipped iterators become calls, each of which costs as much as a block.
                let count = blocks.len();
                let (out, depth, blend, sigma) = (&mut out[..count], &depth[..count], &blend[..count], &sigma[..count]);
                for at in 0..count {
                    let [z0, z1, z2, z3, r0, r1, r2, r3] = blocks[at];
                    let (depth, sigma) = (depth[at], sigma[at]);
                    let (here, reference) = ([z0, z1, z2, z3], [r0, r1, r2, r3]);
                    let absorbed = constants.absorbed(simd, polynomial, T::mul(simd, depth, path));
                    let change = constants.change(simd, absorbed, sigma, here);
                    let activity = T::mul(simd, sigma, depth);
                    let sigma = T::mul(simd, activity, per_reference);
                    let known = constants.change(simd, reference_absorbed, sigma, reference);
                    let emitted = T::mul(simd, activity, path);
                    out[at] = T::add(simd, out[at], constants.deposit(simd, emitted, change, blend[at], known));
                    let [z0, z1, z2, z3] = changed::<T, S>(simd, here, change);
                    let [r0, r1, r2, r3] = changed::<T, S>(simd, reference, known);
                    blocks[at] = [z0, z1, z2, z3, r0, r1, r2, r3];
                }
                if stretch.ends_slab {
                    state.forget(self.forgotten);
                }
            }
            state.leave_all();
        }
        Ok(scale * state.left)
    }
}

impl<T: Precision> Sweep<'_, T> {
    fn stretches(&self, offset: [f64; 2], slope: [f64; 2], slabs: usize, length_mm: f64) -> Result<Vec<Stretch<T>>> {
        let mut stretches = memory::reserved("segments of the rays", 3 * slabs)?;
        for step in 0..slabs {
            let up = self.rays.direction[self.rays.slab] > 0.0;
            let slab_at = if up { step } else { slabs - 1 - step };
            for segment in segments(offset, slope, step) {
                let path_mm = segment.fraction * length_mm;
                let level = self.constants.level(path_mm * self.deepest);
                stretches.push(Stretch {
                    slab_at,
                    shift: segment.shift,
                    path: T::from_f64(path_mm),
                    level,
                    reference_absorbed: self.constants.absorbed(level, path_mm * self.reference).map(T::from_f64),
                    ends_slab: false,
                });
            }
            if let Some(last) = stretches.last_mut() {
                last.ends_slab = true;
            }
        }
        Ok(stretches)
    }
}

/// The states of one row of rays, in blocks of one vector for each of [`STATES`], and the blocks that are not zero.
struct State<T> {
    values: Vec<T>,
    /// Starts of the blocks, chosen so that no vector lies across two lines of the cache.
    base: usize,
    live: Range<usize>,
    width: usize,
    gamma: [Complex; 2],
    /// Energy that left the map, before the weight of the direction.
    left: f64,
}

impl<T: Float> State<T> {
    fn new(blocks: usize, width: usize, gamma: [Complex; 2]) -> Result<Self> {
        const LINE_BYTES: usize = 64;
        let spare = LINE_BYTES / size_of::<T>();
        let values = memory::filled("states of the rays", T::ZERO, blocks * STATES * width + spare)?;
        Ok(Self {
            base: values.as_ptr().align_offset(LINE_BYTES).min(spare),
            values,
            live: 0..0,
            width,
            gamma,
            left: 0.0,
        })
    }

    /// The blocks that are not zero.
    #[inline(always)]
    fn blocks_mut(&mut self) -> &mut [T] {
        let size = STATES * self.width;
        &mut self.values[self.base + self.live.start * size..self.base + self.live.end * size]
    }

    /// Activates the blocks that reach sources.
    #[inline(always)]
    fn enter(&mut self, sources: &Range<u32>, first: usize) {
        if sources.start < sources.end {
            let start = (sources.start as usize + first) / self.width;
            let end = (sources.end as usize + first).div_ceil(self.width);
            self.live = if self.live.is_empty() {
                start..end
            } else {
                self.live.start.min(start)..self.live.end.max(end)
            };
        }
    }

    /// Ends the ray that leaves the map at the side as the shift changes.
    #[inline(always)]
    fn leave_side(&mut self, along: &Transverse, before: isize, after: isize) {
        let last = if after > before { along.voxels - 1 } else { 0 };
        let ray = (along.high - before) as usize + last;
        if self.live.contains(&(ray / self.width)) {
            self.leave(ray);
        }
    }

    /// Ends all rays.
    #[inline(always)]
    fn leave_all(&mut self) {
        for ray in self.live.start * self.width..self.live.end * self.width {
            self.leave(ray);
        }
        self.live = 0..0;
    }

    fn leave(&mut self, ray: usize) {
        let at = self.base + ray / self.width * STATES * self.width + ray % self.width;
        let mut z = [0.0; STATES];
        for (part, z) in z.iter_mut().enumerate() {
            *z = std::mem::take(&mut self.values[at + part * self.width]).to_f64();
        }
        for (k, gamma) in self.gamma.iter().enumerate() {
            self.left += gamma.re * z[2 * k] - gamma.im * z[2 * k + 1];
        }
    }

    /// Drops the blocks at either end whose states are all negligible.
    #[inline(always)]
    fn forget(&mut self, limit: f64) {
        while !self.live.is_empty() && self.is_negligible(self.live.start, limit) {
            self.live.start += 1;
        }
        while !self.live.is_empty() && self.is_negligible(self.live.end - 1, limit) {
            self.live.end -= 1;
        }
    }

    /// Whether all states of a block are below the limit; they are then zero.
    #[inline(always)]
    fn is_negligible(&mut self, block: usize, limit: f64) -> bool {
        let size = STATES * self.width;
        let states = &mut self.values[self.base + block * size..][..size];
        let negligible = states.iter().all(|x| x.to_f64().abs() < limit);
        if negligible {
            states.fill(T::ZERO);
        }
        negligible
    }
}
