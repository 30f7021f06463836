//! Any contours on any grid: no panic, bounded time, fractions within [0, 1], nothing lost, and for simple polygons the
//! volume of the shoelace formula.
#![no_main]

use std::time::Duration;

use arbitrary::Arbitrary;
use cpu_time::ProcessTime;
use libfuzzer_sys::fuzz_target;
use yttria::geometry::Affine;
use yttria::geometry::contours::{Contours, EndCaps, Interpolation, ContourRules};
use yttria::parallel::{Cancellation, Workers};

type Polygon = Vec<[f64; 3]>;

/// The time of the processor, so that a machine that is stopped is no hang.
const LIMIT: Duration = Duration::from_secs(10);
const SHAPE: [usize; 3] = [5, 6, 7];

#[derive(Arbitrary, Debug)]
struct Input {
    contours: Contour,
    smooth: bool,
    caps: bool,
    grid: Grid,
}

#[derive(Arbitrary, Debug)]
enum Contour {
    /// On a lattice, so that points meet and edges overlap: plane, points.
    Lattice(Vec<(u8, Vec<(i8, i8)>)>),
    /// Any numbers at all.
    Any(Vec<(f64, Vec<(f64, f64)>)>),
    /// The same polygon on three planes.
    Prism(Vec<(i8, i8)>),
}

#[derive(Arbitrary, Debug)]
struct Grid {
    size: [u8; 3],
    origin: [i8; 3],
    turn: i8,
    tilt: i8,
    flip: bool,
}

impl Grid {
    /// Turned about the contours' normal, and tilted off it if `tilt` is not 0.
    fn affine(&self, parallel: bool) -> Affine {
        let angle = |n: i8| f64::from(n) * std::f64::consts::PI / 128.0;
        let (c, s) = (angle(self.turn).cos(), angle(self.turn).sin());
        let (tc, ts) = if parallel { (1.0, 0.0) } else { (angle(self.tilt).cos(), angle(self.tilt).sin()) };
        let [a, b, d] = self.size.map(|n| 0.25 + f64::from(n) / 8.0);
        let d = if self.flip { -d } else { d };
        let [x, y, z] = self.origin.map(|n| f64::from(n) / 2.0);
        let rows = [
            [c * a, -s * tc * b, s * ts * d, x],
            [s * a, c * tc * b, -c * ts * d, y],
            [0.0, ts * b, tc * d, z],
            [0.0, 0.0, 0.0, 1.0],
        ];
        Affine::new("affine", rows).expect("a rotation")
    }
}

fn lattice(points: &[(i8, i8)], z: f64) -> Polygon {
    points.iter().map(|&(x, y)| [f64::from(x) / 4.0, f64::from(y) / 4.0, z]).collect()
}

/// Twice the signed area of a triangle.
fn turn(a: (i64, i64), b: (i64, i64), c: (i64, i64)) -> i64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

/// Whether two closed segments share a point.
fn meet(a: (i64, i64), b: (i64, i64), c: (i64, i64), d: (i64, i64)) -> bool {
    let within = |p: (i64, i64), a: (i64, i64), b: (i64, i64)| {
        turn(a, b, p) == 0
            && (a.0.min(b.0)..=a.0.max(b.0)).contains(&p.0)
            && (a.1.min(b.1)..=a.1.max(b.1)).contains(&p.1)
    };
    let sides = |a, b, p, q| turn(a, b, p).signum() * turn(a, b, q).signum() < 0;
    (sides(a, b, c, d) && sides(c, d, a, b)) || within(c, a, b) || within(d, a, b) || within(a, c, d) || within(b, c, d)
}

/// The exact area, if no two edges meet except neighbors at their common end.
fn simple_area(points: &[(i8, i8)]) -> Option<f64> {
    let p: Vec<(i64, i64)> = points.iter().map(|&(x, y)| (i64::from(x), i64::from(y))).collect();
    let n = p.len();
    if n < 3 || n > 64 {
        return None;
    }
    let edge = |k: usize| (p[k % n], p[(k + 1) % n]);
    for i in 0..n {
        let (a, b) = edge(i);
        let (_, c) = edge(i + 1);
        let folded = turn(a, b, c) == 0 && (b.0 - a.0) * (c.0 - b.0) + (b.1 - a.1) * (c.1 - b.1) <= 0;
        if a == b || folded {
            return None;
        }
        for j in i + 2..n {
            let (c, d) = edge(j);
            if (i, j) != (0, n - 1) && meet(a, b, c, d) {
                return None;
            }
        }
    }
    let doubled: i64 = (0..n).map(|k| edge(k)).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
    Some(doubled.abs() as f64 / 32.0)
}

fuzz_target!(|input: Input| {
    let start = ProcessTime::now();
    let polygons: Vec<Polygon> = match &input.contours {
        Contour::Lattice(planes) => planes.iter().map(|(z, p)| lattice(p, f64::from(*z) / 4.0)).collect(),
        Contour::Any(planes) => planes.iter().map(|(z, p)| p.iter().map(|&(x, y)| [x, y, *z]).collect()).collect(),
        Contour::Prism(p) => [0.0, 2.0, 4.0].map(|z| lattice(p, z)).into(),
    };
    let lists: Vec<&[[f64; 3]]> = polygons.iter().map(Vec::as_slice).collect();
    let rules = ContourRules {
        end_caps: if input.caps { EndCaps::HalfSlice } else { EndCaps::None },
        interpolation: if input.smooth { Interpolation::Shape } else { Interpolation::None },
        slice_thickness_mm: Some(2.0),
        maximum_gap_mm: None,
    };
    let simple = match &input.contours {
        Contour::Prism(points) => simple_area(points),
        _ => None,
    };
    let never = Cancellation::never();
    let workers = Workers::new(Some(1), &never).expect("one thread");
    match Contours::new(&lists, rules, &workers) {
        Ok(structure) => {
            let volume_ml = structure.volume_ml();
            assert!(volume_ml.is_finite() && volume_ml >= 0.0, "volume {volume_ml}");
            if let (Some(area), false) = (simple, input.smooth) {
                let expected = area * if input.caps { 6e-3 } else { 4e-3 };
                assert!((volume_ml / expected - 1.0).abs() < 1e-6, "{volume_ml} mL, shoelace {expected} mL");
            }
            let parallel = input.grid.tilt % 2 == 0;
            let affine = input.grid.affine(parallel);
            let fractions = structure.voxel_fractions(SHAPE, &affine, &workers).expect("a sound grid");
            assert!(fractions.weights().iter().all(|w| (0.0..=1.0).contains(w)));
            if parallel && !matches!(input.contours, Contour::Any(_)) {
                let voxel_ml = input.grid.size.map(|n| 0.25 + f64::from(n) / 8.0).iter().product::<f64>() * 1e-3;
                let held = fractions.volume_voxels() * voxel_ml;
                let inside = volume_ml * (1.0 - fractions.outside_fraction());
                // Weights are rounded to 2^-24 each.
                let rounding = voxel_ml * SHAPE.iter().product::<usize>() as f64 * 1e-7;
                assert!((held - inside).abs() <= 1e-6 * volume_ml + rounding, "{held} mL on the grid, {inside} mL in it");
            }
        }
        Err(error) => assert!(simple.is_none(), "a simple polygon was refused: {error}"),
    }
    assert!(start.elapsed() < LIMIT, "{:?} of the processor", start.elapsed());
});
