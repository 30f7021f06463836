//! The evaluated dose in contiguous memory, with the range of doses in each cell between eight voxel centers.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::evaluation::dose_values::Dose;
use crate::geometry::Voxels;
use crate::memory;
use crate::parallel::Workers;

const RANGES: &str = "dose range of each cell";

/// A dose map with trilinear interpolation between voxel centers. An axis of one voxel has one cell without width.
pub struct Evaluated<T> {
    pub shape: [usize; 3],
    /// Cells per axis.
    pub cells: [usize; 3],
    values: Vec<T>,
    /// Lowest and highest dose of each cell, rounded outwards, computed row by row on request.
    ranges: Vec<OnceLock<Vec<[f32; 2]>>>,
    /// Whether memory was not sufficient for one of these rows.
    is_short_of_memory: AtomicBool,
}

impl<T: Dose> Evaluated<T> {
    /// From a dose map, with its lowest and highest dose. Errors if one is not finite.
    pub fn new(dose: &impl Voxels<Element = T>, workers: &Workers<'_>) -> Result<(Self, [f64; 2])> {
        let shape = dose.shape();
        let extremes = extremes(dose, "evaluated", workers)?;
        let cells = shape.map(|n| (n - 1).max(1));
        let mut values = reserved(shape, "evaluated dose")?;
        for k in 0..shape[0] {
            workers.check()?;
            for j in 0..shape[1] {
                match dose.row(k, j) {
                    Some(row) => values.extend_from_slice(row),
                    None => dose.visit(k, j, 0..shape[2], |_, d| values.push(d)),
                }
            }
        }
        let mut ranges = reserved([cells[0], cells[1], 1], RANGES)?;
        ranges.resize_with(cells[0] * cells[1], OnceLock::new);
        let this = Self {
            shape,
            cells,
            values,
            ranges,
            is_short_of_memory: AtomicBool::new(false),
        };
        Ok((this, extremes))
    }

    /// [`Error::Memory`] if memory was not sufficient for a requested range; the search is then not valid.
    pub fn check_memory(&self) -> Result<()> {
        if self.is_short_of_memory.load(Ordering::Relaxed) {
            return Err(Error::Memory {
                quantity: RANGES.into(),
                bytes: (self.cells.iter().product::<usize>() * size_of::<[f32; 2]>()) as u64,
            });
        }
        Ok(())
    }

    fn ranges(&self, k: usize, j: usize) -> Result<Vec<[f32; 2]>> {
        let [a, b, c, d] = self.rows([k, j]);
        let columns = (a.iter().zip(b).zip(c.iter().zip(d))).map(|((&a, &b), (&c, &d))| {
            let [a, b, c, d]: [f64; 4] = [a.into(), b.into(), c.into(), d.into()];
            [a.min(b).min(c.min(d)), a.max(b).max(c.max(d))]
        });
        let columns = memory::collected(RANGES, columns)?;
        let next = &columns[(self.shape[2] - 1).min(1)..];
        let range = |(a, b): (&[f64; 2], &[f64; 2])| [rounded_down(a[0].min(b[0])), -rounded_down(-a[1].max(b[1]))];
        memory::collected(RANGES, columns.iter().zip(next).map(range))
    }

    /// The four rows of voxels at the edges of a row of cells; a cell without width has the same twice.
    fn rows(&self, [k, j]: [usize; 2]) -> [&[T]; 4] {
        let next = [(k + 1).min(self.shape[0] - 1), (j + 1).min(self.shape[1] - 1)];
        [[k, j], [k, next[1]], [next[0], j], next].map(|[k, j]| {
            let start = (k * self.shape[1] + j) * self.shape[2];
            &self.values[start..start + self.shape[2]]
        })
    }

    /// Doses along the row (k, j, ..) from voxel `start` on; those beyond the grid are those of the nearest voxel, so
    /// that cells there are nowhere better than the face of the grid.
    pub fn extended_row(&self, [k, j]: [isize; 2], start: isize, values: &mut [f64]) {
        let inside = |n: isize, axis: usize| n.clamp(0, self.shape[axis] as isize - 1) as usize;
        let row = &self.values[(inside(k, 0) * self.shape[1] + inside(j, 1)) * self.shape[2]..][..self.shape[2]];
        for (n, value) in values.iter_mut().enumerate() {
            *value = row[inside(start + n as isize, 2)].into();
        }
    }

    #[cold]
    fn made_ranges(&self, k: usize, j: usize) -> Vec<[f32; 2]> {
        self.ranges(k, j).unwrap_or_else(|_| {
            self.is_short_of_memory.store(true, Ordering::Relaxed);
            Vec::new()
        })
    }

    /// Lowest and highest dose in a cell.
    #[inline(always)]
    pub fn range(&self, [k, j, i]: [usize; 3]) -> [f64; 2] {
        let row = self.ranges[k * self.cells[1] + j].get_or_init(|| self.made_ranges(k, j));
        row.get(i).map_or([f64::NEG_INFINITY, f64::INFINITY], |range| range.map(f64::from))
    }

    /// The doses at a cell's corners, in the order of `Cell::rho`.
    #[inline(always)]
    pub fn corners(&self, [k, j, i]: [usize; 3]) -> [f64; 8] {
        let next = (i + 1).min(self.shape[2] - 1);
        let rows = self.rows([k, j]);
        let mut corners = [0.0; 8];
        for (row, pair) in rows.iter().zip(corners.chunks_exact_mut(2)) {
            pair[0] = row[i].into();
            pair[1] = row[next].into();
        }
        corners
    }
}

/// An empty vector with room for a grid, or the error that says it does not fit.
pub fn reserved<T>(shape: [usize; 3], quantity: &str) -> Result<Vec<T>> {
    memory::reserved(quantity, shape.iter().product())
}

/// The lowest and the highest dose. Errors if one is not finite, by the place of the first, or the grid is empty.
pub fn extremes<T: Dose>(dose: &impl Voxels<Element = T>, name: &str, workers: &Workers<'_>) -> Result<[f64; 2]> {
    let shape = dose.shape();
    if shape.contains(&0) {
        return Err(Error::Shape {
            quantity: format!("{name} dose"),
            shape: shape.to_vec(),
            requirement: "non-empty".into(),
        });
    }
    let plane = |k: usize| {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        // The sum is not finite if any dose is not, and needs no branch.
        let mut sum = 0.0;
        for j in 0..shape[1] {
            dose.visit(k, j, 0..shape[2], |_, dose| {
                let dose: f64 = dose.into();
                low = if dose < low { dose } else { low };
                high = if dose > high { dose } else { high };
                sum += dose * 0.0;
            });
        }
        Ok((low, high, sum == 0.0))
    };
    let planes = workers.map(shape[0], plane)?;
    if let Some(k) = planes.iter().position(|(.., is_finite)| !is_finite) {
        for j in 0..shape[1] {
            for i in 0..shape[2] {
                let dose: f64 = dose.get([k, j, i]).into();
                if !dose.is_finite() {
                    let what = format!("{name} dose in Gy at (k, j, i) = ({k}, {j}, {i})");
                    return Err(Error::out_of_range(what, dose, "finite"));
                }
            }
        }
    }
    let all = |[low, high]: [f64; 2], plane: &(f64, f64, bool)| [low.min(plane.0), high.max(plane.1)];
    Ok(planes.iter().fold([f64::INFINITY, f64::NEG_INFINITY], all))
}

fn rounded_down(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) > value {
        nearest.next_down()
    } else {
        nearest
    }
}
