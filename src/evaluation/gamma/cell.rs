//! The least gamma inside one cell of the evaluated grid, to a stated tolerance.
//!
//! Lengths are in units of the distance criterion from the reference point, doses in units of the dose criterion from
//! the reference dose, so that gamma^2 = rho(y)^2 + |y|^2 with rho trilinear in y. That has several minima in a cell and
//! no closed form, but where rho is linear it has one: the minimum over a box solves y = clip(-lambda g) with
//! lambda = rho(y), a falling function of one number. A trilinear rho leaves its linear part by at most the sum of its
//! mixed coefficients, which gives a lower bound of gamma over the box; rho at the point where that bound is attained
//! gives an upper one. A box whose bounds differ by more than the tolerance is halved: both mixed terms quarter, so a
//! few halvings do.

/// Gamma is never below its least value, and at most this much above it.
pub const TOLERANCE: f64 = 1e-4;

/// Tangents tried in one box.
const ITERATIONS: usize = 6;

/// Squared step below which another tangent brings nothing.
const SETTLED: f64 = 1e-12;

/// Boxes looked at in one cell. Smooth cells take one, rough ones some ten; the limit bounds the time that doses made
/// to be hostile can take.
const LIMIT: usize = 4096;

/// Part of a cell: its corners' rho, bit 2 of the index along k, bit 1 along j, bit 0 along i; and where it lies.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub rho: [f64; 8],
    pub low: [f64; 3],
    pub high: [f64; 3],
}

/// The smallest gamma^2 found so far, and what a box must promise to be looked at.
#[derive(Debug, Clone, Copy)]
pub struct Best {
    squared: f64,
    worthwhile: f64,
}

impl Best {
    pub fn new(squared: f64) -> Self {
        let gamma = (squared.sqrt() - TOLERANCE).max(0.0);
        Self {
            squared,
            worthwhile: gamma * gamma,
        }
    }
    pub fn squared(&self) -> f64 {
        self.squared
    }
    /// Whether a box whose gamma^2 is at least `bound` can lower gamma by more than the tolerance.
    #[inline(always)]
    pub fn is_worthwhile(&self, bound: f64) -> bool {
        bound < self.worthwhile
    }
    #[inline(always)]
    pub fn lower(&mut self, squared: f64) {
        if squared < self.squared {
            *self = Self::new(squared);
        }
    }
}

/// Lowers `best` to the least gamma^2 of the cell, and says how many boxes that took. `stack` is scratch.
pub fn minimize(cell: Part, best: &mut Best, stack: &mut Vec<Part>) -> usize {
    if !best.is_worthwhile(cell.corner_bound(best.squared.sqrt())) {
        return 0;
    }
    stack.clear();
    let mut looked_at = 0;
    let mut next = Some(cell);
    while let Some(part) = next.or_else(|| stack.pop()) {
        next = None;
        let part = part.within(best.squared.sqrt());
        let (bound, slack) = part.bounds(best);
        looked_at += 1;
        if !best.is_worthwhile(bound) || looked_at >= LIMIT {
            continue;
        }
        let less = part.within(best.squared.sqrt());
        if less.volume() < 0.5 * part.volume() {
            next = Some(less);
        } else {
            let [near, far] = less.halves(slack);
            stack.push(far);
            next = Some(near);
        }
    }
    looked_at
}

/// A function on the cube [-1, 1]^3 with coefficients of 1, i, j, ji, k, ki, kj, kji.
fn coefficients(corner: &[f64; 8]) -> [f64; 8] {
    let mut c = *corner;
    for bit in [1, 2, 4] {
        for n in 0..8 {
            if n & bit == 0 {
                (c[n], c[n | bit]) = (0.5 * (c[n] + c[n | bit]), 0.5 * (c[n | bit] - c[n]));
            }
        }
    }
    c
}

