//! Lower and upper bounds of gamma^2 over a box of a cell, for one box per lane. Derivations: docs/theory/gamma.md.
//!
//! Lengths are distances from the reference point in units of the distance criterion. Doses are differences from the
//! reference dose in units of the dose criterion. Then gamma^2 = rho(y)^2 + |y|^2 with rho trilinear in y. It may have
//! several minima. If rho is linear, the minimum over a box is the solution of y = clip(-lambda g), lambda = rho(y), one
//! equation in one unknown. Two lower bounds follow.
//!
//! - The bound of the box: rho differs from its linear part at the middle of the box by at most the sum of its mixed
//!   terms. |linear part| less that sum gives a lower bound of gamma^2. It is convex, so all better points lie in a ball.
//! - The bound at a tangent point y: rho(y + d) = rho + g d + q with |q| <= half the sum of B_ab (d_a^2 + d_b^2), and
//!   rho^2 >= 2 lambda rho - lambda^2 for any lambda. The sum separates into one parabola per axis.

use pulp::Simd;

use super::lanes::{Lanes, dot, each_axis};

/// The result is never below the minimum of gamma and at most this much above it.
pub const TOLERANCE: f64 = 1e-4;

/// Squared step between tangent points below which the search for a better one ends.
const NEGLIGIBLE_STEP_SQUARED: f64 = 1e-12;

/// Largest number of Newton steps for one linear minimum. The bound is valid after any number of them.
const STEPS: usize = 64;

/// Relative error of lambda at which Newton's iteration ends.
const RELATIVE_TOLERANCE: f64 = 1e-5;

type Vector<S> = [Lanes<S>; 3];

/// The value that a lower bound of gamma^2 must be below, for a gamma that is lower by more than the tolerance.
#[inline(always)]
pub fn improvement_threshold<S: Simd>(squared: Lanes<S>) -> Lanes<S> {
    let gamma = (squared.sqrt() - squared.splat(TOLERANCE)).max(squared.splat(0.0));
    gamma * gamma
}

/// rho in a cell as a polynomial in the distance from one of its corners.
#[derive(Clone, Copy)]
pub struct Trilinear<S: Simd> {
    /// Coefficients of 1, i, j, ji, k, ki, kj, kji.
    coefficients: [Lanes<S>; 8],
    corner: Vector<S>,
}

/// rho at a point, its gradient, and its mixed derivatives kj, ki, ji.
struct Local<S: Simd> {
    rho: Lanes<S>,
    gradient: Vector<S>,
    mixed: Vector<S>,
}

/// The bounds of gamma^2 in a box, and the part of the box that remains to be searched.
pub struct Evaluation<S: Simd> {
    /// Upper bound: the least gamma^2 at the points tried, or the one known before.
    pub least: Lanes<S>,
    /// Lower bound.
    pub bound: Lanes<S>,
    /// The part of the box that can contain a lower gamma.
    pub low: Vector<S>,
    pub high: Vector<S>,
    /// Sum of the mixed terms that contain each axis: its share of the gap between the bounds.
    pub mixed_per_axis: Vector<S>,
}

impl<S: Simd> Trilinear<S> {
    /// `rho` at the corners: bit 2 of the index along k, bit 1 along j, bit 0 along i, away from `corner`; `inverse` is
    /// one over the way from there, negative where that leads down the axis, and 0 along an axis of one voxel.
    #[inline(always)]
    pub fn new(rho: [Lanes<S>; 8], corner: Vector<S>, inverse: Vector<S>) -> Self {
        let mut c = rho;
        for (axis, bit) in [4, 2, 1].into_iter().enumerate() {
            for n in 0..8 {
                if n & bit != 0 {
                    c[n] = (c[n] - c[n ^ bit]) * inverse[axis];
                }
            }
        }
        Self {
            coefficients: c,
            corner,
        }
    }

