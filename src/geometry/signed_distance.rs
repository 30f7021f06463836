//! A structure whose surface can be displaced, stored as the depth of each voxel's center below the surface. Voxel
//! fractions follow after a displacement of the surface along its normal and a shift of the whole.
//!
//! The fraction of a voxel is a linear function of the depth `d` of its center, `f = 1/2 + d / w` within [0, 1]. The width `w` is
//! that of a uniform distribution with the variance of the voxel's points along the surface normal `m`,
//! `w^2 = sum_a (m_a s_a)^2` for voxels of size `s`. A voxel that the surface cuts has the depth that returns its fraction. The
//! depth of all others is the distance to the plane through the nearest point of the surface. Since the depth has a gradient
//! of 1, the volume grows by the area of the surface times the displacement, whatever `w` is.
//!
//! A voxel that is inside as a whole has a depth of at least `w / 2`, and one outside of at most `-w / 2`, so that no fraction
//! changes without a displacement. In a mask of whole voxels this separates the depths. For small displacements the
//! volume would grow by half of the area, and later lag by an eighth of a voxel. Therefore a displacement is replaced
//! by the one that changes the volume as much as the depths before this separation.

use super::voxel_fractions::{VoxelFractions, reserve, rounded};
use crate::error::{Result, check};
use crate::memory;
use crate::parallel::Workers;
use crate::random::{fill_normals, sine_cosine};

/// Displacements on either side of none for which the table holds a replacement.
const NODES: usize = 48;
/// Waves of a correlated displacement. Their directions and lengths are drawn, so that the correlation is exact on average.
const WAVES: usize = 64;
/// Standard deviations beyond which a correlated displacement is not computed.
const LARGEST: f32 = 5.0;

/// Displacement of a surface along its outward normal, in mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Displacement {
    /// Everywhere the same.
    Uniform(f64),
    /// A Gaussian random field with the correlation `exp(-r^2 / (2 l^2))` of two points at the distance `r`.
    Correlated {
        /// Standard deviation in mm.
        standard_deviation_mm: f64,
        /// Length `l` in mm.
        correlation_mm: f64,
        /// Seed of the field.
        seed: u64,
        /// Number of the field.
        stream: u64,
    },
}

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
    /// Replacement in mm of each of evenly spaced displacements, and the largest of these.
    replaced: Vec<f32>,
    reach: f32,
}

/// Depth and width of each voxel in mm, and the depth before those of whole voxels were separated.
struct Depths {
    depth: Vec<f32>,
    width: Vec<f32>,
    smooth: Vec<f32>,
}

/// A point of the surface in voxels of the box, and the outward normal there.
struct SurfacePoint {
    at: [f32; 3],
    normal: [f32; 3],
}

