//! Exact polygon area in pixels. Each edge adds the signed area to its right along its rows, and one running sum per
//! row converts this to coverage. The area is summed without sampling, exact to rounding. The time is that of the
//! pixels that edges cross, and of one pass over the plane.

use super::polygon::Point;
use crate::error::Result;
use crate::memory;

/// A plane of pixels; pixel (r, c) spans `r..r + 1` along y and `c..c + 1` along x.
#[derive(Debug)]
pub(super) struct PixelAreas {
    rows: usize,
    columns: usize,
    /// Each row has one more cell than pixels, for the area to the right of the last.
    cells: Vec<f64>,
}

impl PixelAreas {
    pub fn new(rows: usize, columns: usize) -> Result<Self> {
        Ok(Self {
            rows,
            columns,
            cells: memory::filled("plane of voxel fractions", 0.0, rows * (columns + 1))?,
        })
    }

    /// Adds `weight` times the area to the right of an oriented edge. Closed polygons add up to `weight` times their
    /// area, positive if they run counterclockwise (y up).
    pub fn add(&mut self, a: Point, b: Point, weight: f64) {
        let (weight, low, high) = if a[1] < b[1] { (-weight, a, b) } else { (weight, b, a) };
        let (from, to) = (low[1].max(0.0), high[1].min(self.rows as f64));
        if from >= to || from.is_nan() || to.is_nan() {
            return;
        }
        let slope = (high[0] - low[0]) / (high[1] - low[1]);
        // Positions are measured from the nearer end, so that a long edge keeps its precision there.
        let at = |y: f64| {
            let x = if y - low[1] < high[1] - y {
                low[0] + (y - low[1]) * slope
            } else {
                high[0] - (high[1] - y) * slope
            };
            x.clamp(low[0].min(high[0]), low[0].max(high[0]))
        };
        let mut y = from;
        let mut x = at(y);
        for row in from as usize..self.rows {
            let next = to.min((row + 1) as f64);
            if next <= y {
                break;
            }
            let end = at(next);
            self.add_in_row(row, x, end, weight * (next - y));
            (x, y) = (end, next);
        }
    }

    /// A piece of an edge within one row, from x = `p` to `q`, that rises by `rise` (signed, weighted).
    fn add_in_row(&mut self, row: usize, p: f64, q: f64, rise: f64) {
        let (low, high) = (p.min(q), p.max(q));
        let start = row * (self.columns + 1);
        let cells = &mut self.cells[start..start + self.columns + 1];
        let width = self.columns as f64;
        if high <= 0.0 {
            cells[0] += rise;
            return;
        }
        if low >= width {
            return;
        }
        let run = high - low;
        let share = |from: f64, to: f64| if run > 0.0 { (to - from) / run * rise } else { rise };
        if low < 0.0 {
            cells[0] += share(low, 0.0);
        }
        let (mut x, stop) = (low.max(0.0), high.min(width));
        let mut column = x as usize;
        loop {
            let end = stop.min((column + 1) as f64);
            let part = share(x, end);
            let right = part * (0.5 * (x + end) - column as f64);
            cells[column] += part - right;
            if column < self.columns {
                cells[column + 1] += right;
            }
            x = end;
            column += 1;
            if x >= stop || column >= self.columns {
                break;
            }
        }
    }

    /// The coverage of each pixel, row by row.
    pub fn into_areas(self) -> impl Iterator<Item = f64> {
        let (columns, mut sum, mut column) = (self.columns, 0.0, 0);
        self.cells.into_iter().filter_map(move |cell| {
            if column == 0 {
                sum = 0.0;
            }
            sum += cell;
            let value = (column < columns).then_some(sum);
            column = if column == columns { 0 } else { column + 1 };
            value
        })
    }
}
