//! Sums over the boxes of parallel grids, by a short list of weights per axis, with which planes are contracted.

use std::ops::Range;

use super::voxels::Voxels;
use crate::error::Result;
use crate::memory;
use crate::parallel::Workers;

/// The mask voxels that overlap one dose voxel along an axis, and the share of the dose voxel that each covers.
pub(super) struct Overlap {
    pub first: usize,
    pub shares: Vec<f64>,
}

/// Checks that memory is sufficient for the lists of [`overlap`]s between two grids.
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
pub(super) fn contract_plane<M: Voxels>(
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
