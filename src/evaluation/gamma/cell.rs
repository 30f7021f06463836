//! The least gamma inside one cell of the evaluated grid, to a stated tolerance.
//!
//! A box whose bounds (`bounds.rs`) differ by more than the tolerance shrinks to where it can be better, and is halved
//! where that leaves more than half of it: the mixed terms over it quarter, so a few halvings do.

use pulp::Scalar;

use super::bounds::{Trilinear, worthwhile};
use super::lanes::Lanes;

/// Boxes looked at in one cell. Smooth cells take one, rough ones some ten; the limit bounds the time that doses made
/// to be hostile can take.
const LIMIT: usize = 4096;

/// A cell: its corners' rho, bit 2 of the index along k, bit 1 along j, bit 0 along i; and where it lies.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    pub rho: [f64; 8],
    pub low: [f64; 3],
    pub high: [f64; 3],
}

/// Part of a cell, and what gamma^2 is not below there.
pub struct Part {
    low: [f64; 3],
    high: [f64; 3],
    bound: f64,
}

/// The smallest gamma^2 found so far, and what a box must promise to be looked at.
#[derive(Debug, Clone, Copy)]
pub struct Best {
    squared: f64,
    worthwhile: f64,
}

impl Best {
    pub fn new(squared: f64) -> Self {
        Self {
            squared,
            worthwhile: number(worthwhile(lane(squared))),
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
pub fn minimize(cell: &Cell, best: &mut Best, stack: &mut Vec<Part>) -> usize {
    let dose = cell.dose();
    stack.clear();
    stack.push(Part {
        low: cell.low,
        high: cell.high,
        bound: 0.0,
    });
    let mut looked_at = 0;
    while let Some(part) = stack.pop() {
        if !best.is_worthwhile(part.bound) {
            continue;
        }
        let look = dose.look(part.low.map(lane), part.high.map(lane), lane(best.squared));
        looked_at += 1;
        best.lower(number(look.least));
        let bound = part.bound.max(number(look.bound));
        if !best.is_worthwhile(bound) || looked_at >= LIMIT {
            continue;
        }
        let less = Part {
            low: look.low.map(number),
            high: look.high.map(number),
            bound,
        };
        if less.volume() < 0.5 * part.volume() {
            stack.push(less);
        } else {
            let [near, far] = less.halves(look.bent.map(number));
            stack.push(far);
            stack.push(near);
        }
    }
    looked_at
}

impl Cell {
    /// Its dose from the corner that is nearest, for the sake of rounding.
    fn dose(&self) -> Trilinear<Scalar> {
        let mut corner = 0;
        let (mut origin, mut inverse) = (self.low, [0.0; 3]);
        for axis in 0..3 {
            let width = self.high[axis] - self.low[axis];
            if width > 0.0 {
                inverse[axis] = 1.0 / width;
            }
            if self.high[axis] + self.low[axis] < 0.0 {
                corner |= 4 >> axis;
                origin[axis] = self.high[axis];
                inverse[axis] = -inverse[axis];
            }
        }
        let rho = [0, 1, 2, 3, 4, 5, 6, 7].map(|n| lane(self.rho[n ^ corner]));
        Trilinear::new(rho, origin.map(lane), inverse.map(lane))
    }
}

impl Part {
    fn volume(&self) -> f64 {
        (0..3).map(|a| self.high[a] - self.low[a]).filter(|width| *width > 0.0).product()
    }

    /// The halves along the axis that adds most to the distance between the bounds, the nearer one first.
    fn halves(self, bent: [f64; 3]) -> [Self; 2] {
        let mut axis = if bent[1] > bent[0] { 1 } else { 0 };
        if bent[2] > bent[axis] {
            axis = 2;
        }
        let between = 0.5 * (self.low[axis] + self.high[axis]);
        let mut lower = Self { ..self };
        lower.high[axis] = between;
        let mut upper = self;
        upper.low[axis] = between;
        if between < 0.0 { [upper, lower] } else { [lower, upper] }
    }
}

fn lane(value: f64) -> Lanes<Scalar> {
    Lanes::splat(Scalar, value)
}

fn number(lane: Lanes<Scalar>) -> f64 {
    let mut value = [0.0];
    lane.store(&mut value);
    value[0]
}

#[cfg(test)]
mod tests {
    use super::super::bounds::TOLERANCE;
    use super::*;

    /// Repeatable numbers within [0, 1).
    fn numbers(mut state: u64) -> impl FnMut() -> f64 {
        move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    fn trilinear(corners: &[f64; 8], t: [f64; 3]) -> f64 {
        (0..8)
            .map(|n| corners[n] * (0..3).map(|a| if n & (4 >> a) == 0 { 1.0 - t[a] } else { t[a] }).product::<f64>())
            .sum()
    }

    fn sampled(cell: &Cell, steps: usize) -> f64 {
        let mut least = f64::INFINITY;
        for n in 0..steps.pow(3) {
            let t = [n / steps / steps, n / steps % steps, n % steps].map(|x| x as f64 / (steps - 1) as f64);
            let y = [0, 1, 2].map(|a| cell.low[a] + t[a] * (cell.high[a] - cell.low[a]));
            least = least.min(trilinear(&cell.rho, t).powi(2) + y.iter().map(|y| y * y).sum::<f64>());
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
            let cell = Cell {
                rho,
                low,
                high: [low[0] + size, low[1] + size * (n % 3) as f64, low[2] + 0.3 * size],
            };
            let mut best = Best::new(1e6);
            let looked_at = minimize(&cell, &mut best, &mut Vec::new());
            assert!(looked_at < LIMIT, "{cell:?}");
            boxes += looked_at;
            let (found, sampled) = (best.squared().sqrt(), sampled(&cell, 17));
            assert!(found <= sampled + TOLERANCE, "{found} {sampled} {cell:?}");
            // And a point of the box attains it: the nearest sample is no farther above than a step allows.
            let steepest = [4usize, 2, 1].map(|bit| {
                let axis = 2 - bit.trailing_zeros() as usize;
                let rise = (0..8).filter(|n| n & bit == 0).map(|n| (cell.rho[n | bit] - cell.rho[n]).abs());
                (rise.fold(0.0, f64::max), cell.high[axis] - cell.low[axis])
            });
            let allowance: f64 = steepest.iter().map(|(rise, width)| (rise + width) / 16.0).sum();
            assert!(sampled <= found + allowance, "{found} {sampled} {cell:?}");
        }
        assert!(boxes < 60_000, "{boxes} boxes in 3000 cells");
    }
}
