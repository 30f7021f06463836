//! Resampling of an image on another grid, by average or by linear interpolation.
//!
//! Between parallel grids both are products of three short lists of weights, one per axis, and the planes of the source
//! are contracted as in `axis_overlap.rs`. Between rotated grids, the average is a mean over the points of
//! `sample_points.rs`, and interpolation uses the eight voxels around a center. The time is that of one read of the
//! source (parallel), or of the samples.

use super::affine::{Affine, IndexMap};
use super::axis_overlap::{Overlap, contract_plane, overlap, room_for_overlaps};
use super::grid::VoxelGrid;
use super::sample_points::points;
use super::voxels::Voxels;
use crate::error::{Error, Result, check};
use crate::memory;
use crate::parallel::Workers;

/// Axes that drift apart by less than this many target voxels over the whole source count as parallel.
const PARALLEL: f64 = 1e-4;
/// Samples per source voxel in a target voxel, between turned grids; fewest and most per target voxel.
const DENSITY: f64 = 16.0;
const FEWEST: f64 = 128.0;
const MOST: f64 = 4096.0;
/// Tolerance for rounding: fraction of a voxel that may lie beyond the source without being reported.
const COVERED: f64 = 1e-6;

/// Rule by which a target voxel gets its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resampling {
    /// The mean over the target voxel's box, the source taken as constant within its voxels. It conserves integrals.
    Average,
    /// Trilinear interpolation at the target voxel's center; constant from the outermost centers to the source's faces.
    Linear,
}

/// An image on its new grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled<T> {
    /// C order.
    pub values: Vec<T>,
    /// Voxels that reach beyond the source (by average) or whose center does (linear).
    pub beyond: usize,
    /// Their part beyond, as a share of all target voxels' volume.
    pub beyond_fraction: f64,
}

/// Values as arrays hold them.
pub trait Sample: Copy + Default + Send + Sync + Into<f64> {
    /// The nearest number.
    fn nearest(value: f64) -> Self;
}
impl Sample for f32 {
    fn nearest(value: f64) -> Self {
        value as Self
    }
}
impl Sample for f64 {
    fn nearest(value: f64) -> Self {
        value
    }
}

/// Resamples an image on another grid. Beyond the source's faces, the value is `fill`.
///
/// The result does not depend on the number of threads. Errors if a grid is empty, a value is not finite, `fill` is `None` and a
/// target voxel reaches beyond the source, or memory does not suffice.
pub fn resample<V: Voxels<Element: Sample>>(
    source: &V,
    source_affine: &Affine,
    shape: [usize; 3],
    affine: &Affine,
    method: Resampling,
    fill: Option<f64>,
    workers: &Workers<'_>,
) -> Result<Resampled<V::Element>> {
    let target = VoxelGrid::new(shape, [1.0; 3])?;
    VoxelGrid::new(source.shape(), [1.0; 3])?;
    if let Some(fill) = fill {
        check::within("value beyond the image", fill, -1e30, 1e30)?;
    }
    let mut values = memory::filled("the resampled image", V::Element::default(), target.len())?;
    let map = source_affine.to_index_of(affine);
    let (beyond, missing) = match map.aligned_axes(source.shape(), PARALLEL) {
        Some(axes) => parallel_grids(source, &map, axes, method, fill, &mut values, shape, workers)?,
        None => {
            let back = affine.to_index_of(source_affine);
            turned_grids(source, &back, method, fill, &mut values, shape, workers)?
        }
    };
    if values.iter().any(|&v| !v.into().is_finite()) {
        return Err(not_finite(source));
    }
    if beyond > 0 && fill.is_none() {
        return Err(Error::Geometry {
            quantity: "the grid".into(),
            reason: format!(
                "{beyond} of its {} voxels reach beyond the image to be resampled: give the value there (fill_value=)",
                target.len()
            ),
        });
    }
    Ok(Resampled {
        values,
        beyond,
        beyond_fraction: missing / target.len() as f64,
    })
}

fn not_finite<V: Voxels<Element: Sample>>(source: &V) -> Error {
    let [planes, rows, columns] = source.shape();
    for k in 0..planes {
        for j in 0..rows {
            for i in 0..columns {
                let value = source.get([k, j, i]).into();
                if !value.is_finite() {
                    return Error::out_of_range(format!("image at (k, j, i) = ({k}, {j}, {i})"), value, "finite");
                }
            }
        }
    }
    Error::out_of_range("resampled image", f64::INFINITY, "within the range of its type")
}

/// Number of voxels with a part beyond the source, and the sum of these parts in voxels.
type Missing = (usize, f64);