impl Part {
    /// A quick lower bound of gamma^2 within `radius`, where the reference point is a corner of the cell: 0 elsewhere.
    ///
    /// From that corner |rho| falls along each edge by its slope, and by the negative mixed terms, which are largest at
    /// the end of the radius; with those taken off at once the rest is linear, and its least value has a closed form.
    fn corner_bound(&self, radius: f64) -> f64 {
        let mut corner = 0;
        let (mut inverse, mut reach) = ([0.0; 3], [0.0; 3]);
        for axis in 0..3 {
            let width = self.high[axis] - self.low[axis];
            if self.low[axis] != 0.0 && self.high[axis] != 0.0 {
                return 0.0;
            }
            if width > 0.0 {
                inverse[axis] = 1.0 / width;
                reach[axis] = (radius * inverse[axis]).min(1.0);
            }
            if self.low[axis] < 0.0 {
                corner |= 4 >> axis;
            }
        }
        let sign = self.rho[corner].signum();
        let rho = |bits: usize| sign * self.rho[corner ^ bits];
        let start = rho(0);
        let edge = [rho(4) - start, rho(2) - start, rho(1) - start];
        let mixed = [
            rho(6) - start - edge[0] - edge[1],
            rho(5) - start - edge[0] - edge[2],
            rho(3) - start - edge[1] - edge[2],
        ];
        let all = rho(7) - start - edge.iter().sum::<f64>() - mixed.iter().sum::<f64>();
        let fall = (-mixed[0]).max(0.0) * reach[0] * reach[1]
            + (-mixed[1]).max(0.0) * reach[0] * reach[2]
            + (-mixed[2]).max(0.0) * reach[1] * reach[2]
            + (-all).max(0.0) * reach[0] * reach[1] * reach[2];
        let slope = [0, 1, 2].map(|a| (edge[a] * inverse[a]).min(0.0));
        (start - fall).max(0.0).powi(2) / (1.0 + dot(&slope, &slope))
    }

    fn volume(&self) -> f64 {
        (0..3).map(|a| self.high[a] - self.low[a]).filter(|width| *width > 0.0).product()
    }

    /// What lies no farther than `radius` along each axis: beyond, gamma is larger for its distance alone.
    fn within(&self, radius: f64) -> Self {
        let mut part = *self;
        for axis in 0..3 {
            let (low, high) = (self.low[axis], self.high[axis]);
            if low >= -radius && high <= radius || high <= low {
                continue;
            }
            let ends = [low.max(-radius), high.min(radius)];
            let t = ends.map(|end| (end - low) / (high - low));
            let bit = 4 >> axis;
            for n in (0..8).filter(|n| n & bit == 0) {
                let (from, rise) = (part.rho[n], part.rho[n | bit] - part.rho[n]);
                part.rho[n] = from + t[0] * rise;
                part.rho[n | bit] = from + t[1] * rise;
            }
            (part.low[axis], part.high[axis]) = (ends[0], ends[1]);
        }
        part
    }

    /// A lower bound of gamma^2, and how much each axis adds to the distance between the bounds. Lowers `best` to
    /// gamma^2 at the points on the way.
    fn bounds(&self, best: &mut Best) -> (f64, [f64; 3]) {
        let c = coefficients(&self.rho);
        let middle = [0, 1, 2].map(|a| 0.5 * (self.low[a] + self.high[a]));
        let inverse = [0, 1, 2].map(|a| {
            let width = self.high[a] - self.low[a];
            if width > 0.0 { 2.0 / width } else { 0.0 }
        });
        let (kj, ki, ji, kji) = (c[6].abs(), c[5].abs(), c[3].abs(), c[7].abs());
        let axes = [kj + ki + kji, kj + ji + kji, ki + ji + kji];
        let gradient = [c[4] * inverse[0], c[2] * inverse[1], c[1] * inverse[2]];
        let (mut y, bound) = self.linear_minimum(c[0] - dot(&gradient, &middle), gradient, kj + ki + ji + kji);
        for _ in 0..ITERATIONS {
            let tau = [0, 1, 2].map(|a| (y[a] - middle[a]) * inverse[a]);
            let rho = trilinear(&c, tau);
            best.lower(rho * rho + squared(y));
            if kj + ki + ji + kji == 0.0 || !best.is_worthwhile(bound) {
                break;
            }
            let mixed = [c[6] + c[7] * tau[2], c[5] + c[7] * tau[1], c[3] + c[7] * tau[0]];
            let tangent = [
                (c[4] + c[5] * tau[2] + mixed[0] * tau[1]) * inverse[0],
                (c[2] + c[3] * tau[2] + mixed[0] * tau[0]) * inverse[1],
                (c[1] + c[3] * tau[1] + mixed[1] * tau[0]) * inverse[2],
            ];
            let local = self.bound_from(y, rho, &tangent, mixed.map(|m| m.abs() + kji * (2.0 / 3.0)), &inverse);
            if !best.is_worthwhile(local) {
                return (local, axes);
            }
            let next = self.linear_minimum(rho - dot(&tangent, &y), tangent, 0.0).0;
            if squared([0, 1, 2].map(|a| next[a] - y[a])) < SETTLED {
                break;
            }
            y = next;
        }
        (bound, axes)
    }

