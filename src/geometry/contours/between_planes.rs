//! Sections between the planes of contours.
//!
//! Between two planes the function of `section_function.rs` follows a parabola in the position z at every lattice point: the line
//! through both planes, plus (z - a)(z - b) times the second difference there. The smaller of the second differences at
//! the lower and the upper plane is used, and 0 if they differ in sign (minmod), so that steps are not overshot. If
//! sections differ in shape as well as in size, functions of distance cut corners and the section becomes too small.
//! The sections of every quadric, such as an ellipsoid of any shape and position, have areas quadratic in z. The level
//! is therefore lowered until the section has at least the area that the same parabola gives for the areas.

use super::lattice::Lattice;
use super::marching_squares;
use super::polygon::{Loop, Point};
use super::section_function::section_function;
use super::sections::Section;
use crate::error::Result;
use crate::parallel::Workers;

/// Sections are not farther apart than this, mm, unless that would make more than `MOST_PARTS` of a gap.
const PART_MM: f64 = 0.5;
const MOST_PARTS: usize = 16;
/// Lattice points per section, about.
const POINTS: f64 = 4_000.0;
/// Relative difference at which an area has reached its target.
const AREA_TOLERANCE: f64 = 5e-4;

/// Number of parts of a gap.
pub(super) fn steps_across(gap: f64) -> usize {
    ((gap / PART_MM).ceil() as usize).clamp(1, MOST_PARTS)
}

/// A section between two planes: its position, and its outline, the inside on the left.
pub(super) type SectionBetween = (f64, Vec<(Point, Point)>);

/// The loops of one plane that are interpolated, and the plane's position.
pub(super) struct PlaneLoops<'a> {
    pub position: f64,
    pub loops: Vec<&'a Loop>,
}

impl<'a> PlaneLoops<'a> {
    pub fn new(section: &'a Section, places: &[usize]) -> Self {
        Self {
            position: section.position,
            loops: places.iter().map(|&n| &section.loops[n]).collect(),
        }
    }

    fn area(&self) -> f64 {
        self.loops.iter().map(|l| l.area).sum()
    }
}

/// One group's sections inside the gap. `below` and `above` are the planes beyond it, in which the group continues.
pub(super) fn sections_between(
    below: Option<&PlaneLoops<'_>>,
    lower: &PlaneLoops<'_>,
    upper: &PlaneLoops<'_>,
    above: Option<&PlaneLoops<'_>>,
    workers: &Workers<'_>,
) -> Result<Vec<SectionBetween>> {
    let (a, b) = (lower.position, upper.position);
    let count = steps_across(b - a);
    if count == 1 {
        return Ok(Vec::new());
    }
    let lattice = window(lower, upper);
    let of = |level: &PlaneLoops<'_>| section_function(&lattice, &level.loops, workers);
    let (low, high) = (of(lower)?, of(upper)?);
    let (under, over) = (below.map(of).transpose()?, above.map(of).transpose()?);
    let curvature = curvatures(&low, &high, under, over, [below, Some(lower), Some(upper), above]);
    let areas = [lower.area(), upper.area()];
    let bend = curvatures(
        &areas[..1],
        &areas[1..],
        below.map(|level| vec![level.area()]),
        above.map(|level| vec![level.area()]),
        [below, Some(lower), Some(upper), above],
    )[0];
    (1..count)
        .map(|n| {
            let t = n as f64 / count as f64;
            let z = a + t * (b - a);
            let product = (z - a) * (z - b);
            let values: Vec<f64> =
                low.iter().zip(&high).zip(&curvature).map(|((l, h), c)| l + t * (h - l) + product * c).collect();
            let target = areas[0] + t * (areas[1] - areas[0]) + product * bend;
            workers.check()?;
            let level = level_with_area(&lattice, &values, target);
            let mut edges = Vec::new();
            marching_squares::outline(&lattice, &values, level, |p, q| edges.push((p, q)));
            Ok((z, edges))
        })
        .collect()
}

/// A lattice over both planes' loops, with room for the outline to grow.
fn window(lower: &PlaneLoops<'_>, upper: &PlaneLoops<'_>) -> Lattice {
    let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for l in lower.loops.iter().chain(&upper.loops) {
        low = [0, 1].map(|a| low[a].min(l.low[a]));
        high = [0, 1].map(|a| high[a].max(l.high[a]));
    }
    Lattice::over(low, high, POINTS, 3)
}

/// The second divided difference to use at each point; planes in the order below, lower, upper, above.
fn curvatures(
    low: &[f64],
    high: &[f64],
    below: Option<Vec<f64>>,
    above: Option<Vec<f64>>,
    planes: [Option<&PlaneLoops<'_>>; 4],
) -> Vec<f64> {
    let position = |n: usize| planes[n].map_or(f64::NAN, |level| level.position);
    let [p, a, b, q] = [0, 1, 2, 3].map(position);
    let second = |at: [f64; 3], f: [f64; 3]| {
        ((f[2] - f[1]) / (at[2] - at[1]) - (f[1] - f[0]) / (at[1] - at[0])) / (at[2] - at[0])
    };
    (0..low.len())
        .map(|n| {
            let first = below.as_ref().map(|below| second([p, a, b], [below[n], low[n], high[n]]));
            let last = above.as_ref().map(|above| second([a, b, q], [low[n], high[n], above[n]]));
            match (first, last) {
                (Some(x), Some(y)) if x * y <= 0.0 => 0.0,
                (Some(x), Some(y)) => {
                    if x.abs() < y.abs() {
                        x
                    } else {
                        y
                    }
                }
                (x, y) => x.or(y).unwrap_or(0.0),
            }
        })
        .collect()
}

/// The level at which the area reaches the target: zero if it does so already, else lower, by the secant rule.
fn level_with_area(lattice: &Lattice, values: &[f64], target: f64) -> f64 {
    let mut old = (0.0, marching_squares::area(lattice, values, 0.0));
    let enough = target * (1.0 - AREA_TOLERANCE);
    if old.1 >= enough {
        return 0.0;
    }
    let scale = values.iter().copied().fold(0.0, f64::max).max(lattice.step * lattice.step);
    let mut level = -0.5 * scale * (1.0 - old.1 / target);
    for _ in 0..8 {
        let now = (level, marching_squares::area(lattice, values, level));
        if (now.1 - target).abs() <= target * AREA_TOLERANCE {
            break;
        }
        let slope = (now.1 - old.1) / (now.0 - old.0);
        let step = if slope < 0.0 {
            (target - now.1) / slope
        } else {
            2.0 * level
        };
        // The level is at most doubled, and never above zero.
        level = (level + step).clamp(2.0 * level, 0.0);
        old = now;
    }
    level
}