#[allow(clippy::too_many_arguments)] // Two grids, the rule between them, and the result.
fn parallel_grids<V: Voxels<Element: Sample>>(
    source: &V,
    map: &IndexMap,
    axes: [usize; 3],
    method: Resampling,
    fill: Option<f64>,
    values: &mut [V::Element],
    shape: [usize; 3],
    workers: &Workers<'_>,
) -> Result<Missing> {
    // By source axis from here on.
    let mut target_axis = [0; 3];
    (0..3).for_each(|a| target_axis[axes[a]] = a);
    room_for_overlaps(shape, source.shape())?;
    let weights = [0, 1, 2].map(|b| {
        let (a, extent) = (target_axis[b], source.shape()[b]);
        let middle = extent as f64 / 2.0 - 0.5;
        let scale = map.linear[a][b];
        let offset = map.apply(source.shape().map(|n| n as f64 / 2.0 - 0.5))[a] - scale * middle;
        (0..shape[a])
            .map(|n| match method {
                Resampling::Average => overlap(n as f64, scale, offset, 0..extent),
                Resampling::Linear => neighbors((n as f64 - offset) / scale, extent),
            })
            .collect::<Vec<_>>()
    });
    let covered: [Vec<f64>; 3] = [0, 1, 2].map(|b| weights[b].iter().map(|w| w.shares.iter().sum()).collect());
    let stride = [shape[1] * shape[2], shape[2], 1];
    let stride = target_axis.map(|a| stride[a]);
    let fill = fill.unwrap_or(0.0);
    let ranges = (0..source.shape()[1], 0..source.shape()[2]);
    // The work is done in portions, so that temporary results are small compared with the image.
    let (mut beyond, mut missing) = (0, 0.0);
    let at_once = 4 * workers.threads();
    for first in (0..weights[0].len()).step_by(at_once) {
        let planes = workers.map(at_once.min(weights[0].len() - first), |n| {
            let p = first + n;
            let lists = [&weights[0][p..=p], &weights[1], &weights[2]];
            let mut plane = contract_plane(source, lists, ranges.clone(), V::Element::into, workers)?;
            let mut lack = (0, 0.0);
            for (value, at) in plane.iter_mut().zip(0..) {
                let covered = covered[0][p] * covered[1][at / weights[2].len()] * covered[2][at % weights[2].len()];
                if covered < 1.0 - COVERED {
                    lack.0 += 1;
                    lack.1 += 1.0 - covered;
                    *value += (1.0 - covered) * fill;
                }
            }
            let values = plane.iter().map(|&value| V::Element::nearest(value));
            Ok((memory::collected("plane of the resampled image", values)?, lack))
        })?;
        for (p, (plane, lack)) in (first..).zip(planes) {
            beyond += lack.0;
            missing += lack.1;
            for (r, row) in plane.chunks_exact(weights[2].len()).enumerate() {
                for (c, &value) in row.iter().enumerate() {
                    values[p * stride[0] + r * stride[1] + c * stride[2]] = value;
                }
            }
        }
    }
    Ok((beyond, missing))
}

/// The one or two voxels around `at` along an axis and their weights; none if `at` lies beyond the faces.
fn neighbors(at: f64, extent: usize) -> Overlap {
    let last = extent as f64 - 1.0;
    if !(-0.5 - COVERED..=last + 0.5 + COVERED).contains(&at) {
        return Overlap {
            first: 0,
            shares: Vec::new(),
        };
    }
    let at = at.clamp(0.0, last);
    let first = (at.floor() as usize).min(extent.saturating_sub(2));
    let above = at - first as f64;
    let shares = if above == 0.0 {
        vec![1.0]
    } else {
        vec![1.0 - above, above]
    };
    Overlap { first, shares }
}

fn turned_grids<V: Voxels<Element: Sample>>(
    source: &V,
    map: &IndexMap,
    method: Resampling,
    fill: Option<f64>,
    values: &mut [V::Element],
    shape: [usize; 3],
    workers: &Workers<'_>,
) -> Result<Missing> {
    let points = match method {
        Resampling::Average => points(map, (DENSITY * map.volume_ratio()).clamp(FEWEST, MOST) as u32),
        Resampling::Linear => Vec::new(),
    };
    let extent = source.shape().map(|n| n as f64);
    let fill = fill.unwrap_or(0.0);
    let plane = shape[1] * shape[2];
    let mut lacks = memory::filled("resampling", (0, 0.0), shape[0])?;
    let items = values.chunks_mut(plane).zip(&mut lacks).enumerate();
    workers.for_each(items, |(k, (values, lack))| {
        for (value, at) in values.iter_mut().zip(0..) {
            if at % 64 == 0 {
                workers.check()?;
            }
            let center = map.apply([k, at / shape[2], at % shape[2]].map(|n| n as f64));
            let (sum, covered) = match method {
                Resampling::Average => mean(source, center, &points, extent),
                Resampling::Linear => interpolated(source, center),
            };
            *value = V::Element::nearest(sum + (1.0 - covered) * fill);
            if covered < 1.0 - COVERED {
                lack.0 += 1;
                lack.1 += 1.0 - covered;
            }
        }
        Ok(())
    })?;
    Ok(lacks.iter().fold((0, 0.0), |sum, lack| (sum.0 + lack.0, sum.1 + lack.1)))
}

/// The mean over points, zero beyond the source, and the share of the points inside.
fn mean<V: Voxels<Element: Sample>>(source: &V, center: [f64; 3], points: &[[f64; 3]], extent: [f64; 3]) -> (f64, f64) {
    let (mut sum, mut inside) = (0.0, 0usize);
    for point in points {
        let at = [0, 1, 2].map(|a| center[a] + point[a] + 0.5);
        if (0..3).all(|a| at[a] >= 0.0 && at[a] < extent[a]) {
            sum += source.get(at.map(|x| x as usize)).into();
            inside += 1;
        }
    }
    (sum / points.len() as f64, inside as f64 / points.len() as f64)
}

/// The value at a point, and 1; zeros if it lies beyond the faces.
fn interpolated<V: Voxels<Element: Sample>>(source: &V, at: [f64; 3]) -> (f64, f64) {
    let [planes, rows, columns] = [0, 1, 2].map(|a| neighbors(at[a], source.shape()[a]));
    if [&planes, &rows, &columns].iter().any(|axis| axis.shares.is_empty()) {
        return (0.0, 0.0);
    }
    let mut sum = 0.0;
    for (k, p) in (planes.first..).zip(&planes.shares) {
        for (j, r) in (rows.first..).zip(&rows.shares) {
            for (i, c) in (columns.first..).zip(&columns.shares) {
                sum += p * r * c * source.get([k, j, i]).into();
            }
        }
    }
    (sum, 1.0)
}
