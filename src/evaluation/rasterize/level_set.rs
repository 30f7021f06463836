//! The outline of where a function on a lattice is above a level: marching squares, as oriented edges.

use super::field::Lattice;
use super::polygon::Point;

/// Calls `edge(a, b)` for each piece of the outline, the inside on its left. What touches the lattice's border is cut
/// there, so that the outline is closed.
pub(super) fn outline(lattice: &Lattice, values: &[f64], level: f64, mut edge: impl FnMut(Point, Point)) {
    let columns = lattice.columns;
    let value = |row: usize, column: usize| {
        let border = row == 0 || column == 0 || row + 1 == lattice.rows || column + 1 == columns;
        let above = values[row * columns + column] - level;
        if border { above.min(-f64::MIN_POSITIVE) } else { above }
    };
    for row in 0..lattice.rows - 1 {
        for column in 0..columns - 1 {
            // Counterclockwise from the lower left.
            let corners = [
                value(row, column),
                value(row, column + 1),
                value(row + 1, column + 1),
                value(row + 1, column),
            ];
            let case = corners.iter().enumerate().fold(0, |bits, (n, &v)| bits | (usize::from(v > 0.0) << n));
            if case == 0 || case == 15 {
                continue;
            }
            let place = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]];
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
