//! Gamma of a row of points that are voxel centers of the evaluated grid, from the eight cells around each.
//!
//! One point per lane. A first upper bound comes from the lines to the six neighbors and from the cell towards which |rho|
//! falls most steeply. The other cells are tested by a lower bound: from the corner at the point, |rho| falls by its
//! slopes along the edges and by its negative mixed terms. With the mixed terms at the end of the reach subtracted, the
//! rest is linear and its least gamma^2 has a closed form. All better points lie in a ball around that minimizer, which
//! shortens the reach; the bound is therefore computed twice. It excludes most cells (docs/theory/gamma.md).

use pulp::{Simd, WithSimd};

use super::bounds::{Trilinear, improvement_threshold};
use super::lanes::{Lanes, Mask, each_axis};

/// A row of points and the doses around them.
pub struct Adjoining<'a> {
    /// Evaluated doses along the nine rows around the points', k then j ascending; each begins one voxel early.
    pub rows: [&'a [f64]; 9],
    /// Reference doses: a multiple of [`BLOCK`](super::cell::BLOCK), and two less than in a row around.
    pub dose: &'a [f64],
    /// One over the dose criterion, 0 where there is no point.
    pub inverse: &'a [f64],
    /// Voxel size in units of the distance criterion.
    pub scale: [f64; 3],
    /// Least gamma^2 known, which the search lowers.
    pub best: &'a mut [f64],
    /// The cells that may hold a lower gamma: bit n for cell n, which lies up k if n has bit 2, up j bit 1, up i bit 0.
    pub open: &'a mut [f64],
}

impl WithSimd for Adjoining<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let size = each_axis!(a => Lanes::new(simd, self.scale[a]));
        let inverse_size = each_axis!(a => Lanes::new(simd, 1.0 / self.scale[a]));
        for i in (0..self.dose.len()).step_by(S::F64_LANES) {
            let dose = Lanes::load(simd, &self.dose[i..]);
            let inverse = Lanes::load(simd, &self.inverse[i..]);
            if !inverse.splat(0.0).less(inverse).any() {
                continue;
            }
            let mut rho = [dose; 27];
            for (n, row) in self.rows.iter().enumerate() {
                for x in 0..3 {
                    rho[3 * n + x] = (Lanes::load(simd, &row[i + x..]) - dose) * inverse;
                }
            }
            let around = Around {
                rho,
                size,
                inverse_size,
                best: Lanes::load(simd, &self.best[i..]),
            };
            let (best, open) = around.search();
            best.store(&mut self.best[i..]);
            open.store(&mut self.open[i..]);
        }
    }
}

/// One point per lane, and its 27 voxels.
struct Around<S: Simd> {
    rho: [Lanes<S>; 27],
    size: [Lanes<S>; 3],
    inverse_size: [Lanes<S>; 3],
    best: Lanes<S>,
}

/// Tangent points tried in one cell. The few reference points that need more stay open.
const TANGENTS: usize = 2;

/// From the middle voxel to the next along each axis.
const STEP: [usize; 3] = [9, 3, 1];
const MIDDLE: usize = 13;

/// Whether cell `n` lies up the axis.
const fn is_up(n: usize, axis: usize) -> bool {
    n & (4 >> axis) != 0
}

/// The voxels at the corners of each cell, counted from the middle one.
const CORNERS: [[usize; 8]; 8] = {
    let mut corners = [[MIDDLE; 8]; 8];
    let mut at = 0;
    while at < 8 * 8 * 3 {
        let (n, bits, axis) = (at / 24, at / 3 % 8, at % 3);
        if is_up(bits, axis) {
            let corner = &mut corners[n][bits];
            *corner = if is_up(n, axis) {
                *corner + STEP[axis]
            } else {
                *corner - STEP[axis]
            };
        }
        at += 1;
    }
    corners
};

