//! Conversion of slabs to a voxel grid.
//!
//! If a grid axis is parallel to the contours' normal, the fraction of a voxel inside a slab is the product of the
//! overlap along the normal and of the polygon's exact area in the voxel's face. Both are summed without sampling. Area
//! is linear in the edges, so every edge of every slab that overlaps a plane of voxels is added with the overlap as its
//! weight, and one running sum makes the plane's fractions. For other grids, the fractions of a fine grid along the
//! solid are converted like masks in `voxel_fractions`.

use super::pixel_areas::PixelAreas;
use super::solid::Solid;
use crate::error::Result;
use crate::geometry::affine::{Affine, IndexMap};
use crate::geometry::voxel_fractions::{VoxelFractions, reserve, rounded, voxel_fractions};
use crate::geometry::voxels::Contiguous;
use crate::memory;
use crate::parallel::Workers;

/// Axes that drift apart by less than this many voxels over the whole structure count as parallel.
const PARALLEL: f64 = 1e-4;
/// Voxels of the fine grid per voxel edge of an oblique one.
const FINER: f64 = 4.0;

pub(super) fn voxel_fractions_of(
    solid: &Solid,
    shape: [usize; 3],
    affine: &Affine,
    workers: &Workers<'_>,
) -> Result<VoxelFractions> {
    let map = solid.axes.affine()?.to_index_of(affine);
    match normal_axis(&map, solid) {
        Some(axis) => along_normal(solid, shape, &map, axis, workers),
        None => through_fine_grid(solid, shape, affine, &map, workers),
    }
}

/// The grid axis along the contours' normal, if there is one. Columns of `map` are (n, v, u).
fn normal_axis(map: &IndexMap, solid: &Solid) -> Option<usize> {
    let [n, v, u] = solid.extent.map(|(low, high)| high - low);
    (0..3).find(|&axis| {
        let drift = map.linear[axis][1].abs() * v + map.linear[axis][2].abs() * u;
        let lean = (0..3).filter(|&a| a != axis).map(|a| map.linear[a][0].abs() * n).fold(0.0, f64::max);
        drift <= PARALLEL && lean <= PARALLEL
    })
}

/// Voxels along one axis that may be touched, and whether the grid cuts the structure there.
fn reach(map: &IndexMap, solid: &Solid, axis: usize, count: usize) -> (usize, usize, bool) {
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let extent = solid.extent;
    for corner in 0..8 {
        let at = [0, 1, 2].map(|a| if corner >> a & 1 == 0 { extent[a].0 } else { extent[a].1 });
        // In units where voxel n spans n .. n + 1.
        let x = map.apply(at)[axis] + 0.5;
        (low, high) = (low.min(x), high.max(x));
    }
    let within = |x: f64| x.clamp(0.0, count as f64) as usize;
    let cut = low < -1e-9 || high > count as f64 + 1e-9;
    (within((low - 1e-9).floor()), within((high + 1e-9).ceil()), cut)
}

