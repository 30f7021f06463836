//! A structure on a dose grid: the volume fraction of each dose voxel that lies inside it.

use crate::error::{Error, Result, check};
use crate::geometry::grid::VoxelGrid;
use crate::geometry::mask::scan_mask;
use crate::geometry::voxels::{Fraction, Voxels};
use crate::memory;
use crate::parallel::{Cancellation, Workers};

/// Fractions are multiples of one part in this. float32 then holds them exactly and float64 adds 5e8 of them exactly,
/// so that a volume does not depend on the order of the voxels.
const STEPS: f64 = 16_777_216.0;

/// Consecutive voxels of one row (k, j, i..) that the structure occupies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Run {
    pub k: usize,
    pub j: usize,
    pub i: usize,
    pub length: usize,
    /// Start of the run's weights.
    pub at: usize,
}

/// The fraction of each voxel of a dose grid that lies inside a structure, cropped to the box where it is not zero.
#[derive(Debug, Clone, PartialEq)]
pub struct VoxelFractions {
    shape: [usize; 3],
    origin: [usize; 3],
    box_shape: [usize; 3],
    weights: Vec<f32>,
    runs: Vec<Run>,
    voxels: usize,
    total: f64,
    outside_fraction: f64,
}

impl VoxelFractions {
    /// From a mask on the dose grid itself: booleans, {0, 1} or fractions, rounded to multiples of 2^-24.
    ///
    /// Errors if the mask is empty along an axis or has more than 2^32 voxels, or a value is not within [0, 1].
    pub fn from_mask<M: Voxels<Element: Fraction>>(mask: &M, workers: &Workers<'_>) -> Result<Self> {
        let shape = mask.shape();
        let Some(found) = scan_mask(mask, workers)? else {
            return Ok(Self::nothing(shape, 0.0));
        };
        let box_shape = found.box_shape();
        let mut weights = reserve(box_shape)?;
        for k in found.low[0]..found.high[0] {
            workers.check()?;
            for j in found.low[1]..found.high[1] {
                mask.visit(k, j, found.low[2]..found.high[2], |_, m| weights.push(rounded(m.fraction())));
            }
        }
        Self::cropped(shape, found.low, box_shape, weights, 0.0)
    }

    /// From the results of [`VoxelFractions::origin`], [`VoxelFractions::box_shape`], [`VoxelFractions::weights`] and
    /// the other methods.
    ///
    /// Errors if the box is not inside the shape or a weight is not within [0, 1].
    pub fn from_weights(
        shape: [usize; 3],
        origin: [usize; 3],
        weights: &impl Voxels<Element = f32>,
        outside_fraction: f64,
    ) -> Result<Self> {
        VoxelGrid::new(shape, [1.0; 3])?;
        let outside_fraction = check::fraction("outside fraction", outside_fraction)?;
        let box_shape = weights.shape();
        if (0..3).any(|a| origin[a].checked_add(box_shape[a]).is_none_or(|end| end > shape[a])) {
            return Err(Error::Shape {
                quantity: format!("box of weights at origin {origin:?}"),
                shape: box_shape.to_vec(),
                requirement: format!("inside the grid {shape:?}"),
            });
        }
        if scan_mask(weights, &Workers::new(Some(1), &Cancellation::never())?)?.is_none() {
            return Ok(Self::nothing(shape, outside_fraction));
        }
        let mut values = reserve(box_shape)?;
        for k in 0..box_shape[0] {
            for j in 0..box_shape[1] {
                weights.visit(k, j, 0..box_shape[2], |_, w| values.push(rounded(w.fraction())));
            }
        }
        Self::cropped(shape, origin, box_shape, values, outside_fraction)
    }

    pub(crate) fn nothing(shape: [usize; 3], outside_fraction: f64) -> Self {
        Self {
            shape,
            origin: [0; 3],
            box_shape: [0; 3],
            weights: Vec::new(),
            runs: Vec::new(),
            voxels: 0,
            total: 0.0,
            outside_fraction,
        }
    }