impl<S: Simd> Around<S> {
    /// The least gamma^2 found, and the cells that may hold a lower one.
    #[inline(always)]
    fn search(mut self) -> (Lanes<S>, Lanes<S>) {
        let (zero, one) = (self.best.splat(0.0), self.best.splat(1.0));
        let up = self.descend();
        // The steepest cell first.
        let steepest = self.towards(up);
        let evaluation = steepest.evaluate(
            each_axis!(a => up[a].select(zero, -self.size[a])),
            each_axis!(a => up[a].select(self.size[a], zero)),
            self.best,
            TANGENTS,
        );
        self.best = evaluation.least;
        let first = up[0].select(zero.splat(4.0), zero) + up[1].select(zero.splat(2.0), zero) + up[2].select(one, zero);
        let finished = evaluation.bound.less(improvement_threshold(self.best));
        let finished = finished.select(-one, first);

        let mut open = zero;
        let start = self.rho[MIDDLE];
        let negative = start.less(zero);
        let mut falling = self.rho;
        for rho in &mut falling {
            *rho = rho.negate_where(negative);
        }
        let limit = improvement_threshold(self.best);
        for n in 0..8 {
            let promising = self.corner_bound(&falling, n, limit).less(limit) & !finished.equals(zero.splat(n as f64));
            open = open + promising.select(zero.splat((1 << n) as f64), zero);
        }
        (self.best, open)
    }

    /// The least gamma^2 along the lines to the six neighbors, and whether |rho| falls more steeply up each axis.
    #[inline(always)]
    fn descend(&mut self) -> [Mask<S>; 3] {
        let start = self.rho[MIDDLE];
        let (zero, one) = (start.splat(0.0), start.splat(1.0));
        self.best = self.best.min(start * start);
        let mut falls = [[zero; 2]; 3];
        for (a, falls) in falls.iter_mut().enumerate() {
            for (voxel, fall) in [MIDDLE - STEP[a], MIDDLE + STEP[a]].into_iter().zip(falls) {
                let slope = (self.rho[voxel] - start) * self.inverse_size[a];
                *fall = -(start * slope);
                let y = (*fall / (one + slope * slope)).clamp(zero, self.size[a]);
                let rho = start + slope * y;
                self.best = self.best.min(rho * rho + y * y);
            }
        }
        each_axis!(a => falls[a][0].less(falls[a][1]))
    }

    /// The cell that lies up each axis for which `up` is true, and down the others.
    #[inline(always)]
    fn towards(&self, up: [Mask<S>; 3]) -> Trilinear<S> {
        // Along i, then j, then k, of three voxels the middle one and the chosen one.
        let zero = self.best.splat(0.0);
        let (mut along_i, mut along_j, mut rho) = ([[zero; 2]; 9], [[zero; 2]; 6], [zero; 8]);
        for (n, pair) in along_i.iter_mut().enumerate() {
            *pair = [self.rho[3 * n + 1], up[2].select(self.rho[3 * n + 2], self.rho[3 * n])];
        }
        for (n, pair) in along_j.iter_mut().enumerate() {
            let (k, i) = (n / 2 * 3, n % 2);
            *pair = [along_i[k + 1][i], up[1].select(along_i[k + 2][i], along_i[k][i])];
        }
        for n in 0..4 {
            let (j, i) = (n / 2, n % 2);
            rho[n] = along_j[2 + i][j];
            rho[n | 4] = up[0].select(along_j[4 + i][j], along_j[i][j]);
        }
        let inverse = each_axis!(a => up[a].select(self.inverse_size[a], -self.inverse_size[a]));
        Trilinear::new(rho, [zero; 3], inverse)
    }

    /// A lower bound of gamma^2 in cell `n` where it is below `limit`.
    #[inline(always)]
    fn corner_bound(&self, falling: &[Lanes<S>; 27], n: usize, limit: Lanes<S>) -> Lanes<S> {
        let (zero, one) = (limit.splat(0.0), limit.splat(1.0));
        let start = falling[MIDDLE];
        let edge = [
            falling[CORNERS[n][4]] - start,
            falling[CORNERS[n][2]] - start,
            falling[CORNERS[n][1]] - start,
        ];
        let kj = falling[CORNERS[n][6]] - falling[CORNERS[n][4]] - edge[1];
        let ki = falling[CORNERS[n][5]] - falling[CORNERS[n][4]] - edge[2];
        let ji = falling[CORNERS[n][3]] - falling[CORNERS[n][2]] - edge[2];
        let kji = falling[CORNERS[n][7]] - falling[CORNERS[n][6]] - edge[2] - ki - ji;
        let falls = [(-kj).max(zero), (-ki).max(zero), (-ji).max(zero), (-kji).max(zero)];
        let slope = each_axis!(a => (-(edge[a] * self.inverse_size[a])).max(zero));
        let share = one / (one + slope[0] * slope[0] + slope[1] * slope[1] + slope[2] * slope[2]);
        let radius = limit.sqrt();
        let mut reach = each_axis!(a => radius.min(self.size[a]));
        let mut bound = zero;
        for _ in 0..2 {
            let t = each_axis!(a => reach[a] * self.inverse_size[a]);
            let fall = t[0] * t[1] * (falls[0] + falls[3] * t[2]) + t[0] * t[2] * falls[1] + t[1] * t[2] * falls[2];
            let left = (start - fall).max(zero);
            let lambda = left * share;
            bound = left * lambda;
            let ball = (limit - bound).max(zero).sqrt();
            reach = each_axis!(a => reach[a].min(lambda * slope[a] + ball));
        }
        bound
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Criteria, Outside, TOLERANCE, gamma_index};
    use crate::geometry::{Affine, Contiguous};
    use crate::parallel::{Cancellation, Workers};

