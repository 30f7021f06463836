//! Support of a structure's mask, and the check that every value in it is a fraction.

use super::affine::IndexMap;
use super::voxels::{Fraction, Voxels};
use crate::error::{Error, Result};
use crate::parallel::Workers;

/// Largest number of voxels. A larger mask (an array with strides of zero) would take minutes to read, and unlimited
/// memory.
const MOST_VOXELS: u64 = 1 << 32;

/// The box of a mask that is not zero (`high` exclusive), and the sum of its values.
pub(super) struct MaskBox {
    pub low: [usize; 3],
    pub high: [usize; 3],
    pub total: f64,
}

impl MaskBox {
    pub fn box_shape(&self) -> [usize; 3] {
        [0, 1, 2].map(|a| self.high[a] - self.low[a])
    }

    /// The box of target voxels that the structure may touch, and whether the target grid cuts the structure's box.
    pub fn reach(&self, map: &IndexMap, shape: [usize; 3]) -> ([usize; 3], [usize; 3], bool) {
        let (mut low, mut high, mut cut) = ([0; 3], [0; 3], false);
        let center = map.apply([0, 1, 2].map(|b| (self.low[b] + self.high[b]) as f64 / 2.0 - 0.5));
        for a in 0..3 {
            let half: f64 = (0..3).map(|b| map.linear[a][b].abs() * self.box_shape()[b] as f64 / 2.0).sum();
            // In units where target voxel n spans [n, n + 1].
            let (from, to) = (center[a] - half + 0.5, center[a] + half + 0.5);
            cut |= from < -1e-9 || to > shape[a] as f64 + 1e-9;
            low[a] = from.floor().clamp(0.0, shape[a] as f64) as usize;
            high[a] = to.ceil().clamp(0.0, shape[a] as f64) as usize;
        }
        (low, high, cut)
    }
}

/// Sums of one plane of a mask.
struct Plane {
    low: [usize; 2],
    high: [usize; 2],
    total: f64,
    invalid: usize,
    largest: f64,
}

/// Reads the mask in one parallel pass; `None` if it is zero everywhere.
///
/// Errors if the mask is empty along an axis or has more than [`MOST_VOXELS`], and if a value is not within [0, 1]; the
/// message then states their number and the largest.
pub(super) fn scan_mask<M: Voxels<Element: Fraction>>(mask: &M, workers: &Workers<'_>) -> Result<Option<MaskBox>> {
    let voxels = mask.shape().iter().try_fold(1usize, |n, &s| n.checked_mul(s));
    if voxels.is_none_or(|n| n == 0 || n as u64 > MOST_VOXELS) {
        return Err(Error::Shape {
            quantity: "structure mask".into(),
            shape: mask.shape().to_vec(),
            requirement: "non-empty and of at most 2^32 voxels".into(),
        });
    }
    let planes = workers.map(mask.shape()[0], |k| scan_plane(mask, k, workers))?;
    let invalid: usize = planes.iter().map(|plane| plane.invalid).sum();
    if invalid > 0 {
        let largest = planes.iter().map(|p| p.largest).max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(f64::NAN);
        let requirement = format!("within [0, 1] ({invalid} voxels are not)");
        return Err(Error::out_of_range("structure mask", largest, requirement)
            .with_hint("the value farthest from 0 is shown; select one label of a label map first"));
    }
    let mut found: Option<MaskBox> = None;
    for (k, plane) in planes.iter().enumerate().filter(|(_, plane)| plane.high[0] > 0) {
        let so_far = found.get_or_insert(MaskBox {
            low: [k, plane.low[0], plane.low[1]],
            high: [0; 3],
            total: 0.0,
        });
        so_far.high[0] = k + 1;
        for a in 0..2 {
            so_far.low[a + 1] = so_far.low[a + 1].min(plane.low[a]);
            so_far.high[a + 1] = so_far.high[a + 1].max(plane.high[a]);
        }
        so_far.total += plane.total;
    }
    Ok(found)
}

fn scan_plane<M: Voxels<Element: Fraction>>(mask: &M, k: usize, workers: &Workers<'_>) -> Result<Plane> {
    let [_, rows, columns] = mask.shape();
    let mut plane = Plane {
        low: [rows, columns],
        high: [0; 2],
        total: 0.0,
        invalid: 0,
        largest: 0.0,
    };
    for j in 0..rows {
        if j % 64 == 0 {
            workers.check()?;
        }
        if mask.is_blank(k, j) {
            continue;
        }
        let (mut first, mut last) = (columns, 0);
        mask.visit(k, j, 0..columns, |i, value| {
            if !value.is_zero() {
                first = first.min(i);
                last = i;
            }
        });
        if first == columns {
            continue;
        }
        plane.low = [plane.low[0].min(j), plane.low[1].min(first)];
        plane.high = [j + 1, plane.high[1].max(last + 1)];
        mask.visit(k, j, first..last + 1, |_, value| {
            let fraction = value.fraction();
            plane.total += fraction;
            if !(0.0..=1.0).contains(&fraction) {
                plane.invalid += 1;
                if fraction.abs().total_cmp(&plane.largest.abs()).is_gt() {
                    plane.largest = fraction;
                }
            }
        });
    }
    Ok(plane)
}