    #[inline(always)]
    fn at(&self, y: Vector<S>) -> Local<S> {
        let c = &self.coefficients;
        let [k, j, i] = each_axis!(a => y[a] - self.corner[a]);
        let (kj, ki, ji) = (c[6] + c[7] * i, c[5] + c[7] * j, c[3] + c[7] * k);
        let along_k = c[4] + kj * j + c[5] * i;
        Local {
            rho: c[0] + k * along_k + j * (c[2] + c[3] * i) + c[1] * i,
            gradient: [along_k, c[2] + kj * k + c[3] * i, c[1] + ki * k + c[3] * j],
            mixed: [kj, ki, ji],
        }
    }

    /// Computes bounds of gamma^2 in a box of the cell from at most `tangents` tangent points. `best` is the least gamma^2
    /// known; parts of the box farther away than its root are cut off.
    #[inline(always)]
    pub fn evaluate(&self, low: Vector<S>, high: Vector<S>, best: Lanes<S>, tangents: usize) -> Evaluation<S> {
        let zero = best.splat(0.0);
        let radius = best.sqrt();
        let low = each_axis!(a => low[a].clamp(-radius, radius));
        let high = each_axis!(a => high[a].clamp(-radius, radius));

        let middle = each_axis!(a => (low[a] + high[a]) * best.splat(0.5));
        let half = each_axis!(a => (high[a] - low[a]) * best.splat(0.5));
        let local = self.at(middle);
        let [kj, ki, ji] = each_axis!(pair => local.mixed[pair].abs() * half[PAIRS[pair][0]] * half[PAIRS[pair][1]]);
        let twisted = self.coefficients[7].abs();
        let kji = twisted * half[0] * half[1] * half[2];
        let linear = Linear {
            at_origin: local.rho - dot(local.gradient, middle),
            gradient: local.gradient,
            slack: kj + ki + ji + kji,
        };
        let Minimum {
            y: minimizer,
            mut lambda,
            mut bound,
        } = linear.minimum(low, high);
        // The bound is convex around its minimizer: all better points lie in a ball.
        let ball = (improvement_threshold(best) - bound).max(zero).sqrt();

        let (mut y, mut least) = (minimizer, best);
        let mut moving = !best.less(best);
        for tangent in 0.. {
            let local = self.at(y);
            let active = bound.less(improvement_threshold(least)) & moving;
            if !active.any() {
                break;
            }
            least = active.select(least.min(local.rho * local.rho + dot(y, y)), least);
            let at_tangent = self.bound_at_tangent(y, lambda, &local, low, high);
            bound = active.select(bound.max(at_tangent), bound);
            if tangent == tangents {
                break;
            }
            let linear = Linear {
                at_origin: local.rho - dot(local.gradient, y),
                gradient: local.gradient,
                slack: zero,
            };
            let next = linear.minimum(low, high);
            let step = each_axis!(a => next.y[a] - y[a]);
            moving = moving & best.splat(NEGLIGIBLE_STEP_SQUARED).less(dot(step, step));
            (y, lambda) = (next.y, next.lambda);
        }
        Evaluation {
            least,
            bound,
            low: each_axis!(a => low[a].max(minimizer[a] - ball)),
            high: each_axis!(a => high[a].min(minimizer[a] + ball)),
            mixed_per_axis: [kj + ki + kji, kj + ji + kji, ki + ji + kji],
        }
    }

