//! Voxel fractions between rotated grids, by sub-sampling.
//!
//! A dose voxel whose whole neighborhood in the mask has one value gets this value. The others, at the structure's
//! surface, are sampled at the points of `sample_points.rs`, which takes most of the time.

use super::fractions::{reserve, rounded};
use crate::error::Result;
use crate::geometry::affine::IndexMap;
use crate::geometry::mask::MaskBox;
use crate::geometry::sample_points::points;
use crate::geometry::voxels::{Fraction, Voxels};
use crate::memory;
use crate::parallel::Workers;

/// Samples per mask voxel in a dose voxel; fewest and most samples per dose voxel.
const DENSITY: f64 = 64.0;
const FEWEST: f64 = 1024.0;
const MOST: f64 = 16384.0;

/// Weights (C order) of the box at `low`, and their sum before rounding. `map` leads from dose index to mask index.
pub(super) fn sample<M: Voxels<Element: Fraction>>(
    mask: &M,
    found: &MaskBox,
    map: &IndexMap,
    low: [usize; 3],
    box_shape: [usize; 3],
    workers: &Workers<'_>,
) -> Result<(Vec<f32>, f64)> {
    let mut weights = reserve(box_shape)?;
    let points = points(map, (DENSITY * map.volume_ratio()).clamp(FEWEST, MOST) as u32);
    let half = [0, 1, 2].map(|b| 0.5 * map.linear[b].iter().map(|step| step.abs()).sum::<f64>());
    let planes = workers.map(box_shape[0], |p| {
        let mut plane = memory::reserved("plane of voxel fractions", box_shape[1] * box_shape[2])?;
        for r in 0..box_shape[1] {
            workers.check()?;
            for c in 0..box_shape[2] {
                let n = [low[0] + p, low[1] + r, low[2] + c].map(|n| n as f64);
                plane.push(fraction_of(mask, found, map.apply(n), half, &points));
            }
        }
        let mut weights: Vec<f32> = memory::reserved("plane of voxel fractions", plane.len())?;
        weights.extend(plane.iter().map(|&w| rounded(w)));
        Ok((plane.iter().sum::<f64>(), weights))
    })?;
    planes.iter().for_each(|(_, plane)| weights.extend_from_slice(plane));
    Ok((weights, planes.iter().map(|plane| plane.0).sum()))
}

/// Fraction of the dose voxel whose center lies at `center` in the mask and which reaches `half` along each axis.
fn fraction_of<M: Voxels<Element: Fraction>>(
    mask: &M,
    found: &MaskBox,
    center: [f64; 3],
    half: [f64; 3],
    points: &[[f64; 3]],
) -> f64 {
    let (mut first, mut last, mut whole) = ([0; 3], [0; 3], true);
    for b in 0..3 {
        let (bottom, top) = (found.low[b] as f64, found.high[b] as f64);
        let (from, to) = (center[b] - half[b] + 0.5, center[b] + half[b] + 0.5);
        if to <= bottom || from >= top {
            return 0.0;
        }
        whole &= from >= bottom && to <= top;
        first[b] = from.floor().max(bottom) as usize;
        last[b] = to.ceil().min(top) as usize;
    }
    let value = mask.get(first).fraction();
    if (whole || value == 0.0) && is_everywhere(mask, value, first, last) {
        return value;
    }
    let sum: f64 = points
        .iter()
        .map(|point| {
            let at = [0, 1, 2].map(|b| center[b] + point[b] + 0.5);
            let inside = (0..3).all(|b| at[b] >= found.low[b] as f64 && at[b] < found.high[b] as f64);
            if inside {
                mask.get(at.map(|x| x as usize)).fraction()
            } else {
                0.0
            }
        })
        .sum();
    sum / points.len() as f64
}

fn is_everywhere<M: Voxels<Element: Fraction>>(mask: &M, value: f64, first: [usize; 3], last: [usize; 3]) -> bool {
    (first[0]..last[0])
        .all(|k| (first[1]..last[1]).all(|j| (first[2]..last[2]).all(|i| mask.get([k, j, i]).fraction() == value)))
}
