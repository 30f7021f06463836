//! The outline of a structure, from its smoothed voxel fractions.
//!
//! A mask of whole voxels has steps at its outline, and their area is 1.5 times that of the outline. The fractions are
//! therefore smoothed by a Gaussian of `s = 0.7` voxels along each axis. Across a plane the smoothed fraction `p` is a
//! normal distribution function `P` of the depth, so that `z = P^-1(p) - P^-1(p_max / 2)` is linear in the depth. The
//! depth in mm is `z / |grad z|` for voxels of any shape. The outline has half of the largest smoothed fraction, which is
//! 1/2 unless the structure is smaller than the smoothing.
//!
//! In the middle of a thin structure the gradient is small. It is taken as at least half of that of a plane,
//! `1 / (h sqrt(s^2 + 1/12))` for voxels of size `h`; 1/12 is the variance within a voxel.

use crate::error::Result;
use crate::error_function::NormalQuantiles;
use crate::memory;
use crate::parallel::Workers;

/// Standard deviation of the smoothing in voxels.
const SIGMA: f64 = 0.7;
/// Reach of the smoothing in voxels.
pub(super) const REACH: usize = 3;
/// Largest `z` of a voxel whose depth is read from the smoothed fractions.
const BAND: f32 = 2.5;

/// The smoothed fractions of a box as normal quantiles.
pub(super) struct Outline {
    box_shape: [usize; 3],
    size_mm: [f32; 3],
    /// Quantile above that of the outline; positive inside.
    z: Vec<f32>,
    least_steepness: f32,
}

/// A voxel near the outline.
pub(super) struct OutlineVoxel {
    /// Depth of its center in mm, positive inside.
    pub depth: f32,
    /// Its width along the normal in mm.
    pub width: f32,
    /// The outward normal in mm space; zero if it is not resolved.
    pub normal: [f32; 3],
}

impl Outline {
    pub(super) fn new(
        fractions: &[f32],
        box_shape: [usize; 3],
        size_mm: [f32; 3],
        workers: &Workers<'_>,
    ) -> Result<Self> {
        let mut z = smoothed(fractions, box_shape, workers)?;
        let largest = z.iter().copied().fold(0.0, f32::max);
        let quantiles = NormalQuantiles::new();
        let level = quantiles.at(0.5 * f64::from(largest));
        let plane = (box_shape[1] * box_shape[2]).max(1);
        workers.for_each(z.chunks_mut(plane), |plane| {
            plane.iter_mut().for_each(|p| *p = (quantiles.at(f64::from(*p)) - level) as f32);
            Ok(())
        })?;
        let largest_size = f64::from(size_mm.iter().copied().fold(0.0, f32::max));
        Ok(Self {
            box_shape,
            size_mm,
            z,
            least_steepness: (0.5 / (largest_size * (SIGMA * SIGMA + 1.0 / 12.0).sqrt())) as f32,
        })
    }

    /// Whether a voxel lies inside of the outline.
    pub(super) fn is_inside(&self, index: [usize; 3]) -> bool {
        self.at(index) > 0.0
    }

    /// A voxel, if it is near the outline.
    pub(super) fn voxel(&self, index: [usize; 3]) -> Option<OutlineVoxel> {
        let z = self.at(index);
        if z.abs() >= BAND {
            return None;
        }
        let gradient = [0, 1, 2].map(|axis| self.slope(index, axis));
        let length = gradient.iter().map(|x| x * x).sum::<f32>().sqrt();
        let steepness = length.max(self.least_steepness);
        let is_resolved = length >= self.least_steepness;
        Some(OutlineVoxel {
            depth: z / steepness,
            width: self.width(gradient.map(|x| x / steepness)),
            normal: gradient.map(|x| if is_resolved { -x / length } else { 0.0 }),
        })
    }

    /// The width of a voxel along a normal in mm, at least half of its smallest size.
    fn width(&self, normal: [f32; 3]) -> f32 {
        let least = self.size_mm.iter().copied().fold(f32::INFINITY, f32::min);
        (0..3).map(|a| (normal[a] * self.size_mm[a]).powi(2)).sum::<f32>().sqrt().max(0.5 * least)
    }

    /// Central difference of `z` per mm along an axis; at the edge of the box it is one-sided.
    fn slope(&self, index: [usize; 3], axis: usize) -> f32 {
        let (mut up, mut down) = (index, index);
        up[axis] = (index[axis] + 1).min(self.box_shape[axis] - 1);
        down[axis] = index[axis].saturating_sub(1);
        let steps = (up[axis] - down[axis]).max(1) as f32;
        (self.at(up) - self.at(down)) / (steps * self.size_mm[axis])
    }

    fn at(&self, index: [usize; 3]) -> f32 {
        self.z[(index[0] * self.box_shape[1] + index[1]) * self.box_shape[2] + index[2]]
    }
}

/// Convolves with a Gaussian along each axis. The outermost voxels continue beyond the box, so that the edge of a grid
/// that cuts a structure is not an outline.
fn smoothed(fractions: &[f32], box_shape: [usize; 3], workers: &Workers<'_>) -> Result<Vec<f32>> {
    let [nk, nj, ni] = box_shape;
    let weights: [f64; REACH + 1] = std::array::from_fn(|n| (-0.5 * (n as f64 / SIGMA).powi(2)).exp());
    let total = 2.0 * weights.iter().sum::<f64>() - weights[0];
    let taps = weights.map(|weight| (weight / total) as f32);
    let mut across = memory::copied("smoothed fractions", fractions)?;
    workers.for_each(across.chunks_mut((nj * ni).max(1)), |plane| {
        let source = memory::copied("fractions of a plane", plane)?;
        smooth_rows(&source, plane, ni, nj, taps);
        for row in plane.chunks_mut(ni) {
            let source = memory::copied("fractions of a row", row)?;
            smooth_rows(&source, row, 1, ni, taps);
        }
        Ok(())
    })?;
    let mut found = memory::zeroed("smoothed fractions", fractions.len())?;
    workers.for_each(found.chunks_mut((nj * ni).max(1)).enumerate(), |(k, plane)| {
        add_neighbors(&across, plane, k, nj * ni, nk, taps);
        Ok(())
    })?;
    Ok(found)
}

/// Smooths rows of `length` values, of which there are `count`, across each other.
fn smooth_rows(source: &[f32], out: &mut [f32], length: usize, count: usize, taps: [f32; REACH + 1]) {
    out.fill(0.0);
    for (n, row) in out.chunks_mut(length).enumerate() {
        add_neighbors(source, row, n, length, count, taps);
    }
}

/// Adds the weighted neighbors of row `n` of `count` to it.
fn add_neighbors(source: &[f32], out: &mut [f32], n: usize, length: usize, count: usize, taps: [f32; REACH + 1]) {
    for step in 0..=2 * REACH {
        let from = (n + step).saturating_sub(REACH).min(count - 1);
        let tap = taps[step.abs_diff(REACH)];
        let row = &source[from * length..][..length];
        out.iter_mut().zip(row).for_each(|(sum, value)| *sum += tap * value);
    }
}
