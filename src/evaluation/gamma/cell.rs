//! Branch and bound for the minimum of gamma inside cells of the evaluated grid, one reference point per lane.
//!
//! If the bounds of a box (`bounds.rs`) differ by more than the tolerance, the box shrinks to the part that can contain a
//! lower gamma. If more than half of it remains, it is halved. A halving divides two of its mixed terms by two, so few are
//! needed. A lane that has finished its point takes the next one: [`EvaluationBatch`] holds one box per lane in arrays
//! that load as vectors. The operations on a lane do not depend on the other lanes, nor does its result.

use pulp::{Simd, WithSimd};

use super::bounds::{TOLERANCE, Trilinear};
use super::lanes::{Lanes, each_axis};
use crate::simd::InstructionSet;

/// Most boxes evaluated in one cell. Smooth cells need one, rough cells about ten. The limit bounds the time for doses
/// that are chosen to be hard.
const MAXIMUM_BOXES: usize = 4096;

/// Tangent points tried in one box.
const TANGENTS: usize = 2;

/// Lanes: points that are searched at the same time. A multiple of the lanes of every instruction set.
pub const BLOCK: usize = 8;

/// A cell: rho at its corners (bit 2 of the index along k, bit 1 along j, bit 0 along i), and its corner positions.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    pub rho: [f64; 8],
    pub low: [f64; 3],
    pub high: [f64; 3],
}

/// The least gamma^2 found so far, and the value that a box's lower bound must be below.
#[derive(Debug, Clone, Copy)]
pub struct Best {
    squared: f64,
    improvement_threshold: f64,
}

impl Best {
    pub fn new(squared: f64) -> Self {
        let gamma = (squared.sqrt() - TOLERANCE).max(0.0);
        Self {
            squared,
            improvement_threshold: gamma * gamma,
        }
    }
    pub fn squared(&self) -> f64 {
        self.squared
    }
    /// Whether a box whose gamma^2 is at least `bound` can lower gamma by more than the tolerance.
    #[inline(always)]
    pub fn may_improve(&self, bound: f64) -> bool {
        bound < self.improvement_threshold
    }
    #[inline(always)]
    fn lower(&mut self, squared: f64) {
        if squared < self.squared {
            *self = Self::new(squared);
        }
    }
}

/// Supplies points and their cells.
pub trait Source {
    /// Returns the next cell for the point in `lane`, whose least gamma^2 so far is `best`. If the point has no more cells,
    /// `best` is stored as its result and the next point starts in this lane. Returns `None` after the last point.
    fn next(&mut self, lane: usize, best: &mut Best) -> Option<Cell>;
}

/// Searches all points of the source. Returns the number of boxes evaluated, and the largest number in one cell.
pub fn minimize(source: &mut impl Source, instruction_set: InstructionSet) -> (usize, usize) {
    let mut lanes: [Lane; BLOCK] = Default::default();
    let mut batch = EvaluationBatch::default();
    let (mut all, mut most) = (0, 0);
    loop {
        let mut busy = 0;
        for (n, lane) in lanes.iter_mut().enumerate() {
            if lane.is_idle {
                continue;
            }
            let part = loop {
                if let Some(part) = lane.stack.pop() {
                    if lane.best.may_improve(part.bound) && lane.boxes_evaluated < MAXIMUM_BOXES {
                        break Some(part);
                    }
                } else if let Some(cell) = source.next(n, &mut lane.best) {
                    lane.boxes_evaluated = 0;
                    lane.stack.push(SubBox::whole(&cell));
                    batch.set_cell(n, &cell);
                } else {
                    lane.is_idle = true;
                    break None;
                }
            };
            batch.set_box(n, part.as_ref(), lane.best.squared);
            busy += usize::from(part.is_some());
            lane.part = part;
        }
        if busy == 0 {
            return (all, most);
        }
        all += busy;
        instruction_set.run(&mut batch);
        for (n, lane) in lanes.iter_mut().enumerate() {
            if let Some(part) = lane.part.take() {
                lane.boxes_evaluated += 1;
                most = most.max(lane.boxes_evaluated);
                lane.best.lower(batch.least[n]);
                let less = batch.remaining(n, part.bound);
                if !lane.best.may_improve(less.bound) {
                    continue;
                }
                if less.volume() < 0.5 * part.volume() {
                    lane.stack.push(less);
                } else {
                    let [near, far] = less.halves([0, 1, 2].map(|a| batch.mixed_per_axis[a][n]));
                    lane.stack.extend([far, near]);
                }
            }
        }
    }
}

