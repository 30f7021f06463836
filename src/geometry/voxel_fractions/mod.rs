//! A structure on a dose grid: the volume fraction of each dose voxel that lies inside it.

mod fractions;
mod parallel_grids;
mod turned_grids;

pub use fractions::VoxelFractions;
pub(crate) use fractions::{Run, reserve, rounded};

use super::affine::Affine;
use super::grid::VoxelGrid;
use super::mask::scan_mask;
use super::voxels::{Fraction, Voxels};
use crate::error::Result;
use crate::parallel::Workers;

/// Axes that drift apart by less than this many dose voxels over the whole structure count as parallel.
const PARALLEL: f64 = 1e-4;

/// Converts a structure on its own grid to voxel fractions on a dose grid.
///
/// The structure is the union of its mask's voxel boxes, each weighted by the mask's value; a dose voxel's fraction is
/// the share of its box inside. Parallel grids (permuted, flipped, shifted, of any voxel size) are integrated exactly;
/// others by the point set of `sample_points.rs`. The result does not depend on the number of threads.
///
/// Errors if a grid is empty, a mask value is not within [0, 1], or memory does not suffice.
pub fn voxel_fractions<M: Voxels<Element: Fraction>>(
    mask: &M,
    mask_affine: &Affine,
    shape: [usize; 3],
    affine: &Affine,
    workers: &Workers<'_>,
) -> Result<VoxelFractions> {
    VoxelGrid::new(shape, [1.0; 3])?;
    let Some(found) = scan_mask(mask, workers)? else {
        return Ok(VoxelFractions::nothing(shape, 0.0));
    };
    let map = mask_affine.to_index_of(affine);
    let (low, high, clipped) = found.reach(&map, shape);
    if (0..3).any(|a| low[a] >= high[a]) {
        return Ok(VoxelFractions::nothing(shape, 1.0));
    }
    let box_shape = [0, 1, 2].map(|a| high[a] - low[a]);
    let (weights, inside) = match map.aligned_axes(found.box_shape(), PARALLEL) {
        Some(axes) => parallel_grids::integrate(mask, &found, &map, axes, low, box_shape, workers)?,
        None => turned_grids::sample(mask, &found, &affine.to_index_of(mask_affine), low, box_shape, workers)?,
    };
    let outside = if clipped {
        1.0 - inside / (found.total * map.volume_ratio())
    } else {
        0.0
    };
    VoxelFractions::cropped(shape, low, box_shape, weights, outside.clamp(0.0, 1.0))
}
