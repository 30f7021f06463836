//! The evaluated dose as the search needs it: contiguous, with the range of each cell between eight voxel centers.

use super::super::samples::Dose;
use super::super::voxels::Voxels;
use crate::error::{Error, Result};
use crate::parallel;

/// A dose map with trilinear interpolation between voxel centers. An axis of one voxel has one cell without width.
pub struct Evaluated<T> {
    pub shape: [usize; 3],
    /// Cells per axis.
    pub cells: [usize; 3],
    values: Vec<T>,
    /// Lowest and highest dose of each cell, rounded outwards.
    ranges: Vec<[f32; 2]>,
}

impl<T: Dose> Evaluated<T> {
    pub fn new(dose: &impl Voxels<Element = T>, threads: usize) -> Result<Self> {
        let shape = dose.shape();
        let cells = shape.map(|n| (n - 1).max(1));
        let mut values = reserved(shape, "evaluated dose")?;
        for k in 0..shape[0] {
            for j in 0..shape[1] {
                dose.visit(k, j, 0..shape[2], |_, d| values.push(d));
            }
        }
        let mut this = Self {
            shape,
            cells,
            values,
            ranges: Vec::new(),
        };
        let mut ranges = reserved(cells, "dose range of each cell")?;
        ranges.resize(cells.iter().product(), [0.0; 2]);
        let planes = ranges.chunks_mut(cells[1] * cells[2]).enumerate().collect();
        parallel::for_each(planes, threads, |(k, plane): (usize, &mut [[f32; 2]])| {
            for (j, row) in plane.chunks_mut(cells[2]).enumerate() {
                this.fill_ranges(k, j, row);
            }
        });
        this.ranges = ranges;
        Ok(this)
    }

    fn fill_ranges(&self, k: usize, j: usize, ranges: &mut [[f32; 2]]) {
        let [a, b, c, d] = self.rows([k, j]);
        let columns: Vec<[f64; 2]> = (a.iter().zip(b).zip(c.iter().zip(d)))
            .map(|((&a, &b), (&c, &d))| {
                let [a, b, c, d]: [f64; 4] = [a.into(), b.into(), c.into(), d.into()];
                [lower(lower(a, b), lower(c, d)), -lower(lower(-a, -b), lower(-c, -d))]
            })
            .collect();
        let next = columns[(self.shape[2] - 1).min(1)..].iter();
        for ((range, left), right) in ranges.iter_mut().zip(&columns).zip(next) {
            *range = [
                rounded_down(lower(left[0], right[0])),
                -rounded_down(lower(-left[1], -right[1])),
            ];
        }
    }

    /// The four rows of voxels at the edges of a row of cells; a cell without width has the same twice.
    fn rows(&self, [k, j]: [usize; 2]) -> [&[T]; 4] {
        let next = [(k + 1).min(self.shape[0] - 1), (j + 1).min(self.shape[1] - 1)];
        [[k, j], [k, next[1]], [next[0], j], next].map(|[k, j]| {
            let start = (k * self.shape[1] + j) * self.shape[2];
            &self.values[start..start + self.shape[2]]
        })
    }

    /// Doses along the row (k, j, ..) from voxel `start` on; those beyond the grid are those of the voxel nearest to them,
    /// which makes cells there that are nowhere better than the face of the grid.
    pub fn extended_row(&self, [k, j]: [isize; 2], start: isize, values: &mut [f64]) {
        let inside = |n: isize, axis: usize| n.clamp(0, self.shape[axis] as isize - 1) as usize;
        let row = &self.values[(inside(k, 0) * self.shape[1] + inside(j, 1)) * self.shape[2]..][..self.shape[2]];
        for (n, value) in values.iter_mut().enumerate() {
            *value = row[inside(start + n as isize, 2)].into();
        }
    }

    /// Lowest and highest dose in a cell.
    #[inline(always)]
    pub fn range(&self, [k, j, i]: [usize; 3]) -> [f64; 2] {
        self.ranges[(k * self.cells[1] + j) * self.cells[2] + i].map(f64::from)
    }

    /// The doses at a cell's corners, in the order of `Part::rho`.
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
    let count: usize = shape.iter().product();
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|_| Error::Memory {
        quantity: quantity.into(),
        bytes: count as u64 * size_of::<T>() as u64,
    })?;
    Ok(values)
}

fn lower(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

fn rounded_down(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) > value {
        nearest.next_down()
    } else {
        nearest
    }
}