/// The state of the search for one point.
struct Lane {
    best: Best,
    stack: Vec<SubBox>,
    part: Option<SubBox>,
    boxes_evaluated: usize,
    is_idle: bool,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            best: Best::new(0.0),
            stack: Vec::new(),
            part: None,
            boxes_evaluated: 0,
            is_idle: false,
        }
    }
}

/// A part of a cell with a lower bound of gamma^2.
#[derive(Clone, Copy)]
struct SubBox {
    low: [f64; 3],
    high: [f64; 3],
    bound: f64,
}

impl SubBox {
    fn whole(cell: &Cell) -> Self {
        Self {
            low: cell.low,
            high: cell.high,
            bound: 0.0,
        }
    }

    fn volume(&self) -> f64 {
        (0..3).map(|a| self.high[a] - self.low[a]).filter(|width| *width > 0.0).product()
    }

    /// Halves the box along the axis of the largest mixed terms; the half nearer to the point comes first.
    fn halves(self, mixed_per_axis: [f64; 3]) -> [Self; 2] {
        let mut axis = if mixed_per_axis[1] > mixed_per_axis[0] { 1 } else { 0 };
        if mixed_per_axis[2] > mixed_per_axis[axis] {
            axis = 2;
        }
        let between = 0.5 * (self.low[axis] + self.high[axis]);
        let (mut lower, mut upper) = (self, self);
        lower.high[axis] = between;
        upper.low[axis] = between;
        if between < 0.0 { [upper, lower] } else { [lower, upper] }
    }
}

/// One box per lane with its bounds, as arrays over the lanes.
#[derive(Default)]
struct EvaluationBatch {
    rho: [[f64; BLOCK]; 8],
    corner: [[f64; BLOCK]; 3],
    inverse: [[f64; BLOCK]; 3],
    low: [[f64; BLOCK]; 3],
    high: [[f64; BLOCK]; 3],
    best: [f64; BLOCK],
    least: [f64; BLOCK],
    bound: [f64; BLOCK],
    mixed_per_axis: [[f64; BLOCK]; 3],
}

impl EvaluationBatch {
    /// Sets the cell of a lane. Distances count from the nearest corner, which keeps rounding errors small.
    fn set_cell(&mut self, lane: usize, cell: &Cell) {
        let mut nearest = 0;
        for axis in 0..3 {
            let width = cell.high[axis] - cell.low[axis];
            let inverse = if width > 0.0 { 1.0 / width } else { 0.0 };
            (self.corner[axis][lane], self.inverse[axis][lane]) = (cell.low[axis], inverse);
            if cell.high[axis] + cell.low[axis] < 0.0 {
                nearest |= 4 >> axis;
                (self.corner[axis][lane], self.inverse[axis][lane]) = (cell.high[axis], -inverse);
            }
        }
        for (n, rho) in self.rho.iter_mut().enumerate() {
            rho[lane] = cell.rho[n ^ nearest];
        }
    }

    /// Sets the box of a lane. A best gamma^2 of 0 marks a lane without a box.
    fn set_box(&mut self, lane: usize, part: Option<&SubBox>, best: f64) {
        self.best[lane] = if part.is_some() { best } else { 0.0 };
        for axis in 0..3 {
            self.low[axis][lane] = part.map_or(0.0, |part| part.low[axis]);
            self.high[axis][lane] = part.map_or(0.0, |part| part.high[axis]);
        }
    }

    /// The part of the box that remains, with the better of the two lower bounds.
    fn remaining(&self, lane: usize, bound: f64) -> SubBox {
        SubBox {
            low: [0, 1, 2].map(|a| self.low[a][lane]),
            high: [0, 1, 2].map(|a| self.high[a][lane]),
            bound: bound.max(self.bound[lane]),
        }
    }
}

