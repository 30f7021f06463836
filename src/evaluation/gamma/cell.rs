//! The least gamma inside cells of the evaluated grid, to a stated tolerance, several points side by side.
//!
//! A box whose bounds (`bounds.rs`) differ by more than the tolerance shrinks to where it can be better, and is halved
//! where that leaves more than half of it: the mixed terms over it quarter, so a few halvings do. Each lane does so for a
//! point of its own and takes the next when it has finished: what a point finds does not depend on its neighbors.

use pulp::{Simd, WithSimd};

use super::bounds::{TOLERANCE, Trilinear};
use super::lanes::{Lanes, each_axis};
use crate::simd::InstructionSet;

/// Boxes looked at in one cell. Smooth cells take one, rough ones some ten; the limit bounds the time that doses made
/// to be hostile can take.
const LIMIT: usize = 4096;

/// Tangents tried in one box.
const TANGENTS: usize = 2;

/// Points side by side.
pub const BLOCK: usize = 8;

/// A cell: its corners' rho, bit 2 of the index along k, bit 1 along j, bit 0 along i; and where it lies.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
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
    fn lower(&mut self, squared: f64) {
        if squared < self.squared {
            *self = Self::new(squared);
        }
    }
}

/// Where points and their cells come from.
pub trait Source {
    /// The next cell for the point in `lane`, whose least gamma^2 so far is `best`. Where the point has none left this
    /// takes `best` as its result, and goes on with another point; `None` where there is no other.
    fn next(&mut self, lane: usize, best: &mut Best) -> Option<Cell>;
}

/// Brings every point of the source to its end. Returns how many boxes were looked at, and the most in one cell.
pub fn minimize(source: &mut impl Source, instruction_set: InstructionSet) -> (usize, usize) {
    let mut lanes: [Lane; BLOCK] = Default::default();
    let mut looks = Looks::default();
    let (mut all, mut most) = (0, 0);
    loop {
        let mut busy = 0;
        for (n, lane) in lanes.iter_mut().enumerate() {
            if lane.is_idle {
                continue;
            }
            let part = loop {
                if let Some(part) = lane.stack.pop() {
                    if lane.best.is_worthwhile(part.bound) && lane.looked_at < LIMIT {
                        break Some(part);
                    }
                } else if let Some(cell) = source.next(n, &mut lane.best) {
                    lane.looked_at = 0;
                    lane.stack.push(Part::whole(&cell));
                    looks.set_cell(n, &cell);
                } else {
                    lane.is_idle = true;
                    break None;
                }
            };
            looks.set_part(n, part.as_ref(), lane.best.squared);
            busy += usize::from(part.is_some());
            lane.part = part;
        }
        if busy == 0 {
            return (all, most);
        }
        all += busy;
        instruction_set.run(&mut looks);
        for (n, lane) in lanes.iter_mut().enumerate() {
            if let Some(part) = lane.part.take() {
                lane.looked_at += 1;
                most = most.max(lane.looked_at);
                lane.best.lower(looks.least[n]);
                let less = looks.part(n, part.bound);
                if !lane.best.is_worthwhile(less.bound) {
                    continue;
                }
                if less.volume() < 0.5 * part.volume() {
                    lane.stack.push(less);
                } else {
                    let [near, far] = less.halves([0, 1, 2].map(|a| looks.bent[a][n]));
                    lane.stack.extend([far, near]);
                }
            }
        }
    }
}

/// A point's search, and the box it looks at.
struct Lane {
    best: Best,
    stack: Vec<Part>,
    part: Option<Part>,
    looked_at: usize,
    is_idle: bool,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            best: Best::new(0.0),
            stack: Vec::new(),
            part: None,
            looked_at: 0,
            is_idle: false,
        }
    }
}

/// Part of a cell, and what gamma^2 is not below there.
#[derive(Clone, Copy)]
struct Part {
    low: [f64; 3],
    high: [f64; 3],
    bound: f64,
}

