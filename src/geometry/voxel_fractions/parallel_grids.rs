//! Voxel fractions between parallel grids, which are exact, because the overlap of two boxes is the product of three
//! overlaps.
//!
//! A short list per axis states which mask voxels overlap a dose voxel, and the share of it. One plane of dose voxels
//! (across the mask's first axis) is computed at a time, by contracting the mask's planes, then rows, then columns.
//! Planes are divided among threads. The time is that of one read of the mask.

use super::fractions::{reserve, rounded};
use crate::error::Result;
use crate::geometry::affine::IndexMap;
use crate::geometry::axis_overlap::{contract_plane, overlap, room_for_overlaps};
use crate::geometry::mask::MaskBox;
use crate::geometry::voxels::{Fraction, Voxels};
use crate::memory;
use crate::parallel::Workers;

/// Weights (C order) of the box at `low`, and their sum before rounding. `axes[a]` is the mask axis along dose axis `a`.
pub(super) fn integrate<M: Voxels<Element: Fraction>>(
    mask: &M,
    found: &MaskBox,
    map: &IndexMap,
    axes: [usize; 3],
    low: [usize; 3],
    box_shape: [usize; 3],
    workers: &Workers<'_>,
) -> Result<(Vec<f32>, f64)> {
    let middle = [0, 1, 2].map(|b| (found.low[b] + found.high[b]) as f64 / 2.0 - 0.5);
    let center = map.apply(middle);
    // By mask axis from here on.
    let mut dose_axis = [0; 3];
    (0..3).for_each(|a| dose_axis[axes[a]] = a);
    room_for_overlaps(box_shape, mask.shape())?;
    let overlaps = [0, 1, 2].map(|b| {
        let a = dose_axis[b];
        let scale = map.linear[a][b];
        let offset = center[a] - scale * middle[b];
        (low[a]..low[a] + box_shape[a])
            .map(|n| overlap(n as f64, scale, offset, found.low[b]..found.high[b]))
            .collect::<Vec<_>>()
    });
    let planes = workers.map(overlaps[0].len(), |p| {
        let ranges = (found.low[1]..found.high[1], found.low[2]..found.high[2]);
        let lists = [&overlaps[0][p..=p], &overlaps[1], &overlaps[2]];
        let plane = contract_plane(mask, lists, ranges, Fraction::fraction, workers)?;
        let weights = memory::collected("plane of voxel fractions", plane.iter().map(|&weight| rounded(weight)))?;
        Ok((plane.iter().sum::<f64>(), weights))
    })?;

    let mut weights = reserve(box_shape)?;
    weights.resize(box_shape.iter().product(), 0.0);
    let stride = [box_shape[1] * box_shape[2], box_shape[2], 1];
    let stride = dose_axis.map(|a| stride[a]);
    for (p, (_, plane)) in planes.iter().enumerate() {
        for (r, row) in plane.chunks_exact(overlaps[2].len()).enumerate() {
            for (c, &weight) in row.iter().enumerate() {
                weights[p * stride[0] + r * stride[1] + c * stride[2]] = weight;
            }
        }
    }
    Ok((weights, planes.iter().map(|plane| plane.0).sum()))
}