/// Voxels of the box of a structure with a margin.
struct Field<'a> {
    box_shape: [usize; 3],
    size_mm: [f32; 3],
    fractions: &'a [f32],
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
        let margin = size_mm.map(|size| (reach_mm / size).ceil().min(u32::MAX.into()) as usize + 1);
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
        let field = Field {
            box_shape,
            size_mm,
            fractions: &fractions,
        };
        let found = field.depths(margin, workers)?;
        let reach = reach_mm as f32;
        let replaced = found.replaced(reach, workers)?;
        Ok(Self {
            shape,
            origin,
            box_shape,
            size_mm,
            depth: found.depth,
            width: found.width,
            outside_fraction: structure.outside_fraction(),
            replaced,
            reach,
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
        let replace = |mm: f32| self.replacement(mm);
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
                waves.add(k, j, &mut depth, replace);
                let width = &self.width[(k * nj + j) * ni..][..ni];
                for ((f, &d), &w) in out.iter_mut().zip(&depth).zip(width) {
                    *f = rounded(f64::from(0.5 + d / w).max(0.0));
                }
            }
            Ok(())
        })?;
        VoxelFractions::cropped(self.shape, self.origin, self.box_shape, weights, self.outside_fraction)
    }

    /// The replacement of a displacement, interpolated linearly in the table.
    fn replacement(&self, mm: f32) -> f32 {
        let at = (mm.clamp(-self.reach, self.reach) / self.reach + 1.0) * NODES as f32;
        let below = (at as usize).min(2 * NODES - 1);
        let share = at - below as f32;
        (1.0 - share) * self.replaced[below] + share * self.replaced[below + 1]
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

impl Field<'_> {
    fn at(&self, index: [usize; 3]) -> f32 {
        self.fractions[(index[0] * self.box_shape[1] + index[1]) * self.box_shape[2] + index[2]]
    }

    /// The fraction averaged with its neighbors, weights 1, 2, 1 along each axis.
    fn smoothed(&self, index: [usize; 3]) -> f32 {
        let near = |axis: usize, step: isize| (index[axis] as isize + step).clamp(0, self.box_shape[axis] as isize - 1);
        let weighted = |n: usize| {
            let step = [n / 9, n / 3 % 3, n % 3].map(|s| s as isize - 1);
            let weight: f32 = step.iter().map(|&s| if s == 0 { 0.5 } else { 0.25 }).product();
            weight * self.at([0, 1, 2].map(|a| near(a, step[a]) as usize))
        };
        (0..27).map(weighted).sum()
    }

    /// The outward normal in mm space, from differences of the smoothed fractions; zero if they are uniform.
    fn normal(&self, index: [usize; 3]) -> [f32; 3] {
        let mut gradient = [0.0f32; 3];
        let near = |axis: usize, step: isize| (index[axis] as isize + step).clamp(0, self.box_shape[axis] as isize - 1);
        for n in 0..27 {
            let step = [n / 9, n / 3 % 3, n % 3].map(|s| s as isize - 1);
            let value = self.at([0, 1, 2].map(|a| near(a, step[a]) as usize));
            for (axis, gradient) in gradient.iter_mut().enumerate() {
                let across =
                    (0..3).filter(|&a| a != axis).map(|a| if step[a] == 0 { 2.0 } else { 1.0 }).product::<f32>();
                *gradient += step[axis] as f32 * across * value;
            }
        }
        unit([0, 1, 2].map(|a| -gradient[a] / self.size_mm[a]))
    }

    /// Width `w` of a voxel along a normal.
    fn width(&self, normal: [f32; 3]) -> f32 {
        (0..3).map(|a| (normal[a] * self.size_mm[a]).powi(2)).sum::<f32>().sqrt()
    }

    /// The points of the surface: one in each voxel that it cuts, one between whole voxels inside and outside.
    fn surface(&self, workers: &Workers<'_>) -> Result<Vec<SurfacePoint>> {
        let mut points = Vec::new();
        let [nk, nj, ni] = self.box_shape;
        for k in 0..nk {
            workers.check()?;
            for (j, i) in (0..nj).flat_map(|j| (0..ni).map(move |i| (j, i))) {
                let (index, f) = ([k, j, i], self.at([k, j, i]));
                if f > 0.0 && f < 1.0 {
                    let normal = self.normal(index);
                    let depth = (f - 0.5) * self.width(normal);
                    let at = [0, 1, 2].map(|a| index[a] as f32 + depth * normal[a] / self.size_mm[a]);
                    if normal != [0.0; 3] {
                        memory::pushed("points of a surface", &mut points, SurfacePoint { at, normal })?;
                    }
                    continue;
                }
                for axis in 0..3 {
                    let mut next = index;
                    next[axis] += 1;
                    if next[axis] == self.box_shape[axis] || self.at(next) != 1.0 - f {
                        continue;
                    }
                    // For a mask of whole voxels, the smoothed fractions give a better position of the surface than the
                    // steps.
                    let (here, there) = (self.smoothed(index), self.smoothed(next));
                    let mut at = index.map(|n| n as f32);
                    at[axis] += if here == there {
                        0.5
                    } else {
                        ((here - 0.5) / (here - there)).clamp(0.0, 1.0)
                    };
                    let (one, other) = (self.normal(index), self.normal(next));
                    let mut normal = unit([0, 1, 2].map(|a| one[a] + other[a]));
                    if normal == [0.0; 3] {
                        normal[axis] = 2.0 * f - 1.0;
                    }
                    memory::pushed("points of a surface", &mut points, SurfacePoint { at, normal })?;
                }
            }
        }
        Ok(points)
    }

    /// Depth and width of each voxel, within a number of voxels of the surface.
    fn depths(&self, reach: [usize; 3], workers: &Workers<'_>) -> Result<Depths> {
        let points = self.surface(workers)?;
        let voxels = self.fractions.len();
        let mut found = Depths {
            depth: memory::zeroed("depths of a structure", voxels)?,
            width: memory::zeroed("widths of a structure", voxels)?,
            smooth: memory::zeroed("depths of a structure", voxels)?,
        };
        let plane = (self.box_shape[1] * self.box_shape[2]).max(1);
        let depths = found.depth.chunks_mut(plane).zip(found.width.chunks_mut(plane));
        let planes = depths.zip(found.smooth.chunks_mut(plane)).enumerate();
        workers.for_each(planes, |(k, ((depth, width), smooth))| {
            self.plane_depths(k, &points, reach, depth, width, workers)?;
            smooth.copy_from_slice(depth);
            self.move_apart(k, depth, width);
            Ok(())
        })?;
        Ok(found)
    }

    /// Gives whole voxels of a plane a depth of at least half of their width.
    fn move_apart(&self, k: usize, depth: &mut [f32], width: &[f32]) {
        let fractions = &self.fractions[k * depth.len()..][..depth.len()];
        for ((depth, &f), &w) in depth.iter_mut().zip(fractions).zip(width) {
            *depth = match f {
                1.0 => depth.max(0.5 * w),
                0.0 => depth.min(-0.5 * w),
                _ => *depth,
            };
        }
    }

    fn plane_depths(
        &self,
        k: usize,
        points: &[SurfacePoint],
        reach: [usize; 3],
        depth: &mut [f32],
        width: &mut [f32],
        workers: &Workers<'_>,
    ) -> Result<()> {
        let ni = self.box_shape[2];
        let fractions = &self.fractions[k * depth.len()..][..depth.len()];
        let mut nearest = memory::filled("distances to a surface", f32::INFINITY, depth.len())?;
        // Range of voxels along an axis within the reach of a point.
        let range = |axis: usize, at: f32| {
            let (low, high) = (at - reach[axis] as f32, at + reach[axis] as f32);
            (low.ceil().max(0.0) as usize, ((high.floor() + 1.0).max(0.0) as usize).min(self.box_shape[axis]))
        };
        for (n, point) in points.iter().enumerate() {
            if n % 1024 == 0 {
                workers.check()?;
            }
            let away_k = (k as f32 - point.at[0]) * self.size_mm[0];
            if (k as f32 - point.at[0]).abs() > reach[0] as f32 {
                continue;
            }
            let w = self.width(point.normal);
            let (first_j, end_j) = range(1, point.at[1]);
            let (first_i, end_i) = range(2, point.at[2]);
            for j in first_j..end_j {
                let away_j = (j as f32 - point.at[1]) * self.size_mm[1];
                for i in first_i..end_i {
                    let away_i = (i as f32 - point.at[2]) * self.size_mm[2];
                    let distance = away_k * away_k + away_j * away_j + away_i * away_i;
                    if distance < nearest[j * ni + i] {
                        nearest[j * ni + i] = distance;
                        let normal = point.normal;
                        depth[j * ni + i] = -(away_k * normal[0] + away_j * normal[1] + away_i * normal[2]);
                        width[j * ni + i] = w;
                    }
                }
            }
        }
        // No displacement reaches a voxel as deep as the margin. A finite depth keeps the interpolation smooth.
        let beyond = (0..3).map(|a| reach[a] as f32 * self.size_mm[a]).fold(0.0f32, f32::max);
        let least = self.size_mm.iter().fold(f32::INFINITY, |least, &s| least.min(s));
        for (at, &f) in fractions.iter().enumerate() {
            if nearest[at].is_infinite() {
                width[at] = least;
                depth[at] = if f == 1.0 { beyond } else { -beyond };
            }
            if f > 0.0 && f < 1.0 {
                // A voxel that the surface cuts keeps its fraction.
                let normal = self.normal([k, at / ni, at % ni]);
                width[at] = if normal == [0.0; 3] { least } else { self.width(normal) };
                depth[at] = (f - 0.5) * width[at];
            }
        }
        Ok(())
    }
}

