//! A structure whose surface can be displaced, stored as the depth of each voxel's center below the surface. Voxel
//! fractions follow after a displacement of the surface along its normal and a shift of the whole.
//!
//! The fraction of a voxel is a linear function of the depth `d` of its center, `f = 1/2 + d / w` within [0, 1]. The width `w` is
//! that of a uniform distribution with the variance of the voxel's points along the surface normal `m`,
//! `w^2 = sum_a (m_a s_a)^2` for voxels of size `s`. With the whole extent of the voxel, `sum_a |m_a| s_a`, a voxel that the
//! surface hardly touches would have too large a fraction, and the D95 of a displaced tumor was up to 20 % too low. Since
//! the depth has a gradient of 1, the volume grows by the area of the surface times the displacement, whatever `w` is.
//!
//! Near the surface the depth follows from the smoothed fractions (`outline.rs`). The depth of all other voxels is the
//! distance to the plane through the nearest point of the surface (`depths.rs`). One constant is added to these smooth
//! depths, so that the volume without a displacement is that of the structure.
//!
//! The smooth depths do not return the fractions of the structure, and a dose at the edge of a structure depends on
//! these. Therefore a voxel that the surface cuts gets the depth of its fraction, and a whole voxel a depth of at least half
//! of its width. No fraction then changes without a displacement. A displacement is replaced by the one with which the
//! volume changes as with the smooth depths (`replacement.rs`).

mod depths;
mod displacement;
mod outline;
mod replacement;

pub use displacement::Displacement;

use self::depths::StructureBox;
use self::displacement::Waves;
use self::replacement::Replacements;
use super::voxel_fractions::{VoxelFractions, reserve, rounded};
use crate::error::{Result, check};
use crate::memory;
use crate::parallel::Workers;

/// The depth of each voxel of a box below the surface of a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedDistance {
    shape: [usize; 3],
    origin: [usize; 3],
    box_shape: [usize; 3],
    size_mm: [f32; 3],
    /// Positive inside, in mm.
    depth: Vec<f32>,
    /// Width `w` in mm.
    width: Vec<f32>,
    outside_fraction: f64,
    replacements: Replacements,
}

impl SignedDistance {
    /// Of a structure on its grid, for displacements and shifts that add up to at most `reach_mm`.
    ///
    /// Returns an error if a length is not positive, the memory does not suffice, or the caller cancels.
    pub fn new(structure: &VoxelFractions, size_mm: [f64; 3], reach_mm: f64, workers: &Workers<'_>) -> Result<Self> {
        for size in size_mm {
            check::positive("voxel size in mm", size)?;
        }
        let reach_mm = check::positive("reach in mm", reach_mm)?;
        let (shape, inner) = (structure.shape(), structure.box_shape());
        let margin =
            size_mm.map(|size| ((reach_mm / size).ceil().min(u32::MAX.into()) as usize + 2).max(outline::REACH));
        let origin = [0, 1, 2].map(|a| structure.origin()[a].saturating_sub(margin[a]));
        let end = [0, 1, 2].map(|a| (structure.origin()[a] + inner[a]).saturating_add(margin[a]).min(shape[a]));
        let empty = inner[0] == 0;
        let box_shape = [0, 1, 2].map(|a| if empty { 0 } else { end[a] - origin[a] });
        let mut fractions = reserve(box_shape)?;
        fractions.resize(box_shape.iter().product(), 0.0);
        for (row, weights) in structure.weights().chunks_exact(inner[2].max(1)).enumerate() {
            let k = structure.origin()[0] - origin[0] + row / inner[1];
            let j = structure.origin()[1] - origin[1] + row % inner[1];
            let start = (k * box_shape[1] + j) * box_shape[2] + structure.origin()[2] - origin[2];
            fractions[start..start + inner[2]].copy_from_slice(weights);
        }
        let size_mm = size_mm.map(|size| size as f32);
        let structure_box = StructureBox {
            shape: box_shape,
            size_mm,
            fractions: &fractions,
        };
        let found = structure_box.depths(margin, workers)?;
        let replacements = Replacements::new(&found, reach_mm as f32, structure_box.largest_size(), workers)?;
        Ok(Self {
            shape,
            origin,
            box_shape,
            size_mm,
            depth: found.depth,
            width: found.width,
            outside_fraction: structure.outside_fraction(),
            replacements,
        })
    }

