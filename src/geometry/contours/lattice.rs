//! Points of a square lattice in a plane of contours.

use super::polygon::Point;

/// Points at `low + step * (column, row)`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lattice {
    pub low: Point,
    pub step: f64,
    pub rows: usize,
    pub columns: usize,
}

impl Lattice {
    /// About `points` points over a box, which is at least `margin` steps away from the lattice's border.
    pub fn over(low: Point, high: Point, points: f64, margin: usize) -> Self {
        let size = [0, 1].map(|a| high[a] - low[a]);
        let longest = size[0].max(size[1]).max(1e-3);
        let area = longest * size[0].min(size[1]).max(longest / 16.0);
        let step = (area / points).sqrt();
        let count = |a: usize| (size[a] / step).ceil() as usize + 1 + 2 * margin;
        let (columns, rows) = (count(0), count(1));
        let start = |a: usize, n: usize| 0.5 * (low[a] + high[a]) - 0.5 * step * (n - 1) as f64;
        Self {
            low: [start(0, columns), start(1, rows)],
            step,
            rows,
            columns,
        }
    }

    pub fn len(&self) -> usize {
        self.rows * self.columns
    }

    pub fn at(&self, row: usize, column: usize) -> Point {
        [
            self.low[0] + self.step * column as f64,
            self.low[1] + self.step * row as f64,
        ]
    }
}
