//! Voxels cut into equal sub-voxels, and values interpolated at their centers.

use super::voxels::Voxels;
use crate::error::{Error, Result};

/// Sub-voxels per voxel along an axis, at most.
const MOST_SUBVOXELS: usize = 64;

/// Errors if the sub-voxels of a voxel are not an even number of 2 to 64 along each axis.
pub(crate) fn check_subvoxel_counts(subvoxel_counts: [usize; 3]) -> Result<()> {
    match subvoxel_counts.iter().find(|&&p| p == 0 || p > MOST_SUBVOXELS || p % 2 == 1) {
        Some(&bad) => Err(Error::out_of_range("sub-voxels of a voxel", bad as f64, "an even number, 2 to 64")),
        None => Ok(()),
    }
}

/// A sub-voxel's center between two voxel centers along an axis.
#[derive(Clone, Copy)]
pub(crate) struct AxisPosition {
    pub low: usize,
    pub high: usize,
    /// The share of the upper voxel.
    share: f64,
    /// Half a sub-voxel, in voxels; 0 where the dose does not change.
    half: f64,
}

impl AxisPosition {
    pub fn new(subvoxel: usize, subvoxels: usize, count: usize) -> Self {
        let x = (subvoxel as f64 + 0.5) / subvoxels as f64 - 0.5;
        let low = x.floor().max(0.0) as usize;
        let inside = x > 0.0 && low + 1 < count;
        Self {
            low: low.min(count - 1),
            high: (low + 1).min(count - 1),
            share: if inside { x - low as f64 } else { 0.0 },
            half: if inside { 0.5 / subvoxels as f64 } else { 0.0 },
        }
    }
}

/// Value at a sub-voxel's center, and half the width over which its values are spread.
pub(crate) fn interpolated_with_spread<D: Voxels<Element: Into<f64>>>(
    dose_gy: &D,
    [k, j, i]: [AxisPosition; 3],
) -> (f64, f64) {
    let corner = |a: usize, b: usize, c: usize| -> f64 { dose_gy.get([a, b, c]).into() };
    let line = |a: usize, b: usize| {
        let (p, q) = (corner(a, b, i.low), corner(a, b, i.high));
        (p + i.share * (q - p), q - p)
    };
    let plane = |a: usize| {
        let ((p, pi), (q, qi)) = (line(a, j.low), line(a, j.high));
        (p + j.share * (q - p), q - p, pi + j.share * (qi - pi))
    };
    let ((p, pj, pi), (q, qj, qi)) = (plane(k.low), plane(k.high));
    let center = p + k.share * (q - p);
    let slopes = [
        (q - p) * k.half,
        (pj + k.share * (qj - pj)) * j.half,
        (pi + k.share * (qi - pi)) * i.half,
    ];
    (center, slopes.iter().map(|s| s * s).sum::<f64>().sqrt())
}