    /// The voxel fractions after the surface is displaced and the whole is shifted by `shift_mm` along (k, j, i).
    ///
    /// Beyond the grid there are no voxels, and a structure that the grid cuts
    /// keeps its cut.
    ///
    /// Returns an error if a number is not finite, a correlated displacement has a length that is not positive, the memory does
    /// not suffice, or the caller cancels.
    pub fn displaced(&self, by: Displacement, shift_mm: [f64; 3], workers: &Workers<'_>) -> Result<VoxelFractions> {
        for shift in shift_mm {
            check::within("shift in mm", shift, f64::MIN, f64::MAX)?;
        }
        let waves = Waves::new(by, self.size_mm)?;
        if self.depth.is_empty() {
            return Ok(VoxelFractions::nothing(self.shape, self.outside_fraction));
        }
        let [_, nj, ni] = self.box_shape;
        let mut weights = reserve(self.box_shape)?;
        weights.resize(self.depth.len(), 0.0);
        let steps = [0, 1, 2].map(|a| -(shift_mm[a] as f32) / self.size_mm[a]);
        let planes = weights.chunks_mut(nj * ni).enumerate();
        workers.for_each(planes, |(k, plane)| {
            let mut depth = memory::zeroed("depths of a row", ni)?;
            let mut across = memory::zeroed("depths of a row", ni)?;
            for (j, out) in plane.chunks_mut(ni).enumerate() {
                self.shifted_row(k, j, steps, &mut across, &mut depth);
                waves.add(k, j, &mut depth, |mm| self.replacements.of(mm));
                let width = &self.width[(k * nj + j) * ni..][..ni];
                for ((f, &d), &w) in out.iter_mut().zip(&depth).zip(width) {
                    *f = rounded(f64::from(0.5 + d / w).max(0.0));
                }
            }
            Ok(())
        })?;
        VoxelFractions::cropped(self.shape, self.origin, self.box_shape, weights, self.outside_fraction)
    }

    /// The depths of a row at positions `steps` voxels away, by cubic interpolation.
    ///
    /// With linear interpolation, a ball of five voxels would lose 2 % of its volume.
    fn shifted_row(&self, k: usize, j: usize, steps: [f32; 3], across: &mut [f32], out: &mut [f32]) {
        let [_, nj, ni] = self.box_shape;
        if steps == [0.0; 3] {
            out.copy_from_slice(&self.depth[(k * nj + j) * ni..][..ni]);
            return;
        }
        let whole = steps.map(f32::floor);
        let weights = [0, 1, 2].map(|a| cubic_weights(steps[a] - whole[a]));
        // The voxel that is tap `n` of four around the position of a voxel.
        let tap = |at: usize, axis: usize, n: usize| {
            let last = self.box_shape[axis] as isize - 1;
            (at as isize).saturating_add(whole[axis] as isize + n as isize - 1).clamp(0, last) as usize
        };
        let rows: [_; 16] = std::array::from_fn(|n| {
            let start = (tap(k, 0, n / 4) * nj + tap(j, 1, n % 4)) * ni;
            (weights[0][n / 4] * weights[1][n % 4], &self.depth[start..start + ni])
        });
        across.fill(0.0);
        for (weight, row) in rows {
            across.iter_mut().zip(row).for_each(|(sum, depth)| *sum += weight * depth);
        }
        for (i, out) in out.iter_mut().enumerate() {
            *out = (0..4).map(|n| weights[2][n] * across[tap(i, 2, n)]).sum();
        }
    }
}

