//! Properties of the rasterizer over random and hostile contours: `PROPTEST_CASES` is their number.

use proptest::prelude::*;
use yttria::geometry::contours::{ContourRules, Contours, EndCaps, Interpolation};
use yttria::geometry::{Affine, VoxelFractions};
use yttria::parallel::{Cancellation, Workers};

type Polygon = Vec<[f64; 3]>;

fn rules(interpolation: Interpolation, end_caps: EndCaps) -> ContourRules {
    ContourRules {
        end_caps,
        interpolation,
        slice_thickness_mm: Some(2.0),
        maximum_gap_mm: None,
    }
}

fn made(contours: &[Polygon], rules: ContourRules, threads: usize) -> yttria::Result<Contours> {
    let lists: Vec<&[[f64; 3]]> = contours.iter().map(Vec::as_slice).collect();
    let never = Cancellation::never();
    Contours::new(&lists, rules, &Workers::new(Some(threads), &never)?)
}

fn on_grid(contours: &Contours, shape: [usize; 3], affine: &Affine, threads: usize) -> VoxelFractions {
    let never = Cancellation::never();
    contours.voxel_fractions(shape, affine, &Workers::new(Some(threads), &never).unwrap()).unwrap()
}

fn grid(size: [f64; 3], origin: [f64; 3], turn: f64, flip: bool) -> Affine {
    let (c, s) = (turn.cos(), turn.sin());
    let sign = if flip { -1.0 } else { 1.0 };
    Affine::new(
        "affine",
        [
            [size[0] * c, -size[1] * s, 0.0, origin[0]],
            [size[0] * s, size[1] * c, 0.0, origin[1]],
            [0.0, 0.0, sign * size[2], origin[2]],
            [0.0, 0.0, 0.0, 1.0],
        ],
    )
    .unwrap()
}

/// Coordinates that meet, repeat, and go wrong.
fn coordinate() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -20.0..20.0f64,
        4 => (-4i32..5).prop_map(f64::from),
        1 => prop_oneof![Just(f64::NAN), Just(1e6), Just(-1e6), Just(1e-12), Just(f64::INFINITY), Just(5e-324)],
    ]
}

fn hostile() -> impl Strategy<Value = Polygon> {
    let height = prop_oneof![3 => (0i32..4).prop_map(f64::from), 1 => Just(0.049), 1 => Just(1e5), 1 => -9.0..9.0f64];
    (prop::collection::vec((coordinate(), coordinate()), 0..14), height)
        .prop_map(|(points, z)| points.into_iter().map(|(x, y)| [x, y, z]).collect())
}

/// A star about a point, which is simple if no two spokes are half a turn apart.
fn star(x: f64, y: f64, z: f64, spokes: &[f64]) -> Polygon {
    let n = spokes.len() as f64;
    let at = |(k, r): (usize, &f64)| {
        let angle = std::f64::consts::TAU * k as f64 / n;
        [x + r * angle.cos(), y + r * angle.sin(), z]
    };
    spokes.iter().enumerate().map(at).collect()
}

fn area(polygon: &Polygon) -> f64 {
    let next = polygon.iter().cycle().skip(1);
    0.5 * polygon.iter().zip(next).map(|(a, b)| a[0] * b[1] - b[0] * a[1]).sum::<f64>().abs()
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn any_contours_give_fractions_or_an_error(
        contours in prop::collection::vec(hostile(), 0..9),
        shape in [any::<bool>(), any::<bool>()],
        turn in -3.2..3.2f64,
        flip in any::<bool>(),
    ) {
        let interpolation = if shape[0] { Interpolation::Shape } else { Interpolation::None };
        let caps = if shape[1] { EndCaps::HalfSlice } else { EndCaps::None };
        if let Ok(one) = made(&contours, rules(interpolation, caps), 1) {
            prop_assert!(one.volume_ml().is_finite());
            let affine = grid([3.0, 4.0, 5.0], [-9.0, -8.0, -3.0], turn, flip);
            let fractions = on_grid(&one, [4, 5, 6], &affine, 1);
            prop_assert!(fractions.weights().iter().all(|w| (0.0..=1.0).contains(w)));
            let many = made(&contours, rules(interpolation, caps), 3).unwrap();
            prop_assert_eq!(on_grid(&many, [4, 5, 6], &affine, 3), fractions);
        }
    }

    #[test]
    fn volume_is_area_times_height_on_any_parallel_grid(
        spokes in prop::collection::vec(0.5..9.0f64, 5..30),
        center in [-5.0..5.0f64, -5.0..5.0],
        size in [0.7..4.0f64, 0.7..4.0, 0.7..4.0],
        turn in -3.2..3.2f64,
        flip in any::<bool>(),
    ) {
        let contours: Vec<Polygon> = [0.0, 2.0, 4.0].map(|z| star(center[0], center[1], z, &spokes)).into();
        let expected = 6e-3 * area(&contours[0]);
        let affine = grid(size, [0.0, 0.0, if flip { 6.0 } else { -2.0 }], turn, flip);
        for interpolation in [Interpolation::None, Interpolation::Shape] {
            let structure = made(&contours, rules(interpolation, EndCaps::HalfSlice), 1).unwrap();
            let tolerance = if interpolation == Interpolation::None { 1e-6 } else { 0.01 };
            prop_assert!((structure.volume_ml() / expected - 1.0).abs() < tolerance, "{} {expected}", structure.volume_ml());
            let fractions = on_grid(&structure, [12, 50, 60], &affine, 1);
            let held = fractions.volume_voxels() * size.iter().product::<f64>() * 1e-3;
            let inside = structure.volume_ml() * (1.0 - fractions.outside_fraction());
            // Weights are rounded to 2^-24 each.
            prop_assert!((held - inside).abs() < 1e-5 * expected, "{held} {inside}");
        }
    }

    #[test]
    fn two_structures_apart_are_the_sum_of_both(
        first in prop::collection::vec(1.0..5.0f64, 5..12),
        second in prop::collection::vec(1.0..5.0f64, 5..12),
        shift in 11.0..30.0f64,
    ) {
        let left: Vec<Polygon> = [0.0, 2.0, 4.0].map(|z| star(0.0, 0.0, z, &first)).into();
        let right: Vec<Polygon> = [0.0, 2.0, 4.0].map(|z| star(shift, 0.0, z, &second)).into();
        let both: Vec<Polygon> = left.iter().chain(&right).cloned().collect();
        let rules = rules(Interpolation::Shape, EndCaps::HalfSlice);
        let volume = |contours: &[Polygon]| made(contours, rules, 2).unwrap().volume_ml();
        let sum = volume(&left) + volume(&right);
        prop_assert!((volume(&both) / sum - 1.0).abs() < 1e-9);
    }
}
