//! The search for the least gamma of a reference point: cells in order of distance, until no other can be better.

use super::adjoining::Adjoining;
use super::cell::{self, BLOCK, Best, Cell, Source};
use super::evaluated::Evaluated;
use super::placement::{Place, Placement};
use crate::error::{Error, Result};
use crate::evaluation::dose_values::Dose;
use crate::memory;
use crate::simd::InstructionSet;

/// Cells around a point that a search may have to visit.
const MAXIMUM_CELLS: f64 = (1u32 << 22) as f64;

/// A cell near another one, and a lower bound of the squared distance to it in units of the distance criterion.
struct Neighbor {
    step: [isize; 3],
    bound: f64,
}

/// A row of reference points, and the least gamma^2 found for each.
#[derive(Default)]
pub struct Row {
    pub dose: Vec<f64>,
    /// One over the dose criterion, 0 for points that are not evaluated.
    pub inverse: Vec<f64>,
    pub squared: Vec<f64>,
}

/// The search of one evaluated map.
pub struct Search<T> {
    evaluated: Evaluated<T>,
    neighbors: Vec<Neighbor>,
    /// Number of them that adjoin a point which is a voxel center.
    adjoining: usize,
    /// Voxel size in units of the distance criterion.
    scale: [f64; 3],
    /// Of a cell in voxels: 0 along an axis of one voxel.
    width: [f64; 3],
    maximum_gamma: f64,
    maximum_mm: f64,
    instruction_set: InstructionSet,
}

impl<T: Dose> Search<T> {
    /// Errors if a search may have to visit more than 2^22 cells.
    pub fn new(evaluated: Evaluated<T>, placement: &Placement, distance_mm: f64, maximum_gamma: f64) -> Result<Self> {
        let scale = placement.voxel_size_mm.map(|size| size / distance_mm);
        let reach = scale.map(|s| (maximum_gamma / s).ceil() as isize + 1);
        let steps: [_; 3] = [0, 1, 2].map(|a| {
            let (first, last) = placement.cells[a];
            (-reach[a]).max(-last)..=reach[a].min(evaluated.cells[a] as isize - 1 - first)
        });
        let most: f64 = steps.iter().map(|s| (s.end() - s.start() + 1).max(0) as f64).product();
        if most > MAXIMUM_CELLS {
            return Err(Error::out_of_range(
                "voxels within the distance criterion times the maximum gamma",
                most,
                format!("at most {MAXIMUM_CELLS} (coarser voxels, a lower maximum gamma or a smaller distance)"),
            ));
        }
        let positions = [0, 1, 2].map(|a| placement.positions(a));
        let along = |a: usize, step: isize| {
            let (low, high) = positions[a];
            (step as f64 - high).max(low - (step + 1) as f64).max(0.0) * scale[a]
        };
        let mut neighbors = Vec::new();
        for k in steps[0].clone() {
            for j in steps[1].clone() {
                for i in steps[2].clone() {
                    let bound = along(0, k).powi(2) + along(1, j).powi(2) + along(2, i).powi(2);
                    if bound < maximum_gamma * maximum_gamma {
                        let neighbor = Neighbor { step: [k, j, i], bound };
                        memory::pushed("cells around a point", &mut neighbors, neighbor)?;
                    }
                }
            }
        }
        memory::room("cells around a point", size_of_val(&neighbors[..]))?;
        neighbors.sort_by(|a, b| a.bound.total_cmp(&b.bound));
        Ok(Self {
            width: evaluated.shape.map(|n| if n > 1 { 1.0 } else { 0.0 }),
            adjoining: neighbors.iter().take_while(|n| n.bound == 0.0).count(),
            evaluated,
            neighbors,
            scale,
            maximum_gamma,
            maximum_mm: maximum_gamma * distance_mm,
            instruction_set: InstructionSet::best(),
        })
    }

    /// The least gamma^2 of each point of the row (k, j, ..), at most the square of `maximum_gamma`.
    pub fn row(&self, placement: &Placement, [k, j]: [usize; 2], row: &mut Row) -> Result<()> {
        row.squared.clear();
        row.squared.resize(row.dose.len(), self.maximum_gamma * self.maximum_gamma);
        let open = match placement.row_of_centers([k, j]) {
            Some(start) => self.adjoining(start, row),
            None => Vec::new(),
        };
        let mut points = Points {
            search: self,
            placement,
            row: [k, j],
            next: 0,
            points: row,
            open: &open,
            lanes: Default::default(),
        };
        cell::minimize(&mut points, self.instruction_set);
        self.evaluated.check_memory()
    }

