//! Occupancy between parallel grids: exact, because the overlap of two boxes is the product of three overlaps.
//!
//! Per axis, a short list says which mask voxels overlap a dose voxel and by how much of it. One plane of dose voxels
//! (across the mask's first axis) is worked on at a time: contract the mask's planes, then rows, then columns. Planes
//! are shared out between threads. Limited by one read of the mask.

use std::ops::Range;

use super::affine::IndexMap;
use super::mask::Found;
use super::occupancy::{reserve, rounded};
use super::voxels::{Fraction, Voxels};
use crate::error::Result;
use crate::memory;
use crate::parallel::Workers;

/// The mask voxels that overlap one dose voxel along an axis, and the share of the dose voxel that each covers.
pub(super) struct Overlap {
    pub first: usize,
    pub shares: Vec<f64>,
}

/// Weights (C order) of the box at `low`, and their sum before rounding. `axes[a]` is the mask axis along dose axis `a`.
pub(super) fn integrated<M: Voxels<Element: Fraction>>(
    mask: &M,
    found: &Found,
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
        let plane = contract(mask, lists, ranges, Fraction::fraction, workers)?;
        let weights = memory::collected("plane of the occupancy", plane.iter().map(|&weight| rounded(weight)))?;
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

/// Whether there is room for the lists of [`overlap`]s between two grids.
pub(super) fn room_for_overlaps(target: [usize; 3], source: [usize; 3]) -> Result<()> {
    let lists = target.iter().fold(0, |sum: usize, n| sum.saturating_add(n.saturating_mul(96)));
    let shares = source.iter().fold(0, |sum: usize, n| sum.saturating_add(n.saturating_mul(16)));
    memory::room("overlap of two grids", lists.saturating_add(shares))
}

/// Dose voxel `n` spans `n - 0.5 .. n + 0.5`; mask voxel `m` spans `scale (m - 0.5) + offset .. scale (m + 0.5) + offset`.
pub(super) fn overlap(n: f64, scale: f64, offset: f64, within: Range<usize>) -> Overlap {
    let reach = |x: f64| ((x - offset) / scale + 0.5).clamp(within.start as f64, within.end as f64);
    let (p, q) = (reach(n - 0.5), reach(n + 0.5));
    let first = p.min(q).floor() as usize;
    let last = p.max(q).ceil() as usize;
    let shares = (first..last).map(|m| {
        let (p, q) = (scale * (m as f64 - 0.5) + offset, scale * (m as f64 + 0.5) + offset);
        (p.max(q).min(n + 0.5) - p.min(q).max(n - 0.5)).max(0.0)
    });
    Overlap {
        first,
        shares: shares.collect(),
    }
}

/// One plane across the source's first axis: the source's planes of the only overlap in the first list are added, then
/// its rows and columns by the others.
pub(super) fn contract<M: Voxels>(
    source: &M,
    [plane, rows, columns]: [&[Overlap]; 3],
    (row_range, column_range): (Range<usize>, Range<usize>),
    value: impl Fn(M::Element) -> f64,
    workers: &Workers<'_>,
) -> Result<Vec<f64>> {
    let (first_row, first_column) = (row_range.start, column_range.start);
    let width = column_range.len();
    let mut flat = memory::filled("plane of a grid", 0.0, row_range.len() * width)?;
    for (k, &share) in plane.iter().flat_map(|plane| (plane.first..).zip(&plane.shares)) {
        workers.check()?;
        for (j, row) in (first_row..).zip(flat.chunks_exact_mut(width)) {
            source.visit(k, j, column_range.clone(), |i, m| row[i - first_column] += share * value(m));
        }
    }
    let mut contracted = memory::reserved("plane of a grid", rows.len() * columns.len())?;
    let mut line = memory::filled("row of a grid", 0.0, width)?;
    for row in rows {
        workers.check()?;
        line.fill(0.0);
        for (j, &share) in (row.first - first_row..).zip(&row.shares) {
            line.iter_mut().zip(&flat[j * width..]).for_each(|(sum, value)| *sum += share * value);
        }
        contracted.extend(columns.iter().map(|column| {
            let values = &line[column.first - first_column..];
            column.shares.iter().zip(values).map(|(share, value)| share * value).sum::<f64>()
        }));
    }
    Ok(contracted)
}