    const SHAPE: [usize; 3] = [4, 3, 9];
    const SIZE: [f64; 3] = [0.7, 0.5, 0.6];
    const STEPS: usize = 6;

    /// The dose between voxel centers, at `at` in steps of a voxel's 1 / STEPS.
    fn dose(values: &[f64], at: [usize; 3]) -> f64 {
        (0..8)
            .map(|n| {
                let (mut index, mut weight) = (0, 1.0);
                for a in 0..3 {
                    let (voxel, part) = (at[a] / STEPS, (at[a] % STEPS) as f64 / STEPS as f64);
                    let is_next = n & (4 >> a) != 0;
                    weight *= if is_next { part } else { 1.0 - part };
                    index = index * SHAPE[a] + (voxel + usize::from(is_next)).min(SHAPE[a] - 1);
                }
                weight * values[index]
            })
            .sum()
    }

    #[test]
    fn gamma_on_the_same_grid_is_bracketed_by_fine_sampling() {
        let mut state = 3u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let grid = Affine::new(
            "grid",
            [
                [SIZE[2], 0.0, 0.0, 0.0],
                [0.0, SIZE[1], 0.0, 0.0],
                [0.0, 0.0, SIZE[0], 0.0],
                [0.0, 0.0, 0.0, 1.0],
            ],
        )
        .unwrap();
        for map in 0..40 {
            let roughness = 10f64.powf(map as f64 / 20.0 - 1.0);
            let slope = [0; 3].map(|_| 4.0 * (next() - 0.5));
            let linear = |n: usize| {
                30.0 + slope[0] * (n / 27) as f64 + slope[1] * (n / 9 % 3) as f64 + slope[2] * (n % 9) as f64
            };
            let count = SHAPE.iter().product::<usize>();
            let a: Vec<f64> = (0..count).map(|n| linear(n) + roughness * (next() - 0.5)).collect();
            let b: Vec<f64> = (0..count).map(|n| linear(n) + 0.5 + roughness * (next() - 0.5)).collect();
            let criteria = Criteria::new(0.02, 1.0, 0.0, false, Some(100.0), 1.5, Outside::Exclude).unwrap();
            let maps = [&a, &b].map(|map| Contiguous::new(map, SHAPE).unwrap());
            let never = Cancellation::never();
            let workers = Workers::new(Some(1), &never).unwrap();
            let found = gamma_index(&maps[0], &grid, &maps[1], &grid, &criteria, &workers).unwrap();
            let fine = SHAPE.map(|n| (n - 1) * STEPS + 1);
            for n in 0..count {
                let voxel = [n / 27, n / 9 % 3, n % 9];
                let mut least = 1.5f64 * 1.5;
                for m in 0..fine.iter().product() {
                    let at = [m / fine[2] / fine[1], m / fine[2] % fine[1], m % fine[2]];
                    let squared: f64 =
                        (0..3).map(|a| ((at[a] as f64 / STEPS as f64 - voxel[a] as f64) * SIZE[a]).powi(2)).sum();
                    if squared < least {
                        least = least.min(squared + ((dose(&b, at) - a[n]) / 2.0).powi(2));
                    }
                }
                let (gamma, sampled) = (f64::from(found.gamma[n]), least.sqrt());
                assert!(gamma <= sampled + TOLERANCE + 1e-6, "{gamma} {sampled} at {voxel:?}, map {map}");
                assert!(gamma >= sampled - 0.5, "{gamma} {sampled} at {voxel:?}, map {map}");
            }
        }
    }
}