    /// From weights (C order) of a box, some of whose outer planes may be zero.
    pub(crate) fn cropped(
        shape: [usize; 3],
        origin: [usize; 3],
        box_shape: [usize; 3],
        weights: Vec<f32>,
        outside_fraction: f64,
    ) -> Result<Self> {
        let (mut low, mut high) = (box_shape, [0; 3]);
        let rows = || {
            weights
                .chunks_exact(box_shape[2])
                .enumerate()
                .map(|(r, row)| (r / box_shape[1], r % box_shape[1], row))
        };
        for (k, j, row) in rows() {
            let Some(first) = row.iter().position(|&w| w > 0.0) else {
                continue;
            };
            let last = row.iter().rposition(|&w| w > 0.0).unwrap_or(first);
            for (axis, (from, to)) in [(k, k), (j, j), (first, last)].into_iter().enumerate() {
                low[axis] = low[axis].min(from);
                high[axis] = high[axis].max(to + 1);
            }
        }
        if high[0] == 0 {
            return Ok(Self::nothing(shape, outside_fraction));
        }
        let inner = [0, 1, 2].map(|a| high[a] - low[a]);
        let kept: Vec<f32> = if inner == box_shape {
            weights
        } else {
            let mut kept = reserve(inner)?;
            let inside = rows().filter(|(k, j, _)| (low[0]..high[0]).contains(k) && (low[1]..high[1]).contains(j));
            inside.for_each(|(_, _, row)| kept.extend_from_slice(&row[low[2]..high[2]]));
            kept
        };
        let mut this = Self {
            shape,
            origin: [0, 1, 2].map(|a| origin[a] + low[a]),
            box_shape: inner,
            runs: Vec::new(),
            voxels: 0,
            total: kept.iter().map(|&w| f64::from(w)).sum(),
            weights: kept,
            outside_fraction,
        };
        this.runs = this.find_runs()?;
        this.voxels = this.runs.iter().map(|run| run.length).sum();
        Ok(this)
    }

    fn find_runs(&self) -> Result<Vec<Run>> {
        let mut runs = Vec::new();
        for (row, values) in self.weights.chunks_exact(self.box_shape[2]).enumerate() {
            let mut i = 0;
            for same in values.chunk_by(|a, b| (*a > 0.0) == (*b > 0.0)) {
                if same[0] > 0.0 {
                    let run = Run {
                        k: self.origin[0] + row / self.box_shape[1],
                        j: self.origin[1] + row % self.box_shape[1],
                        i: self.origin[2] + i,
                        length: same.len(),
                        at: row * self.box_shape[2] + i,
                    };
                    memory::pushed("runs of the voxel fractions", &mut runs, run)?;
                }
                i += same.len();
            }
        }
        Ok(runs)
    }

    /// Shape of the dose grid.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }
    /// First voxel of the box.
    pub fn origin(&self) -> [usize; 3] {
        self.origin
    }
    /// Shape of the box; zero if the structure occupies no voxel.
    pub fn box_shape(&self) -> [usize; 3] {
        self.box_shape
    }
    /// The box's fractions in C order, multiples of 2^-24 within [0, 1].
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }
    /// Number of voxels that the structure occupies at least in part.
    pub fn voxels(&self) -> usize {
        self.voxels
    }
    /// Sum of the fractions: the structure's volume on the grid in voxels, exact.
    pub fn volume_voxels(&self) -> f64 {
        self.total
    }
    /// The structure's volume on the grid in mL.
    pub fn volume_ml(&self, voxel_volume_ml: f64) -> Result<f64> {
        Ok(self.total * check::positive("voxel volume in mL", voxel_volume_ml)?)
    }
    /// The fraction of every voxel of the grid, C order.
    pub fn to_dense(&self) -> Result<Vec<f32>> {
        let mut dense = reserve(self.shape)?;
        dense.resize(self.shape.iter().product(), 0.0);
        for run in &self.runs {
            let start = (run.k * self.shape[1] + run.j) * self.shape[2] + run.i;
            dense[start..start + run.length].copy_from_slice(&self.weights[run.at..run.at + run.length]);
        }
        Ok(dense)
    }
    /// Share of the structure's volume that lies outside the grid.
    pub fn outside_fraction(&self) -> f64 {
        self.outside_fraction
    }
    /// The runs in consecutive portions of about `size` voxels.
    pub(crate) fn portions(&self, size: usize) -> impl Iterator<Item = &[Run]> {
        let mut held = 0;
        self.runs.chunk_by(move |run, _| {
            held += run.length;
            let full = held >= size;
            if full {
                held = 0;
            }
            !full
        })
    }
    /// Every occupied voxel is occupied as a whole.
    pub(crate) fn is_whole(&self) -> bool {
        self.total == self.voxels as f64
    }
}

/// The nearest multiple of 2^-24 of a number within [0, 1].
pub(crate) fn rounded(fractions: f64) -> f32 {
    let steps = (fractions.min(1.0) * STEPS + 0.5) as u32;
    (f64::from(steps) / STEPS) as f32
}

/// An empty vector with room for a box, or the error that says it does not fit.
pub(crate) fn reserve(box_shape: [usize; 3]) -> Result<Vec<f32>> {
    memory::reserved("voxel fractions", box_shape.iter().product())
}
