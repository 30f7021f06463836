//! The depth of each voxel of a box: near the outline by its smoothed fractions, beyond it by the nearest point.

use super::outline::{Outline, OutlineVoxel};
use crate::error::Result;
use crate::memory;
use crate::parallel::Workers;

/// Largest depth of a voxel whose nearest point of the outline counts, in widths of the voxel.
const NEAR: f32 = 0.6;
/// Largest shift that restores the volume, in voxels.
const LARGEST_SHIFT: f32 = 2.0;
/// Bisections of the shift.
const BISECTIONS: usize = 32;

/// Depth and width of each voxel in mm.
pub(super) struct Depths {
    /// Depths that return the fractions of the structure.
    pub depth: Vec<f32>,
    pub width: Vec<f32>,
    /// Depths below the smooth outline.
    pub smooth: Vec<f32>,
}

/// A point of the outline in voxels of the box.
struct OutlinePoint {
    at: [f32; 3],
    /// Outward normal in mm space.
    normal: [f32; 3],
    /// Width of a voxel along the normal in mm.
    width: f32,
}

/// The voxels of a box with a margin around a structure.
pub(super) struct StructureBox<'a> {
    pub shape: [usize; 3],
    pub size_mm: [f32; 3],
    pub fractions: &'a [f32],
}

impl StructureBox<'_> {
    /// Depth and width of each voxel, within a number of voxels of the outline.
    pub(super) fn depths(&self, reach: [usize; 3], workers: &Workers<'_>) -> Result<Depths> {
        let outline = Outline::new(self.fractions, self.shape, self.size_mm, workers)?;
        let points = self.points(&outline, workers)?;
        let mut found = Depths {
            depth: memory::zeroed("depths of a structure", self.fractions.len())?,
            width: memory::zeroed("widths of a structure", self.fractions.len())?,
            smooth: memory::zeroed("depths of a structure", self.fractions.len())?,
        };
        let plane = (self.shape[1] * self.shape[2]).max(1);
        let planes = found.smooth.chunks_mut(plane).zip(found.width.chunks_mut(plane)).enumerate();
        workers.for_each(planes, |(k, (depth, width))| {
            self.plane_depths(k, &outline, &points, reach, depth, width, workers)
        })?;
        found.restore_volume(self.fractions, LARGEST_SHIFT * self.largest_size())?;
        found.return_fractions(self.fractions);
        Ok(found)
    }

    pub(super) fn largest_size(&self) -> f32 {
        self.size_mm.iter().copied().fold(0.0, f32::max)
    }

    /// The point of the outline that is nearest to each voxel that it cuts.
    fn points(&self, outline: &Outline, workers: &Workers<'_>) -> Result<Vec<OutlinePoint>> {
        let mut points = Vec::new();
        let [nk, nj, ni] = self.shape;
        for k in 0..nk {
            workers.check()?;
            for (j, i) in (0..nj).flat_map(|j| (0..ni).map(move |i| (j, i))) {
                let Some(OutlineVoxel { depth, width, normal }) = outline.voxel([k, j, i]) else {
                    continue;
                };
                if depth.abs() <= NEAR * width && normal != [0.0; 3] {
                    let index = [k, j, i].map(|n| n as f32);
                    let at = [0, 1, 2].map(|a| index[a] + depth * normal[a] / self.size_mm[a]);
                    memory::pushed("points of a surface", &mut points, OutlinePoint { at, normal, width })?;
                }
            }
        }
        Ok(points)
    }

    #[expect(clippy::too_many_arguments, reason = "the two slices are parts of one record")]
    fn plane_depths(
        &self,
        k: usize,
        outline: &Outline,
        points: &[OutlinePoint],
        reach: [usize; 3],
        depth: &mut [f32],
        width: &mut [f32],
        workers: &Workers<'_>,
    ) -> Result<()> {
        let mut nearest = memory::filled("distances to a surface", f32::INFINITY, depth.len())?;
        for (n, point) in points.iter().enumerate() {
            if n % 1024 == 0 {
                workers.check()?;
            }
            self.approach(k, point, reach, &mut nearest, depth, width);
        }
        // No displacement reaches a voxel as deep as the margin. A finite depth keeps the interpolation smooth.
        let beyond = (0..3).map(|a| reach[a] as f32 * self.size_mm[a]).fold(0.0f32, f32::max);
        for at in 0..depth.len() {
            let index = [k, at / self.shape[2], at % self.shape[2]];
            if let Some(voxel) = outline.voxel(index) {
                (depth[at], width[at]) = (voxel.depth, voxel.width);
                continue;
            }
            if nearest[at].is_infinite() {
                (nearest[at], depth[at], width[at]) = (0.0, beyond, self.largest_size());
            }
            // The outline does not cut a voxel that is not near it. The tangent plane of a point is no outline far from that
            // point, such as beyond the edge of a structure that the grid cuts.
            let least = (0.5 * width[at]).max(nearest[at].sqrt() - 0.5 * width[at]);
            depth[at] = if outline.is_inside(index) {
                depth[at].abs().max(least)
            } else {
                -depth[at].abs().max(least)
            };
        }
        Ok(())
    }

    /// Gives the voxels of a plane the depth below the tangent plane of a point, if no other point is nearer.
    fn approach(
        &self,
        k: usize,
        point: &OutlinePoint,
        reach: [usize; 3],
        nearest: &mut [f32],
        depth: &mut [f32],
        width: &mut [f32],
    ) {
        // Range of voxels along an axis within the reach of a point.
        let range = |axis: usize| {
            let (low, high) = (point.at[axis] - reach[axis] as f32, point.at[axis] + reach[axis] as f32);
            (low.ceil().max(0.0) as usize, ((high.floor() + 1.0).max(0.0) as usize).min(self.shape[axis]))
        };
        if (k as f32 - point.at[0]).abs() > reach[0] as f32 {
            return;
        }
        let away = |axis: usize, index: usize| (index as f32 - point.at[axis]) * self.size_mm[axis];
        let away_k = away(0, k);
        let ((first_j, end_j), (first_i, end_i)) = (range(1), range(2));
        for j in first_j..end_j {
            let away_j = away(1, j);
            for i in first_i..end_i {
                let (away_i, at) = (away(2, i), j * self.shape[2] + i);
                let distance = away_k * away_k + away_j * away_j + away_i * away_i;
                if distance < nearest[at] {
                    nearest[at] = distance;
                    let normal = point.normal;
                    depth[at] = -(away_k * normal[0] + away_j * normal[1] + away_i * normal[2]);
                    width[at] = point.width;
                }
            }
        }
    }
}

