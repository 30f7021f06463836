//! Crossings and contacts between edges of contours in a plane, found by a sweep over edges sorted along one axis.

use super::polygon::{Point, turn};
use crate::error::Result;
use crate::memory;
use crate::parallel::Workers;

/// Largest number of crossings, and of pairs of edges that share an interval of the sweep. A drawn contour has few; a
/// hostile one has as many as the square of its points.
const MOST_CROSSINGS: usize = 100_000;
const MOST_PAIRS: usize = 50_000_000;

/// An edge of a contour; `at` is its index in the contour of `count` edges.
#[derive(Debug, Clone, Copy)]
struct Edge {
    a: Point,
    b: Point,
    contour: usize,
    at: usize,
    count: usize,
}

/// Result of a sweep.
#[derive(Debug, Default)]
pub(super) struct Crossings {
    /// The contours with a proper crossing of their own edges, and those with one with another contour.
    pub own: Vec<usize>,
    pub others: Vec<usize>,
    /// Pairs of contours (or one contour twice) with edges that have a point in common without crossing.
    pub touching: Vec<(usize, usize)>,
    /// Too many to go on.
    pub tangled: bool,
}

/// Contours are identified by their index in the list.
pub(super) fn crossings(contours: &[&[Point]], workers: &Workers<'_>) -> Result<Crossings> {
    let count = contours.iter().map(|points| points.len()).sum();
    let mut edges = memory::reserved("edges of contours", count)?;
    for (contour, points) in contours.iter().enumerate() {
        for (at, (a, b)) in super::polygon::edges(points).enumerate() {
            edges.push(Edge {
                a,
                b,
                contour,
                at,
                count: points.len(),
            });
        }
    }
    let axis = sweep_axis(&edges);
    let (from, to) = (|e: &Edge| e.a[axis].min(e.b[axis]), |e: &Edge| e.a[axis].max(e.b[axis]));
    edges.sort_unstable_by(|p, q| from(p).total_cmp(&from(q)).then((p.contour, p.at).cmp(&(q.contour, q.at))));

    let mut found = Crossings::default();
    let mut active: Vec<Edge> = Vec::new();
    let (mut pairs, mut count) = (0, 0);
    for edge in edges {
        workers.check()?;
        let start = from(&edge);
        active.retain(|other| to(other) >= start);
        pairs += active.len();
        for other in &active {
            match meet(&edge, other, 1 - axis) {
                Meeting::None => continue,
                Meeting::Touch => {
                    count += 1;
                    found.touching.push((edge.contour.min(other.contour), edge.contour.max(other.contour)));
                }
                Meeting::Cross => {
                    count += 1;
                    if edge.contour == other.contour {
                        found.own.push(edge.contour);
                    } else {
                        found.others.extend([edge.contour, other.contour]);
                    }
                }
            }
        }
        active.push(edge);
        if pairs > MOST_PAIRS || count > MOST_CROSSINGS {
            found.tangled = true;
            break;
        }
    }
    for list in [&mut found.own, &mut found.others] {
        list.sort_unstable();
        list.dedup();
    }
    found.touching.sort_unstable();
    found.touching.dedup();
    Ok(found)
}

enum Meeting {
    None,
    Touch,
    Cross,
}

fn meet(p: &Edge, q: &Edge, across: usize) -> Meeting {
    let reach = |e: &Edge| (e.a[across].min(e.b[across]), e.a[across].max(e.b[across]));
    let ((low, high), (other_low, other_high)) = (reach(p), reach(q));
    if high < other_low || other_high < low {
        return Meeting::None;
    }
    let (c, d) = (turn(p.a, p.b, q.a), turn(p.a, p.b, q.b));
    let (a, b) = (turn(q.a, q.b, p.a), turn(q.a, q.b, p.b));
    let steps = p.at.abs_diff(q.at);
    if p.contour == q.contour && (steps == 1 || steps + 1 == p.count) {
        // Neighbors share a point. They meet beyond it only if one folds back onto the other.
        let along = |e: &Edge| [e.b[0] - e.a[0], e.b[1] - e.a[1]];
        let (s, t) = (along(p), along(q));
        let folded = a == 0.0 && b == 0.0 && s[0] * t[0] + s[1] * t[1] < 0.0;
        return if folded { Meeting::Touch } else { Meeting::None };
    }
    if c * d < 0.0 && a * b < 0.0 {
        Meeting::Cross
    } else if c * d <= 0.0 && a * b <= 0.0 {
        Meeting::Touch
    } else {
        Meeting::None
    }
}

/// The axis along which the edges are shorter, so that fewer are active at once.
fn sweep_axis(edges: &[Edge]) -> usize {
    let total = |axis: usize| edges.iter().map(|e| (e.a[axis] - e.b[axis]).abs()).sum::<f64>();
    let extent = |axis: usize| {
        let low = edges.iter().map(|e| e.a[axis]).fold(f64::INFINITY, f64::min);
        let high = edges.iter().map(|e| e.a[axis]).fold(f64::NEG_INFINITY, f64::max);
        (high - low).max(f64::MIN_POSITIVE)
    };
    usize::from(total(1) / extent(1) < total(0) / extent(0))
}