    /// A lower bound from a point that is nearly a local minimum.
    ///
    /// At y + d rho is rho + g d + q with |q| <= sum of B_ab |d_a d_b| over pairs of axes, B from the mixed terms. Then
    /// gamma^2 rises by 2 (rho g + y) d + (g d + q)^2 + |d|^2 + 2 rho q. Along an axis on whose end y lies the first term
    /// is not negative and at least that slope times d^2 over the width. What is left is a sum over axes of d_a^2
    /// (1 + 2 slope / width - |rho| sum of B_ab over b): where no such term is negative, y is the least in the whole box.
    fn bound_from(&self, y: [f64; 3], rho: f64, gradient: &[f64; 3], mixed: [f64; 3], inverse: &[f64; 3]) -> f64 {
        let kj = mixed[0] * inverse[0] * inverse[1];
        let ki = mixed[1] * inverse[0] * inverse[2];
        let ji = mixed[2] * inverse[1] * inverse[2];
        let bent = [kj + ki, kj + ji, ki + ji];
        let mut bound = rho * rho + squared(y);
        for a in 0..3 {
            let slope = rho * gradient[a] + y[a];
            let (down, up) = (y[a] - self.low[a], self.high[a] - y[a]);
            let longest = down.max(up);
            let fall = (slope * down).max(-slope * up);
            // The slope counts where y lies on an end and it rises from there.
            let support = if fall <= 0.0 { slope.abs() * inverse[a] } else { 0.0 };
            bound -= 2.0 * fall + (rho.abs() * bent[a] - 1.0 - support).max(0.0) * longest * longest;
        }
        bound
    }

    /// Where max(|at_origin + gradient y| - slack, 0)^2 + |y|^2 is least in the box, and a lower bound of it: the least
    /// value itself to rounding.
    fn linear_minimum(&self, at_origin: f64, gradient: [f64; 3], slack: f64) -> ([f64; 3], f64) {
        let at = |lambda: f64, g: &[f64; 3]| [0, 1, 2].map(|a| (-lambda * g[a]).max(self.low[a]).min(self.high[a]));
        let nearest = at(0.0, &gradient);
        let start = at_origin + dot(&gradient, &nearest);
        if start.abs() <= slack {
            return (nearest, squared(nearest));
        }
        // With the sign turned so that lambda >= 0: y = clip(-lambda g), lambda = origin + g y.
        let sign = start.signum();
        let (origin, g) = (sign * at_origin - slack, gradient.map(|v| sign * v));
        // The excess of lambda rises from below 0 at `below` to above 0 at `above`. Newton's step is exact within one
        // piece of the clipping; a step out of the bracket becomes a bisection.
        let (mut below, mut above) = (0.0, sign * start - slack);
        let moves = |a: usize| {
            let end = if g[a] > 0.0 { -self.low[a] } else { self.high[a] };
            if nearest[a] == 0.0 && end > 0.0 {
                g[a] * g[a]
            } else {
                0.0
            }
        };
        let mut lambda = above / (1.0 + moves(0) + moves(1) + moves(2));
        for _ in 0..64 {
            let y = at(lambda, &g);
            let excess = lambda - (origin + dot(&g, &y));
            if excess > 0.0 {
                above = lambda;
            } else {
                below = lambda;
            }
            let free = |a: usize| {
                if self.low[a] < y[a] && y[a] < self.high[a] {
                    g[a] * g[a]
                } else {
                    0.0
                }
            };
            let next = lambda - excess / (1.0 + free(0) + free(1) + free(2));
            if (next - lambda).abs() <= 1e-12 * lambda {
                break;
            }
            lambda = if below < next && next < above {
                next
            } else {
                0.5 * (below + above)
            };
        }
        // s^2 >= 2 lambda s - lambda^2: below the least value whatever lambda is, and equal to it at the solution.
        let y = at(lambda, &g);
        (y, 2.0 * lambda * (origin + dot(&g, &y)) - lambda * lambda + squared(y))
    }