impl Part {
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

    /// The halves along the axis that adds most to the distance between the bounds, the nearer one first.
    fn halves(self, bent: [f64; 3]) -> [Self; 2] {
        let mut axis = if bent[1] > bent[0] { 1 } else { 0 };
        if bent[2] > bent[axis] {
            axis = 2;
        }
        let between = 0.5 * (self.low[axis] + self.high[axis]);
        let (mut lower, mut upper) = (self, self);
        lower.high[axis] = between;
        upper.low[axis] = between;
        if between < 0.0 { [upper, lower] } else { [lower, upper] }
    }
}

/// What a look at one box a lane takes and gives.
#[derive(Default)]
struct Looks {
    rho: [[f64; BLOCK]; 8],
    corner: [[f64; BLOCK]; 3],
    inverse: [[f64; BLOCK]; 3],
    low: [[f64; BLOCK]; 3],
    high: [[f64; BLOCK]; 3],
    best: [f64; BLOCK],
    least: [f64; BLOCK],
    bound: [f64; BLOCK],
    bent: [[f64; BLOCK]; 3],
}

impl Looks {
    /// The cell's dose from the corner that is nearest, for the sake of rounding.
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

    /// The box to look at; none is looked at where the best is 0.
    fn set_part(&mut self, lane: usize, part: Option<&Part>, best: f64) {
        self.best[lane] = if part.is_some() { best } else { 0.0 };
        for axis in 0..3 {
            self.low[axis][lane] = part.map_or(0.0, |part| part.low[axis]);
            self.high[axis][lane] = part.map_or(0.0, |part| part.high[axis]);
        }
    }

    /// What is left of the box.
    fn part(&self, lane: usize, bound: f64) -> Part {
        Part {
            low: [0, 1, 2].map(|a| self.low[a][lane]),
            high: [0, 1, 2].map(|a| self.high[a][lane]),
            bound: bound.max(self.bound[lane]),
        }
    }
}

impl WithSimd for &mut Looks {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for n in (0..BLOCK).step_by(S::F64_LANES) {
            let zero = Lanes::splat(simd, 0.0);
            let mut rho = [zero; 8];
            for (lanes, rho) in rho.iter_mut().zip(&self.rho) {
                *lanes = Lanes::load(simd, &rho[n..]);
            }
            let corner = each_axis!(a => Lanes::load(simd, &self.corner[a][n..]));
            let inverse = each_axis!(a => Lanes::load(simd, &self.inverse[a][n..]));
            let low = each_axis!(a => Lanes::load(simd, &self.low[a][n..]));
            let high = each_axis!(a => Lanes::load(simd, &self.high[a][n..]));
            let look =
                Trilinear::new(rho, corner, inverse).look(low, high, Lanes::load(simd, &self.best[n..]), TANGENTS);
            look.least.store(&mut self.least[n..]);
            look.bound.store(&mut self.bound[n..]);
            for a in 0..3 {
                look.low[a].store(&mut self.low[a][n..]);
                look.high[a].store(&mut self.high[a][n..]);
                look.bent[a].store(&mut self.bent[a][n..]);
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
    fn no_sample_of_a_cell_is_below_the_minimum() {
        let cells = cells(3000);
        let (found, (boxes, most)) = minima(&cells, InstructionSet::best());
        assert!(most < LIMIT && boxes < 60_000, "{boxes} boxes, {most} in one cell");
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
    fn neither_the_company_nor_the_width_of_the_registers_shows() {
        let cells = cells(300);
        let (expected, _) = minima(&cells, InstructionSet::best());
        for instruction_set in InstructionSet::available() {
            assert_eq!(minima(&cells, instruction_set).0, expected, "{instruction_set:?}");
        }
        let alone: Vec<f64> = cells.iter().flat_map(|cell| minima(&[*cell], InstructionSet::best()).0).collect();
        assert_eq!(alone, expected);
    }
}
