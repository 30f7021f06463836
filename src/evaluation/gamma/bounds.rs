//! Bounds of gamma over a box of a cell, for one box or as many at once as the machine has lanes.
//!
//! Lengths are in units of the distance criterion from the reference point, doses in units of the dose criterion from
//! the reference dose, so that gamma^2 = rho(y)^2 + |y|^2 with rho trilinear in y. That has several minima and no closed
//! form, but where rho is linear it has one: the minimum over a box solves y = clip(-lambda g) with lambda = rho(y), a
//! rising function of one number. Two lower bounds come of this.
//!
//! - From afar: a trilinear rho leaves its linear part at the middle of the box by at most the sum of its mixed
//!   coefficients. That part's |rho|, less the sum, has a least gamma^2 that is below; and because it is convex, gamma^2
//!   grows from there at least by the squared distance, so that all that could be better lies in a ball.
//! - From nearby: tangents lead to a point y that is nearly the least, and to a lambda. rho(y + d) = rho + g d + q, where q
//!   is what the mixed terms bend: |q| <= sum of B_ab |d_a d_b| <= half the sum of B_ab (d_a^2 + d_b^2). With rho^2 >=
//!   2 lambda rho - lambda^2, gamma^2 at y + d is at least 2 lambda rho - lambda^2 + |y|^2 and the sum over the axes of
//!   2 (lambda g_a + y_a) d_a + (1 - |lambda| sum over b of B_ab) d_a^2, whose least value over the box is found axis by
//!   axis. It holds for any lambda; that of the tangent makes the slopes vanish where y is inside.

use pulp::Simd;

use super::lanes::{Lanes, dot, each_axis};

/// Gamma is never below its least value, and at most this much above it.
pub const TOLERANCE: f64 = 1e-4;

/// Squared step below which another tangent brings nothing.
const STILL: f64 = 1e-12;

/// Newton's steps for one linear minimum; whatever they reach, the bound holds.
const STEPS: usize = 64;

/// Relative excess below which a linear minimum is found.
const SETTLED: f64 = 1e-5;

type Vector<S> = [Lanes<S>; 3];

/// What a bound of gamma^2 must be below to promise a gamma lower than `squared`'s by more than the tolerance.
#[inline(always)]
pub fn worthwhile<S: Simd>(squared: Lanes<S>) -> Lanes<S> {
    let gamma = (squared.sqrt() - squared.same(TOLERANCE)).max(squared.same(0.0));
    gamma * gamma
}

/// rho in a cell as a polynomial of the distance from one of its corners.
#[derive(Clone, Copy)]
pub struct Trilinear<S: Simd> {
    /// Of 1, i, j, ji, k, ki, kj, kji.
    coefficients: [Lanes<S>; 8],
    corner: Vector<S>,
}

/// rho at a point, its gradient, and its mixed derivatives kj, ki, ji.
struct Local<S: Simd> {
    rho: Lanes<S>,
    gradient: Vector<S>,
    mixed: Vector<S>,
}

/// What is known of a box after a look at it.
pub struct Look<S: Simd> {
    /// The least gamma^2 at the points on the way, or what was there before.
    pub least: Lanes<S>,
    /// No gamma^2 in the box is below.
    pub bound: Lanes<S>,
    /// The part of the box that can hold a better one.
    pub low: Vector<S>,
    pub high: Vector<S>,
    /// How much each axis adds to the distance between the bounds.
    pub bent: Vector<S>,
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

    /// Bounds of gamma^2 in a box of the cell, which is also cut where its distance alone exceeds `best`, the least
    /// gamma^2 known, with so many tangents at most.
    #[inline(always)]
    pub fn look(&self, low: Vector<S>, high: Vector<S>, best: Lanes<S>, tangents: usize) -> Look<S> {
        let zero = best.same(0.0);
        let radius = best.sqrt();
        let low = each_axis!(a => low[a].clamp(-radius, radius));
        let high = each_axis!(a => high[a].clamp(-radius, radius));

        let middle = each_axis!(a => (low[a] + high[a]) * best.same(0.5));
        let half = each_axis!(a => (high[a] - low[a]) * best.same(0.5));
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
            y: afar,
            mut lambda,
            mut bound,
        } = linear.minimum(low, high);
        // Convex around `afar`: what is better lies in a ball.
        let ball = (worthwhile(best) - bound).max(zero).sqrt();