/// The weights of four voxels for a position between the second and the third (Keys, IEEE Trans. ASSP 1981).
fn cubic_weights(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t3 + 2.0 * t2 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (-3.0 * t3 + 4.0 * t2 + t),
        0.5 * (t3 - t2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::Cancellation;
    use std::f64::consts::PI;

    const SIZE: [f64; 3] = [3.0, 4.0, 3.5];
    const SHAPE: [usize; 3] = [36, 30, 32];

    /// A ball about the middle, by 5^3 points of each voxel.
    fn ball(radius_mm: f64, is_binary: bool) -> VoxelFractions {
        let mut weights = Vec::new();
        for at in 0..SHAPE.iter().product::<usize>() {
            let index = [at / (SHAPE[1] * SHAPE[2]), at / SHAPE[2] % SHAPE[1], at % SHAPE[2]];
            let inside = |n: usize| {
                let part = [n / 25, n / 5 % 5, n % 5];
                let squares = (0..3).map(|a| {
                    let at = index[a] as f64 + (part[a] as f64 - 2.0) / 5.0 - 0.5 * SHAPE[a] as f64 + 0.3;
                    (at * SIZE[a]).powi(2)
                });
                squares.sum::<f64>() < radius_mm.powi(2)
            };
            let fraction = (0..125).filter(|&n| inside(n)).count() as f64 / 125.0;
            weights.push(if is_binary {
                fraction.round() as f32
            } else {
                rounded(fraction)
            });
        }
        VoxelFractions::cropped(SHAPE, [0; 3], SHAPE, weights, 0.0).unwrap()
    }

    fn distance(structure: &VoxelFractions) -> SignedDistance {
        SignedDistance::new(structure, SIZE, 16.0, &Workers::new(Some(2), &Cancellation::never()).unwrap()).unwrap()
    }

    fn volume_mm3(fractions: &VoxelFractions) -> f64 {
        fractions.volume_voxels() * SIZE.iter().product::<f64>()
    }

    #[test]
    fn a_structure_that_is_not_displaced_keeps_its_fractions() {
        let never = Cancellation::never();
        let workers = Workers::new(Some(1), &never).unwrap();
        for is_binary in [false, true] {
            let structure = ball(15.0, is_binary);
            let same = distance(&structure).displaced(Displacement::Uniform(0.0), [0.0; 3], &workers).unwrap();
            let (one, other) = (structure.to_dense().unwrap(), same.to_dense().unwrap());
            assert!(one.iter().zip(&other).all(|(a, b)| (a - b).abs() < 1e-6));
        }
    }

    #[test]
    fn a_ball_displaced_is_a_ball_of_another_radius() {
        let never = Cancellation::never();
        let workers = Workers::new(Some(2), &never).unwrap();
        for (is_binary, tolerance) in [(false, 0.03), (true, 0.08)] {
            let structure = ball(24.0, is_binary);
            let radius = (volume_mm3(&structure) * 3.0 / (4.0 * PI)).cbrt();
            let distance = distance(&structure);
            for by in [-10.0, -4.0, -1.0, 1.0, 4.0, 10.0] {
                let volume = volume_mm3(&distance.displaced(Displacement::Uniform(by), [0.0; 3], &workers).unwrap());
                let expected = 4.0 / 3.0 * PI * (radius + by).powi(3);
                // A share of the added or removed volume, and of the whole.
                let whole = volume_mm3(&structure);
                let allowed = tolerance * (expected - whole).abs() + 0.002 * whole;
                assert!((volume - expected).abs() < allowed, "{is_binary} {by}: {volume} {expected}");
            }
        }
    }

    #[test]
    fn a_shift_moves_the_center_and_keeps_the_volume() {
        let never = Cancellation::never();
        let workers = Workers::new(Some(1), &never).unwrap();
        let structure = ball(20.0, false);
        let center = |fractions: &VoxelFractions| {
            let dense = fractions.to_dense().unwrap();
            let total: f64 = dense.iter().map(|&f| f64::from(f)).sum();
            [0, 1, 2].map(|a| {
                let place = |at: usize| [at / (SHAPE[1] * SHAPE[2]), at / SHAPE[2] % SHAPE[1], at % SHAPE[2]][a] as f64;
                dense.iter().enumerate().map(|(at, &f)| place(at) * f64::from(f)).sum::<f64>() / total * SIZE[a]
            })
        };
        let shift = [2.0, -5.5, 1.2];
        let shifted = distance(&structure).displaced(Displacement::Uniform(0.0), shift, &workers).unwrap();
        assert!((shifted.volume_voxels() / structure.volume_voxels() - 1.0).abs() < 0.005);
        let (from, to) = (center(&structure), center(&shifted));
        assert!((0..3).all(|a| (to[a] - from[a] - shift[a]).abs() < 0.1), "{from:?} {to:?}");
    }

    #[test]
    fn a_correlated_displacement_has_the_variance_of_volume_of_its_correlation() {
        let never = Cancellation::never();
        let workers = Workers::new(Some(2), &never).unwrap();
        let structure = ball(24.0, false);
        let distance = distance(&structure);
        let (u, r) = (1.0, (volume_mm3(&structure) * 3.0 / (4.0 * PI)).cbrt());
        for length in [8.0, 20.0, 1e4] {
            let volumes: Vec<f64> = (0..400)
                .map(|stream| {
                    let by = Displacement::Correlated {
                        standard_deviation_mm: u,
                        correlation_mm: length,
                        seed: 5,
                        stream,
                    };
                    volume_mm3(&distance.displaced(by, [0.0; 3], &workers).unwrap())
                })
                .collect();
            let mean = volumes.iter().sum::<f64>() / 400.0;
            let found = (volumes.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 399.0).sqrt();
            // Mean over pairs of points of a sphere of exp(-d^2 / 2 l^2), d^2 = 2 r^2 (1 - cos): (1 - e^(-2 q)) / (2 q).
            let q: f64 = (r / length).powi(2);
            let expected = 4.0 * PI * r * r * u * ((1.0 - (-2.0 * q).exp()) / (2.0 * q)).sqrt();
            assert!((found / expected - 1.0).abs() < 0.15, "{length}: {found} {expected}");
        }
    }

    #[test]
    fn a_structure_displaced_away_is_empty_and_nothing_stays_nothing() {
        let never = Cancellation::never();
        let workers = Workers::new(Some(1), &never).unwrap();
        let gone = distance(&ball(6.0, false)).displaced(Displacement::Uniform(-12.0), [0.0; 3], &workers).unwrap();
        assert_eq!(gone.voxels(), 0);
        let none = distance(&VoxelFractions::nothing(SHAPE, 0.5));
        let still = none.displaced(Displacement::Uniform(5.0), [1.0; 3], &workers).unwrap();
        assert_eq!((still.voxels(), still.outside_fraction()), (0, 0.5));
        assert!(none.displaced(Displacement::Uniform(f64::NAN), [0.0; 3], &workers).is_err());
    }
}