fn along_normal(
    solid: &Solid,
    shape: [usize; 3],
    map: &IndexMap,
    axis: usize,
    workers: &Workers<'_>,
) -> Result<VoxelFractions> {
    let [row_axis, column_axis] = [[1, 2], [0, 2], [0, 1]][axis];
    let reaches = [0, 1, 2].map(|a| reach(map, solid, a, shape[a]));
    let low = reaches.map(|r| r.0);
    let box_shape = reaches.map(|r| r.1.saturating_sub(r.0));
    if box_shape.contains(&0) {
        let outside = f64::from(u8::from(solid.volume_mm3 > 0.0));
        return Ok(VoxelFractions::nothing(shape, outside));
    }
    let stride = [box_shape[1] * box_shape[2], box_shape[2], 1];
    let mut weights = reserve(box_shape)?;
    weights.resize(box_shape.iter().product(), 0.0);

    // Positions along the normal in voxels, ordered: (from, to) of each slab.
    let place = |z: f64| map.linear[axis][0] * z + map.offset[axis] + 0.5 - low[axis] as f64;
    let spans: Vec<(f64, f64)> = solid
        .slabs
        .iter()
        .map(|slab| (place(slab.from), place(slab.to)))
        .map(|(p, q)| (p.min(q), p.max(q)))
        .collect();
    let [to_row, to_column] = [row_axis, column_axis].map(|a| {
        let [_, v, u] = map.linear[a];
        let start = map.offset[a] + 0.5 - low[a] as f64;
        // The middle of the structure along the normal represents all of it; the difference is less than `PARALLEL`.
        let lean = map.linear[a][0] * solid.middle();
        move |p: [f64; 2]| u * p[0] + v * p[1] + start + lean
    });
    let [_, rv, ru] = map.linear[row_axis];
    let [_, cv, cu] = map.linear[column_axis];
    let sign = (cu * rv - cv * ru).signum();
    let mut of_plane = vec![Vec::new(); box_shape[axis]];
    for (n, &(from, to)) in spans.iter().enumerate() {
        let last = (to.ceil().max(0.0) as usize).min(box_shape[axis]);
        (from.floor().max(0.0) as usize..last).for_each(|k| of_plane[k].push(n));
    }
    let planes = workers.map(box_shape[axis], |k| {
        let mut areas = PixelAreas::new(box_shape[row_axis], box_shape[column_axis])?;
        for &n in &of_plane[k] {
            let overlap = spans[n].1.min((k + 1) as f64) - spans[n].0.max(k as f64);
            workers.check()?;
            if overlap > 0.0 {
                for &(a, b) in &solid.slabs[n].edges {
                    areas.add([to_column(a), to_row(a)], [to_column(b), to_row(b)], sign * overlap);
                }
            }
        }
        let (mut sum, mut plane) =
            (0.0, memory::reserved("plane of voxel fractions", box_shape[row_axis] * box_shape[column_axis])?);
        areas.into_areas().map(|value| value.clamp(0.0, 1.0)).for_each(|value| {
            sum += value;
            plane.push(rounded(value));
        });
        Ok((sum, plane))
    })?;
    let mut inside = 0.0;
    for (k, (sum, plane)) in planes.iter().enumerate() {
        inside += sum;
        for (r, row) in plane.chunks_exact(box_shape[column_axis]).enumerate() {
            let start = k * stride[axis] + r * stride[row_axis];
            for (c, &weight) in row.iter().enumerate() {
                weights[start + c * stride[column_axis]] = weight;
            }
        }
    }
    let cut = reaches.iter().any(|r| r.2);
    let outside = if cut {
        1.0 - inside / (solid.volume_mm3 * map.volume_ratio())
    } else {
        0.0
    };
    VoxelFractions::cropped(shape, low, box_shape, weights, outside.clamp(0.0, 1.0))
}

fn through_fine_grid(
    solid: &Solid,
    shape: [usize; 3],
    affine: &Affine,
    map: &IndexMap,
    workers: &Workers<'_>,
) -> Result<VoxelFractions> {
    let smallest = [0, 1, 2].map(|a| map.linear[a].iter().map(|x| x * x).sum::<f64>().sqrt());
    let finest = 1.0 / (FINER * smallest.iter().copied().fold(0.0, f64::max));
    let (fine, fine_shape, first) = solid.own_grid([finest; 3])?;
    let size = fine[0];
    let grid = solid.axes.grid(fine, first)?;
    let own = along_normal(solid, fine_shape, &solid.axes.affine()?.to_index_of(&grid), 0, workers)?;
    if own.box_shape().contains(&0) || size <= 0.0 {
        return Ok(VoxelFractions::nothing(shape, 0.0));
    }
    let start = [0, 1, 2].map(|a| first[a] + own.origin()[a] as f64 * fine[a]);
    let mask = Contiguous::new(own.weights(), own.box_shape())?;
    voxel_fractions(&mask, &solid.axes.grid(fine, start)?, shape, affine, workers)
}