        let (mut y, mut least) = (afar, best);
        let mut moving = !best.less(best);
        for tangent in 0.. {
            let local = self.at(y);
            let active = bound.less(worthwhile(least)) & moving;
            if !active.any() {
                break;
            }
            least = active.select(least.min(local.rho * local.rho + dot(y, y)), least);
            let nearby = self.bound_from(y, lambda, &local, low, high);
            bound = active.select(bound.max(nearby), bound);
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
            moving = moving & best.same(STILL).less(dot(step, step));
            (y, lambda) = (next.y, next.lambda);
        }
        Look {
            least,
            bound,
            low: each_axis!(a => low[a].max(afar[a] - ball)),
            high: each_axis!(a => high[a].min(afar[a] + ball)),
            bent: [kj + ki + kji, kj + ji + kji, ki + ji + kji],
        }
    }

    /// The lower bound from nearby, over the box. The highest mixed term is shared out to the three pairs.
    #[inline(always)]
    fn bound_from(
        &self,
        y: Vector<S>,
        lambda: Lanes<S>,
        local: &Local<S>,
        low: Vector<S>,
        high: Vector<S>,
    ) -> Lanes<S> {
        let zero = y[0].same(0.0);
        let down = each_axis!(a => y[a] - low[a]);
        let up = each_axis!(a => high[a] - y[a]);
        let third = self.coefficients[7].abs() * zero.same(1.0 / 3.0);
        let [kj, ki, ji] = each_axis!(pair => local.mixed[pair].abs() + third * down[2 - pair].max(up[2 - pair]));
        let bent = [kj + ki, kj + ji, ki + ji];
        let mut bound = lambda * (local.rho + local.rho - lambda) + dot(y, y);
        for a in 0..3 {
            let slope = lambda * local.gradient[a] + y[a];
            let twice = slope + slope;
            let curvature = zero.same(1.0) - lambda.abs() * bent[a];
            let ends = (down[a] * (curvature * down[a] - twice)).min(up[a] * (curvature * up[a] + twice));
            let bottom = (-slope).over(curvature).clamp(-down[a], up[a]);
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

/// Where its square and |y|^2 are least in the box.
struct Minimum<S: Simd> {
    y: Vector<S>,
    /// What it is there, with the sign of the linear function.
    lambda: Lanes<S>,
    /// A lower bound of gamma^2: the least value itself to rounding.
    bound: Lanes<S>,
}

impl<S: Simd> Linear<S> {
    #[inline(always)]
    fn minimum(&self, low: Vector<S>, high: Vector<S>) -> Minimum<S> {
        let zero = self.slack.same(0.0);
        let one = self.slack.same(1.0);
        let nearest = each_axis!(a => zero.clamp(low[a], high[a]));
        // With the sign turned so that lambda >= 0: y = clip(-lambda g), lambda = origin + g y.
        let start = self.at_origin + dot(self.gradient, nearest);
        let negative = start.less(zero);
        let g = each_axis!(a => self.gradient[a].turned(negative));
        let origin = self.at_origin.turned(negative) - self.slack;
        let squares = each_axis!(a => g[a] * g[a]);
        let first = each_axis!(a => {
            let end = zero.less(g[a]).select(-low[a], high[a]);
            (zero.less(end) & nearest[a].equals(zero)).select(squares[a], zero)
        });
        // The excess of lambda rises from below 0 at `below` to above 0 at `above`. Newton's step is exact within one
        // piece of the clipping; a step out of the bracket becomes a bisection.
        let (mut below, mut above) = (zero, (start.abs() - self.slack).max(zero));
        let mut lambda = above.over(one + first[0] + first[1] + first[2]);
        let mut y = each_axis!(a => (-(lambda * g[a])).clamp(low[a], high[a]));
        let mut value = origin + dot(g, y);
        for _ in 0..STEPS {
            let excess = lambda - value;
            let is_above = zero.less(excess);
            above = is_above.select(lambda, above);
            below = is_above.select(below, lambda);
            let moving = (lambda * zero.same(SETTLED)).less(excess.abs()) & below.less(above);
            if !moving.any() {
                break;
            }
            let free = each_axis!(a => (low[a].less(y[a]) & y[a].less(high[a])).select(squares[a], zero));
            let next = lambda - excess.over(one + free[0] + free[1] + free[2]);
            let inside = below.less(next) & next.less(above);
            lambda = moving.select(inside.select(next, (below + above) * zero.same(0.5)), lambda);
            y = each_axis!(a => (-(lambda * g[a])).clamp(low[a], high[a]));
            value = origin + dot(g, y);
        }
        // s^2 >= 2 lambda s - lambda^2: below the least value whatever lambda is, and equal to it at the solution.
        Minimum {
            y,
            lambda: lambda.turned(negative),
            bound: lambda * (value + value - lambda) + dot(y, y),
        }
    }
}