    /// The lower bound at a tangent point. A third of the term kji is added to each pair of axes.
    #[inline(always)]
    fn bound_at_tangent(
        &self,
        y: Vector<S>,
        lambda: Lanes<S>,
        local: &Local<S>,
        low: Vector<S>,
        high: Vector<S>,
    ) -> Lanes<S> {
        let zero = y[0].splat(0.0);
        let down = each_axis!(a => y[a] - low[a]);
        let up = each_axis!(a => high[a] - y[a]);
        let third = self.coefficients[7].abs() * zero.splat(1.0 / 3.0);
        let [kj, ki, ji] = each_axis!(pair => local.mixed[pair].abs() + third * down[2 - pair].max(up[2 - pair]));
        let mixed_per_axis = [kj + ki, kj + ji, ki + ji];
        let mut bound = lambda * (local.rho + local.rho - lambda) + dot(y, y);
        for a in 0..3 {
            let slope = lambda * local.gradient[a] + y[a];
            let twice = slope + slope;
            let curvature = zero.splat(1.0) - lambda.abs() * mixed_per_axis[a];
            let ends = (down[a] * (curvature * down[a] - twice)).min(up[a] * (curvature * up[a] + twice));
            let bottom = (-slope / curvature).clamp(-down[a], up[a]);
            bound = bound + zero.less(curvature).select(bottom * (curvature * bottom + twice), ends);
        }
        bound
    }
}

/// The axes of each mixed derivative; the third axis of pair n is 2 - n.
const PAIRS: [[usize; 2]; 3] = [[0, 1], [0, 2], [1, 2]];

/// max(|at_origin + gradient y| - slack, 0)
struct Linear<S: Simd> {
    at_origin: Lanes<S>,
    gradient: Vector<S>,
    slack: Lanes<S>,
}

/// The point of the box where the sum of its square and |y|^2 is least.
struct Minimum<S: Simd> {
    y: Vector<S>,
    /// Its value there, with the sign of the linear function.
    lambda: Lanes<S>,
    /// A lower bound of gamma^2; at convergence it equals the minimum to rounding.
    bound: Lanes<S>,
}

impl<S: Simd> Linear<S> {
    #[inline(always)]
    fn minimum(&self, low: Vector<S>, high: Vector<S>) -> Minimum<S> {
        let zero = self.slack.splat(0.0);
        let one = self.slack.splat(1.0);
        let nearest = each_axis!(a => zero.clamp(low[a], high[a]));
        // With the sign chosen so that lambda >= 0: y = clip(-lambda g), lambda = origin + g y.
        let start = self.at_origin + dot(self.gradient, nearest);
        let negative = start.less(zero);
        let g = each_axis!(a => self.gradient[a].negate_where(negative));
        let origin = self.at_origin.negate_where(negative) - self.slack;
        let squares = each_axis!(a => g[a] * g[a]);
        let first = each_axis!(a => {
            let end = zero.less(g[a]).select(-low[a], high[a]);
            (zero.less(end) & nearest[a].equals(zero)).select(squares[a], zero)
        });
        // The excess of lambda rises from below 0 at `below` to above 0 at `above`. Newton's step is exact within one
        // piece of the clipping; a step out of the bracket becomes a bisection.
        let (mut below, mut above) = (zero, (start.abs() - self.slack).max(zero));
        let mut lambda = above / (one + first[0] + first[1] + first[2]);
        let mut y = each_axis!(a => (-(lambda * g[a])).clamp(low[a], high[a]));
        let mut value = origin + dot(g, y);
        for _ in 0..STEPS {
            let excess = lambda - value;
            let is_above = zero.less(excess);
            above = is_above.select(lambda, above);
            below = is_above.select(below, lambda);
            let moving = (lambda * zero.splat(RELATIVE_TOLERANCE)).less(excess.abs()) & below.less(above);
            if !moving.any() {
                break;
            }
            let free = each_axis!(a => (low[a].less(y[a]) & y[a].less(high[a])).select(squares[a], zero));
            let next = lambda - excess / (one + free[0] + free[1] + free[2]);
            let inside = below.less(next) & next.less(above);
            lambda = moving.select(inside.select(next, (below + above) * zero.splat(0.5)), lambda);
            y = each_axis!(a => (-(lambda * g[a])).clamp(low[a], high[a]));
            value = origin + dot(g, y);
        }
        // s^2 >= 2 lambda s - lambda^2: a lower bound for any lambda, with equality at the solution.
        Minimum {
            y,
            lambda: lambda.negate_where(negative),
            bound: lambda * (value + value - lambda) + dot(y, y),
        }
    }
}