impl Depths {
    /// Shifts the smooth depths by the same distance, at most `largest`, so that the volume is that of the fractions.
    ///
    /// Smoothing displaces a curved outline inward. The volume grows with the shift, so that it is found by bisection.
    fn restore_volume(&mut self, fractions: &[f32], largest: f32) -> Result<()> {
        let voxels = self.smooth.iter().zip(&self.width).map(|(&d, &w)| [d, w]);
        let is_near = |[d, w]: &[f32; 2]| d.abs() < largest + 0.5 * w;
        let inside = voxels.clone().filter(|voxel| !is_near(voxel) && voxel[0] > 0.0).count();
        let near = memory::collected("voxels near a surface", voxels.filter(is_near))?;
        if near.is_empty() {
            return Ok(());
        }
        let volume = fractions.iter().map(|&f| f64::from(f)).sum::<f64>() - inside as f64;
        let volume_at = |shift: f32| {
            let fraction = |[d, w]: &[f32; 2]| f64::from((0.5 + (d + shift) / w).clamp(0.0, 1.0));
            near.iter().map(fraction).sum::<f64>()
        };
        let (mut low, mut high) = (-largest, largest);
        for _ in 0..BISECTIONS {
            let middle = 0.5 * (low + high);
            if volume_at(middle) < volume {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.smooth.iter_mut().for_each(|d| *d += 0.5 * (low + high));
        Ok(())
    }

    /// Sets the depths that return the fractions of the structure.
    ///
    /// A voxel that the surface cuts has the depth of its fraction. A whole voxel keeps its smooth depth, but at least half
    /// of its width.
    fn return_fractions(&mut self, fractions: &[f32]) {
        let voxels = self.depth.iter_mut().zip(&self.smooth).zip(&self.width).zip(fractions);
        for (((depth, &smooth), &width), &fraction) in voxels {
            *depth = match fraction {
                1.0 => smooth.max(0.5 * width),
                0.0 => smooth.min(-0.5 * width),
                _ => (fraction - 0.5) * width,
            };
        }
    }
}