impl WithSimd for &mut EvaluationBatch {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for n in (0..BLOCK).step_by(S::F64_LANES) {
            let zero = Lanes::new(simd, 0.0);
            let mut rho = [zero; 8];
            for (lanes, rho) in rho.iter_mut().zip(&self.rho) {
                *lanes = Lanes::load(simd, &rho[n..]);
            }
            let corner = each_axis!(a => Lanes::load(simd, &self.corner[a][n..]));
            let inverse = each_axis!(a => Lanes::load(simd, &self.inverse[a][n..]));
            let low = each_axis!(a => Lanes::load(simd, &self.low[a][n..]));
            let high = each_axis!(a => Lanes::load(simd, &self.high[a][n..]));
            let evaluation =
                Trilinear::new(rho, corner, inverse).evaluate(low, high, Lanes::load(simd, &self.best[n..]), TANGENTS);
            evaluation.least.store(&mut self.least[n..]);
            evaluation.bound.store(&mut self.bound[n..]);
            for a in 0..3 {
                evaluation.low[a].store(&mut self.low[a][n..]);
                evaluation.high[a].store(&mut self.high[a][n..]);
                evaluation.mixed_per_axis[a].store(&mut self.mixed_per_axis[a][n..]);
            }
        }
    }
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

    /// Points of one cell each.
    struct Single<'a> {
        cells: &'a [Cell],
        next: usize,
        lanes: [Option<usize>; BLOCK],
        found: Vec<f64>,
    }

    impl Source for Single<'_> {
        fn next(&mut self, lane: usize, best: &mut Best) -> Option<Cell> {
            if let Some(done) = self.lanes[lane].take() {
                self.found[done] = best.squared().sqrt();
            }
            let cell = self.cells.get(self.next)?;
            self.lanes[lane] = Some(self.next);
            self.next += 1;
            *best = Best::new(1e6);
            Some(*cell)
        }
    }

    fn minima(cells: &[Cell], instruction_set: InstructionSet) -> (Vec<f64>, (usize, usize)) {
        let mut source = Single {
            cells,
            next: 0,
            lanes: [None; BLOCK],
            found: vec![f64::NAN; cells.len()],
        };
        let boxes = minimize(&mut source, instruction_set);
        (source.found, boxes)
    }

    fn cells(count: usize) -> Vec<Cell> {
        let mut next = numbers(7);
        let cell = |n| {
            let size = 10f64.powf(3.0 * next() - 2.0);
            let steep = 10f64.powf(4.0 * next() - 2.0);
            let offset = steep * (next() - 0.5);
            let low = [0; 3].map(|_| size * (2.0 * next() - 1.5));
            let mut rho = [0; 8].map(|_| steep * (next() - 0.5) + offset);
            if n % 3 == 0 {
                // An axis of one voxel: no width, and the same dose on either side.
                [rho[2], rho[3], rho[6], rho[7]] = [rho[0], rho[1], rho[4], rho[5]];
            }
            Cell {
                rho,
                low,
                high: [low[0] + size, low[1] + size * (n % 3) as f64, low[2] + 0.3 * size],
            }
        };
        (0..count).map(cell).collect()
    }

    #[test]
    fn the_minimum_of_a_cell_is_bracketed_by_fine_sampling() {
        let cells = cells(3000);
        let (found, (boxes, most)) = minima(&cells, InstructionSet::best());
        assert!(most < MAXIMUM_BOXES && boxes < 60_000, "{boxes} boxes, {most} in one cell");
        for (cell, found) in cells.iter().zip(found) {
            let sampled = sampled(cell, 17);
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
    }

    #[test]
    fn gamma_depends_neither_on_other_points_nor_on_the_instruction_set() {
        let cells = cells(300);
        let (expected, _) = minima(&cells, InstructionSet::best());
        for instruction_set in InstructionSet::available() {
            assert_eq!(minima(&cells, instruction_set).0, expected, "{instruction_set:?}");
        }
        let alone: Vec<f64> = cells.iter().flat_map(|cell| minima(&[*cell], InstructionSet::best()).0).collect();
        assert_eq!(alone, expected);
    }
}
