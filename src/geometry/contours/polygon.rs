//! Closed polygons in a plane.

use crate::error::Result;
use crate::parallel::Workers;

/// A point in a contour plane, mm.
pub(super) type Point = [f64; 2];

/// A simple polygon, counterclockwise; or points without area that only mark where a structure ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loop {
    pub points: Vec<Point>,
    /// At least zero, mm2.
    pub area: f64,
    /// Number of other loops of the plane that contain it: even if it bounds the structure, odd if it bounds a hole.
    pub depth: usize,
    pub low: Point,
    pub high: Point,
    /// A point inside (on it, where there is no area).
    pub inside: Point,
}

impl Loop {
    /// From at least one point, in any order of rotation.
    pub fn new(mut points: Vec<Point>, depth: usize) -> Self {
        let area = signed_area(&points);
        if area < 0.0 {
            points.reverse();
        }
        let (low, high) = bounds(&points);
        let mut this = Self {
            area: area.abs(),
            depth,
            low,
            high,
            inside: points[0],
            points,
        };
        this.inside = this.interior();
        this
    }

    /// The oriented edges.
    pub fn edges(&self) -> impl Iterator<Item = (Point, Point)> {
        edges(&self.points)
    }

    /// By the even-odd rule; on the boundary either.
    pub fn contains(&self, p: Point) -> bool {
        let outside = (0..2).any(|a| p[a] < self.low[a] || p[a] > self.high[a]);
        !outside && self.edges().filter(|&(a, b)| crossing(a, b, p[1]).is_some_and(|x| p[0] < x)).count() % 2 == 1
    }

    /// Whether the two share a point, or come closer than `reach`.
    pub fn touches(&self, other: &Self, reach: f64, workers: &Workers<'_>) -> Result<bool> {
        if (0..2).any(|a| self.low[a] - reach > other.high[a] || other.low[a] - reach > self.high[a]) {
            return Ok(false);
        }
        let near =
            |p: Point, to: &Self| to.contains(p) || to.edges().any(|(a, b)| squared_distance(p, a, b) <= reach * reach);
        if near(self.inside, other) || near(other.inside, self) {
            return Ok(true);
        }
        for (one, two) in [(self, other), (other, self)] {
            for &p in &one.points {
                workers.check()?;
                if near(p, two) {
                    return Ok(true);
                }
            }
        }
        for (a, b) in self.edges() {
            workers.check()?;
            if other.edges().any(|(c, d)| cross_properly(a, b, c, d)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The middle of the widest span at half height.
    fn interior(&self) -> Point {
        let y = 0.5 * (self.low[1] + self.high[1]);
        let mut spans: Vec<f64> = self.edges().filter_map(|(a, b)| crossing(a, b, y)).collect();
        spans.sort_unstable_by(f64::total_cmp);
        spans
            .as_chunks::<2>()
            .0
            .iter()
            .max_by(|p, q| (p[1] - p[0]).total_cmp(&(q[1] - q[0])))
            .map_or(self.inside, |[from, to]| [0.5 * (from + to), y])
    }
}

/// The edges of a closed polygon.
pub(super) fn edges(points: &[Point]) -> impl Iterator<Item = (Point, Point)> {
    let last = points.last().copied();
    last.into_iter().chain(points.iter().copied()).zip(points.iter().copied())
}

/// Positive where the points run counterclockwise.
pub(super) fn signed_area(points: &[Point]) -> f64 {
    let o = points.first().copied().unwrap_or_default();
    0.5 * edges(points)
        .map(|(a, b)| (a[0] - o[0]) * (b[1] - o[1]) - (b[0] - o[0]) * (a[1] - o[1]))
        .sum::<f64>()
}

pub(super) fn bounds(points: &[Point]) -> (Point, Point) {
    points.iter().fold(([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]), |(low, high), p| {
        ([0, 1].map(|a| low[a].min(p[a])), [0, 1].map(|a| high[a].max(p[a])))
    })
}

/// Crossing of an edge with the line of that height; an end on the line counts for the edge above it.
pub(super) fn crossing(a: Point, b: Point, y: f64) -> Option<f64> {
    ((a[1] > y) != (b[1] > y)).then(|| a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
}

pub(super) fn squared_distance(p: Point, a: Point, b: Point) -> f64 {
    let (edge, to) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let length = edge[0] * edge[0] + edge[1] * edge[1];
    let t = if length > 0.0 {
        ((to[0] * edge[0] + to[1] * edge[1]) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (to[0] - t * edge[0]).powi(2) + (to[1] - t * edge[1]).powi(2)
}

/// Twice the area of the triangle, positive counterclockwise.
pub(super) fn turn(a: Point, b: Point, c: Point) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
}

/// Whether two edges cross at a point inside both.
pub(super) fn cross_properly(a: Point, b: Point, c: Point, d: Point) -> bool {
    turn(a, b, c) * turn(a, b, d) < 0.0 && turn(c, d, a) * turn(c, d, b) < 0.0
}