impl Depths {
    /// For each of evenly spaced displacements, the one that changes the volume like the smooth depths.
    fn replaced(&self, reach: f32, workers: &Workers<'_>) -> Result<Vec<f32>> {
        let node = |n: usize| (n as f32 / NODES as f32 - 1.0) * reach;
        let volumes = workers.map(2 * NODES + 1, |n| {
            let volume = |depths: &[f32]| {
                let fractions = depths.iter().zip(&self.width).map(|(d, w)| (0.5 + (d + node(n)) / w).clamp(0.0, 1.0));
                fractions.map(f64::from).sum::<f64>()
            };
            Ok((volume(&self.smooth), volume(&self.depth)))
        })?;
        let (smooth, moved) = volumes[NODES];
        let mut found = memory::filled("displacements", 0.0, 2 * NODES + 1)?;
        for step in 1..=NODES {
            for is_outward in [false, true] {
                let at = |s: usize| if is_outward { NODES + s } else { NODES - s };
                let target = moved + volumes[at(step)].0 - smooth;
                let passed = |s: usize| {
                    if is_outward {
                        volumes[at(s)].1 >= target
                    } else {
                        volumes[at(s)].1 <= target
                    }
                };
                // A displacement whose volume is not reached within the table is kept.
                found[at(step)] = (1..=NODES).find(|&s| passed(s)).map_or(node(at(step)), |s| {
                    let (near, far) = (volumes[at(s - 1)].1, volumes[at(s)].1);
                    let share = if far == near {
                        1.0
                    } else {
                        ((target - near) / (far - near)).clamp(0.0, 1.0)
                    };
                    node(at(s - 1)) + share as f32 * (node(at(s)) - node(at(s - 1)))
                });
            }
        }
        Ok(found)
    }
}