    /// The halves along the axis that adds most to the distance between the bounds, the nearer one first.
    fn halves(&self, slack: [f64; 3]) -> [Self; 2] {
        let mut axis = if slack[1] > slack[0] { 1 } else { 0 };
        if slack[2] > slack[axis] {
            axis = 2;
        }
        let bit = 4 >> axis;
        let (mut lower, mut upper) = (*self, *self);
        for n in (0..8).filter(|n| n & bit == 0) {
            let between = 0.5 * (self.rho[n] + self.rho[n | bit]);
            lower.rho[n | bit] = between;
            upper.rho[n] = between;
        }
        let between = 0.5 * (self.low[axis] + self.high[axis]);
        lower.high[axis] = between;
        upper.low[axis] = between;
        if between < 0.0 { [upper, lower] } else { [lower, upper] }
    }
}

fn trilinear(c: &[f64; 8], [k, j, i]: [f64; 3]) -> f64 {
    c[0] + c[1] * i + c[2] * j + c[3] * j * i + k * (c[4] + c[5] * i + c[6] * j + c[7] * j * i)
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn squared(y: [f64; 3]) -> f64 {
    y[0] * y[0] + y[1] * y[1] + y[2] * y[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Repeatable numbers within [0, 1).
    fn numbers(mut state: u64) -> impl FnMut() -> f64 {
        move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    fn sampled(part: &Part, steps: usize) -> f64 {
        let c = coefficients(&part.rho);
        let mut least = f64::INFINITY;
        for n in 0..steps.pow(3) {
            let t = [n / steps / steps, n / steps % steps, n % steps].map(|x| x as f64 / (steps - 1) as f64);
            let y = [0, 1, 2].map(|a| part.low[a] + t[a] * (part.high[a] - part.low[a]));
            least = least.min(trilinear(&c, t.map(|t| 2.0 * t - 1.0)).powi(2) + squared(y));
        }
        least.sqrt()
    }

    #[test]
    fn no_sample_of_a_cell_is_below_the_minimum() {
        let mut next = numbers(7);
        let mut boxes = 0;
        for n in 0..3000 {
            let size = 10f64.powf(3.0 * next() - 2.0);
            let steep = 10f64.powf(4.0 * next() - 2.0);
            let offset = steep * (next() - 0.5);
            let low = [0; 3].map(|_| size * (2.0 * next() - 1.5));
            let mut rho = [0; 8].map(|_| steep * (next() - 0.5) + offset);
            if n % 3 == 0 {
                // An axis of one voxel: no width, and the same dose on either side.
                [rho[2], rho[3], rho[6], rho[7]] = [rho[0], rho[1], rho[4], rho[5]];
            }
            let part = Part {
                rho,
                low,
                high: [low[0] + size, low[1] + size * (n % 3) as f64, low[2] + 0.3 * size],
            };
            let mut best = Best::new(1e6);
            let looked_at = minimize(part, &mut best, &mut Vec::new());
            assert!(looked_at < LIMIT, "{part:?}");
            boxes += looked_at;
            let (found, sampled) = (best.squared().sqrt(), sampled(&part, 17));
            assert!(found <= sampled + TOLERANCE, "{found} {sampled} {part:?}");
            // And a point of the box attains it: the nearest sample is no farther above than a step allows.
            let steepest = [4usize, 2, 1].map(|bit| {
                let axis = 2 - bit.trailing_zeros() as usize;
                let rise = (0..8).filter(|n| n & bit == 0).map(|n| (part.rho[n | bit] - part.rho[n]).abs());
                (rise.fold(0.0, f64::max), part.high[axis] - part.low[axis])
            });
            let allowance: f64 = steepest.iter().map(|(rise, width)| (rise + width) / 16.0).sum();
            assert!(sampled <= found + allowance, "{found} {sampled} {part:?}");
        }
        assert!(boxes < 60_000, "{boxes} boxes in 3000 cells");
    }
}