    /// Lowers the row's gamma^2 by the cells around each point, where the first lies at the voxel `start` of the
    /// evaluated grid, and returns the open ones as bits. The results are not valid for points outside the grid.
    fn adjoining(&self, start: [isize; 3], row: &mut Row) -> Vec<f64> {
        let count = row.dose.len();
        let length = count.next_multiple_of(BLOCK);
        row.dose.resize(length, 0.0);
        row.inverse.resize(length, 0.0);
        row.squared.resize(length, 0.0);
        let mut open = vec![0.0; length];
        let mut around = vec![0.0; 9 * (length + 2)];
        for (n, values) in around.chunks_mut(length + 2).enumerate() {
            self.evaluated.extended_row(
                [start[0] + n as isize / 3 - 1, start[1] + n as isize % 3 - 1],
                start[2] - 1,
                values,
            );
        }
        let mut rows = around.chunks(length + 2);
        self.instruction_set.run(Adjoining {
            rows: [(); 9].map(|()| rows.next().expect("nine rows")),
            dose: &row.dose,
            inverse: &row.inverse,
            scale: self.scale,
            best: &mut row.squared,
            open: &mut open,
        });
        row.dose.truncate(count);
        row.inverse.truncate(count);
        row.squared.truncate(count);
        open
    }

    /// The cell `step` away from a point's own, if its range of doses and its distance allow a lower gamma.
    fn cell_that_may_improve(&self, point: &Point, best: &Best, step: [isize; 3]) -> Option<Cell> {
        let [least, most] = self.evaluated.range(self.index(&point.place, step)?);
        let difference = (least - point.dose).max(point.dose - most).max(0.0) * point.inverse;
        let bound = (0..3).fold(difference * difference, |sum, a| {
            let low = step[a] as f64 - point.place.inside[a];
            let distance = low.max(-(low + self.width[a])).max(0.0) * self.scale[a];
            sum + distance * distance
        });
        if best.may_improve(bound) {
            self.cell(point, step)
        } else {
            None
        }
    }

    fn cell(&self, point: &Point, step: [isize; 3]) -> Option<Cell> {
        let index = self.index(&point.place, step)?;
        let low = [0, 1, 2].map(|a| (step[a] as f64 - point.place.inside[a]) * self.scale[a]);
        Some(Cell {
            rho: self.evaluated.corners(index).map(|corner| (corner - point.dose) * point.inverse),
            low,
            high: [0, 1, 2].map(|a| low[a] + self.width[a] * self.scale[a]),
        })
    }

    #[inline(always)]
    fn index(&self, place: &Place, step: [isize; 3]) -> Option<[usize; 3]> {
        let cell = [0, 1, 2].map(|a| (place.cell[a] + step[a]) as usize);
        (0..3).all(|a| cell[a] < self.evaluated.cells[a]).then_some(cell)
    }
}

/// A reference point that is being searched.
struct Point {
    index: usize,
    place: Place,
    dose: f64,
    inverse: f64,
    /// Adjoining cells that are not finished.
    open: u8,
    /// The next of the search's neighbors.
    neighbor: usize,
}

/// The points of a row and the cells to search for each.
struct Points<'a, T> {
    search: &'a Search<T>,
    placement: &'a Placement,
    row: [usize; 2],
    /// The next point along the row.
    next: usize,
    points: &'a mut Row,
    /// Of a row of voxel centers.
    open: &'a [f64],
    lanes: [Option<Point>; BLOCK],
}

impl<T: Dose> Points<'_, T> {
    /// The next point of the row with a cell to search.
    fn take(&mut self) -> Option<(Point, Best)> {
        let [k, j] = self.row;
        let search = self.search;
        loop {
            let index = self.next;
            let &inverse = self.points.inverse.get(index)?;
            self.next += 1;
            if inverse == 0.0 {
                continue;
            }
            let place = self.placement.of([k, j, index]);
            let centered = self.open.get(index).filter(|_| place.outside_mm == 0.0);
            if centered.is_none() {
                self.points.squared[index] = search.maximum_gamma * search.maximum_gamma;
            }
            let point = Point {
                index,
                place,
                dose: self.points.dose[index],
                inverse,
                open: centered.map_or(0, |open| *open as u8),
                neighbor: centered.map_or(0, |_| search.adjoining),
            };
            let best = Best::new(self.points.squared[index]);
            let first = search.neighbors.get(point.neighbor);
            let any = point.open != 0 || first.is_some_and(|first| best.may_improve(first.bound));
            if any && place.outside_mm < search.maximum_mm {
                return Some((point, best));
            }
        }
    }
}

impl<T: Dose> Source for Points<'_, T> {
    fn next(&mut self, lane: usize, best: &mut Best) -> Option<Cell> {
        loop {
            if let Some(point) = &mut self.lanes[lane] {
                while point.open != 0 {
                    let n = point.open.trailing_zeros();
                    point.open &= point.open - 1;
                    let step = [4, 2, 1].map(|bit| if n & bit == 0 { -1 } else { 0 });
                    if let Some(cell) = self.search.cell(point, step) {
                        return Some(cell);
                    }
                }
                while let Some(neighbor) = self.search.neighbors.get(point.neighbor) {
                    if !best.may_improve(neighbor.bound) {
                        break;
                    }
                    point.neighbor += 1;
                    if let Some(cell) = self.search.cell_that_may_improve(point, best, neighbor.step) {
                        return Some(cell);
                    }
                }
                self.points.squared[point.index] = best.squared();
            }
            let (point, start) = self.take()?;
            *best = start;
            self.lanes[lane] = Some(point);
        }
    }
}