/// The vector of length 1, or zero.
fn unit(vector: [f32; 3]) -> [f32; 3] {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    // Rounding leaves a small difference if the neighbors are equal.
    if length > 1e-6 {
        vector.map(|x| x / length)
    } else {
        [0.0; 3]
    }
}

/// A displacement as a sum of waves: `u sum_m (a_m cos(k_m x) + b_m sin(k_m x)) / sqrt(M)` with normal `a`, `b` and `k l`.
///
/// Rahimi and Recht, Random features for large-scale kernel machines, NIPS 2007.
struct Waves {
    constant: f32,
    /// Largest depth at which a displacement may change a fraction.
    bound: f32,
    /// Turns per voxel along each axis, and the two amplitudes.
    waves: Vec<([f32; 3], f32, f32)>,
}

impl Waves {
    fn new(by: Displacement, size_mm: [f32; 3]) -> Result<Self> {
        let largest_size = size_mm.iter().fold(0.0f32, |most, &s| most.max(s));
        match by {
            Displacement::Uniform(mm) => Ok(Self {
                constant: check::within("displacement in mm", mm, f64::MIN, f64::MAX)? as f32,
                bound: 0.0,
                waves: Vec::new(),
            }),
            Displacement::Correlated {
                standard_deviation_mm,
                correlation_mm,
                seed,
                stream,
            } => {
                let u =
                    check::non_negative("standard deviation of the displacement in mm", standard_deviation_mm)? as f32;
                let length = check::positive("correlation length in mm", correlation_mm)? as f32;
                let mut z = [0.0; 5 * WAVES];
                fill_normals(seed, stream, &mut z);
                let amplitude = u / (WAVES as f32).sqrt();
                let turns = |z: f32, a: usize| z / length * size_mm[a] / (2.0 * std::f32::consts::PI);
                let (five, _) = z.as_chunks::<5>();
                let wave = |z: &[f32; 5]| ([0, 1, 2].map(|a| turns(z[a], a)), amplitude * z[3], amplitude * z[4]);
                Ok(Self {
                    constant: 0.0,
                    bound: LARGEST * u + largest_size,
                    waves: memory::collected("waves of a displacement", five.iter().map(wave))?,
                })
            }
        }
    }

    /// Adds the displacement of a row to its depths near the surface.
    fn add(&self, k: usize, j: usize, depth: &mut [f32], replace: impl Fn(f32) -> f32) {
        if self.waves.is_empty() {
            let constant = replace(self.constant);
            depth.iter_mut().for_each(|d| *d += constant);
            return;
        }
        let near = |d: &f32| d.abs() < self.bound;
        let (Some(first), Some(last)) = (depth.iter().position(near), depth.iter().rposition(near)) else {
            return;
        };
        let (mut cosines, mut sines) = ([0.0f32; WAVES], [0.0f32; WAVES]);
        let (mut turn_cosines, mut turn_sines) = ([0.0f32; WAVES], [0.0f32; WAVES]);
        for (m, (turns, a, b)) in self.waves.iter().enumerate() {
            let start = turns[0] * k as f32 + turns[1] * j as f32 + turns[2] * first as f32;
            let (sine, cosine) = sine_cosine(start - start.floor());
            // The wave as the real part of (a - i b) e^(i phase), which turns from voxel to voxel.
            (cosines[m], sines[m]) = (a * cosine + b * sine, a * sine - b * cosine);
            (turn_sines[m], turn_cosines[m]) = sine_cosine(turns[2] - turns[2].floor());
        }
        for d in &mut depth[first..=last] {
            if near(d) {
                *d += replace(cosines.iter().sum::<f32>());
            }
            for m in 0..WAVES {
                let (c, s) = (cosines[m], sines[m]);
                cosines[m] = c * turn_cosines[m] - s * turn_sines[m];
                sines[m] = s * turn_cosines[m] + c * turn_sines[m];
            }
        }
    }
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
