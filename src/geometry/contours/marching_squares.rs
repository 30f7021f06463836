//! The outline of the region in which a function on a lattice is above a level, by marching squares, as oriented edges.

use super::lattice::Lattice;
use super::polygon::Point;

/// Calls `edge(a, b)` for each piece of the outline, the inside on its left. A region that touches the lattice's border
/// is cut there, so that the outline is closed.
pub(super) fn outline(lattice: &Lattice, values: &[f64], level: f64, mut edge: impl FnMut(Point, Point)) {
    let (rows, columns) = (lattice.rows, lattice.columns);
    let place = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
    for row in 0..rows - 1 {
        let lower = &values[row * columns..][..columns];
        let upper = &values[(row + 1) * columns..][..columns];
        for (column, (l, u)) in lower.windows(2).zip(upper.windows(2)).enumerate() {
            // Counterclockwise from the lower left.
            let mut corners = [l[0] - level, l[1] - level, u[1] - level, u[0] - level];
            if corners.iter().all(|&v| v <= 0.0) {
                continue;
            }
            for (corner, offset) in corners.iter_mut().zip([[0, 0], [0, 1], [1, 1], [1, 0]]) {
                let (r, c) = (row + offset[0], column + offset[1]);
                if r == 0 || c == 0 || r + 1 == rows || c + 1 == columns {
                    *corner = corner.min(-f64::MIN_POSITIVE);
                }
            }
            let case = corners.iter().enumerate().fold(0, |bits, (n, &v)| bits | (usize::from(v > 0.0) << n));
            if case == 0 || case == 15 {
                continue;
            }
            let on_side = |n: usize| {
                let m = (n + 1) % 4;
                let t = corners[n] / (corners[n] - corners[m]);
                let at = |a: usize| place[n][a] + t * (place[m][a] - place[n][a]);
                let low = lattice.at(row, column);
                [low[0] + lattice.step * at(0), low[1] + lattice.step * at(1)]
            };
            let inside = |n: usize| corners[n % 4] > 0.0;
            // An outline leaves through a side whose end is outside and enters through one whose start is.
            let leaving = |n: usize| inside(n) && !inside(n + 1);
            let mut join = |from: usize, to: usize| edge(on_side(from), on_side(to));
            if case == 5 || case == 10 {
                let joined = corners.iter().sum::<f64>() > 0.0;
                for n in (0..4).filter(|&n| leaving(n)) {
                    join(n, (if joined { n + 1 } else { n + 3 }) % 4);
                }
            } else if let (Some(from), Some(to)) =
                ((0..4).find(|&n| leaving(n)), (0..4).find(|&n| !inside(n) && inside(n + 1)))
            {
                join(from, to);
            }
        }
    }
}

/// Area above the level.
pub(super) fn area(lattice: &Lattice, values: &[f64], level: f64) -> f64 {
    let o = lattice.low;
    let mut twice = 0.0;
    outline(lattice, values, level, |a, b| {
        twice += (a[0] - o[0]) * (b[1] - o[1]) - (b[0] - o[0]) * (a[1] - o[1])
    });
    0.5 * twice
}
