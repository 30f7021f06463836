//! Displacements that change the volume of a structure as those of its smooth outline do.

use super::depths::Depths;
use crate::error::Result;
use crate::memory;
use crate::parallel::Workers;

/// Displacements on either side of none for which the table holds a replacement.
const NODES: usize = 48;

/// Replacement of each displacement up to a largest one.
///
/// Depths that return the fractions of a structure are not those of a smooth outline. For small displacements of a mask of
/// whole voxels, the volume would grow by half of the area, and later lag by an eighth of a voxel. A displacement is
/// therefore replaced by the one with which these depths change the volume as much as the smooth depths do.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Replacements {
    reach: f32,
    /// Replacements in mm of evenly spaced displacements from `-reach` to `reach`.
    values: Vec<f32>,
}

/// The displacement of a node of a table up to `reach`.
fn node(n: usize, reach: f32) -> f32 {
    (n as f32 / NODES as f32 - 1.0) * reach
}

impl Replacements {
    /// For displacements of at most `reach`, whose replacements may be larger by up to `margin`.
    pub(super) fn new(depths: &Depths, reach: f32, margin: f32, workers: &Workers<'_>) -> Result<Self> {
        let farthest = reach + margin;
        let voxels = depths.depth.iter().zip(&depths.smooth).zip(&depths.width);
        let is_near = |d: f32, w: f32| d.abs() < farthest + 0.5 * w;
        let near = voxels.filter(|&((&d, &s), &w)| is_near(d, w) || is_near(s, w));
        let near = memory::collected("voxels near a surface", near.map(|((&d, &s), &w)| [d, s, w]))?;
        // Volumes of the voxels near the surface. All others do not change with a displacement.
        let volumes = workers.map(2 * NODES + 1, |n| {
            let volume = |which: usize, by: f32| {
                let fraction = |voxel: &[f32; 3]| f64::from((0.5 + (voxel[which] + by) / voxel[2]).clamp(0.0, 1.0));
                near.iter().map(fraction).sum::<f64>()
            };
            Ok((volume(0, node(n, farthest)), volume(1, node(n, reach))))
        })?;
        let mut values = memory::filled("displacements", 0.0, 2 * NODES + 1)?;
        for (n, value) in values.iter_mut().enumerate().filter(|(n, _)| *n != NODES) {
            let target = volumes[NODES].0 + volumes[n].1 - volumes[NODES].1;
            let above = volumes.partition_point(|volume| volume.0 < target).clamp(1, 2 * NODES);
            let (from, to) = (volumes[above - 1].0, volumes[above].0);
            let share = if to > from {
                ((target - from) / (to - from)).clamp(0.0, 1.0) as f32
            } else {
                1.0
            };
            *value = node(above - 1, farthest) + share * (node(above, farthest) - node(above - 1, farthest));
        }
        Ok(Self { reach, values })
    }

    /// The replacement of a displacement in mm, interpolated linearly in the table.
    pub(super) fn of(&self, mm: f32) -> f32 {
        let at = (mm.clamp(-self.reach, self.reach) / self.reach + 1.0) * NODES as f32;
        let below = (at as usize).min(2 * NODES - 1);
        let share = at - below as f32;
        (1.0 - share) * self.values[below] + share * self.values[below + 1]
    }
}
