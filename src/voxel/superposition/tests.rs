use proptest::prelude::*;

use super::*;
use crate::error::Error;
use crate::isotope::Isotope;
use crate::kernels::{self, VoxelSValues};
use crate::nuclide::Nuclide;
use crate::parallel::{Cancellation, Workers};
use crate::voxel::convolution::{ConvolutionPlan, Octant, Output, Selection};

fn options(setting: Setting, blended: bool) -> Options {
    Options {
        medium: kernels::Medium::Liver,
        reference_density_g_per_ml: None,
        setting,
        blended,
        gas_density_g_per_ml: 0.0,
        nuclide: Nuclide::default(),
    }
}

fn dose<T: Precision>(
    density: &[T],
    activity: &[T],
    shape: [usize; 3],
    size: [f64; 3],
    options: &Options,
    threads: usize,
) -> (Vec<f64>, Balance) {
    let never = Cancellation::never();
    let workers = Workers::new(Some(threads), &never).unwrap();
    let plan = SuperpositionPlan::new(density, shape, size, options, &workers).unwrap();
    let mut out = vec![T::ZERO; density.len()];
    let balance = plan.apply(activity, &mut out, &never).unwrap();
    (out.iter().map(|d| d.to_f64()).collect(), balance)
}

/// Numbers in [0, 1) that look random.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Blocks of lung, liver and bone.
fn blocks(shape: [usize; 3], edge: usize, seed: u64) -> Vec<f64> {
    let mut next = noise(seed);
    let count = shape.map(|n| n.div_ceil(edge));
    let block: Vec<f64> = (0..count.iter().product()).map(|_| [0.26, 1.06, 1.92][(3.0 * next()) as usize]).collect();
    let at = |k: usize, j: usize, i: usize| block[((k / edge) * count[1] + j / edge) * count[2] + i / edge];
    let [nk, nj, ni] = shape;
    (0..nk * nj * ni).map(|n| at(n / (nj * ni), n / ni % nj, n % ni)).collect()
}

fn narrowed(map: &[f64]) -> Vec<f32> {
    map.iter().map(|x| *x as f32).collect()
}

/// Fano's theorem: activity proportional to the mass depth of each voxel gives the same dose everywhere.
#[test]
fn activity_proportional_to_density_gives_a_uniform_dose() {
    let shape = [40, 44, 42];
    let size = [5.0, 4.0, 4.5];
    let mut next = noise(3);
    let white: Vec<f64> = (0..shape.iter().product()).map(|_| 0.5 + 1.5 * next()).collect();
    let factor = MediumFactor::new(kernels::Medium::Liver, Isotope::y90()).unwrap();
    for density in [white, blocks(shape, 5, 8)] {
        let activity: Vec<f64> = density.iter().map(|rho| rho * factor.at(*rho)).collect();
        let center = |n: usize| {
            let at = [n / (shape[1] * shape[2]), n / shape[2] % shape[1], n % shape[2]];
            at.iter().zip(shape).all(|(at, n)| (n / 2 - 2..n / 2 + 2).contains(at))
        };
        let spread = |dose: Vec<f64>| {
            let energy = |n: &usize| dose[*n] / factor.at(density[*n]);
            let inside: Vec<f64> = (0..dose.len()).filter(|n| center(*n)).map(|n| energy(&n)).collect();
            let mean = inside.iter().sum::<f64>() / inside.len() as f64;
            inside.iter().map(|d| (d / mean - 1.0).abs()).fold(0.0, f64::max)
        };
        // What comes from the edge of the map, 80 mm away, is below 1e-5 in lung and far less elsewhere.
        let exact = spread(dose(&density, &activity, shape, size, &options(Setting::Fast, false), 2).0);
        assert!(exact < 1e-5, "{exact}");
        let single =
            spread(dose(&narrowed(&density), &narrowed(&activity), shape, size, &options(Setting::Fast, false), 2).0);
        assert!(single < 1e-5, "{single}");
    }
}

#[test]
fn deposited_and_left_add_up_to_what_was_emitted() {
    let shape = [17, 12, 23];
    let mut next = noise(5);
    let density: Vec<f64> = blocks(shape, 3, 1).iter().map(|rho| rho * (0.9 + 0.2 * next())).collect();
    let activity: Vec<f64> = density.iter().map(|_| (next() - 0.7).max(0.0)).collect();
    for setting in Setting::ALL {
        let (_, exact) = dose(&density, &activity, shape, [3.0, 4.0, 2.0], &options(setting, false), 1);
        let error = (exact.deposited + exact.left) / exact.emitted - 1.0;
        assert!(error.abs() < 1e-12, "{setting:?}: {error}");
        let (density, activity) = (narrowed(&density), narrowed(&activity));
        let (_, single) = dose(&density, &activity, shape, [3.0, 4.0, 2.0], &options(setting, false), 1);
        let error = (single.deposited + single.left) / single.emitted - 1.0;
        assert!(error.abs() < 1e-5, "{setting:?}: {error}");
        assert!(single.left > 0.1 * single.emitted);
    }
}

#[test]
fn a_uniform_map_is_the_exact_convolution() {
    let shape = [9, 14, 11];
    let (size, rho) = ([4.0, 3.0, 5.0], 1.06);
    let mut next = noise(9);
    let activity: Vec<f64> = (0..shape.iter().product()).map(|_| (next() - 0.8).max(0.0)).collect();
    let density = vec![rho; activity.len()];
    let (blended, _) = dose(&density, &activity, shape, size, &options(Setting::Fast, true), 2);
    let never = Cancellation::never();
    let workers = Workers::new(None, &never).unwrap();
    let nuclide = Nuclide::default();
    let s_values = VoxelSValues::new(size, kernels::Medium::Liver, rho, &nuclide, false, &workers).unwrap();
    let scale = size.iter().product::<f64>() * 1e-6 * nuclide.mean_life_s();
    let kernel: Vec<f64> = s_values.values().iter().map(|s| s * scale).collect();
    let plan = ConvolutionPlan::new(shape, &Octant::new(s_values.shape(), &kernel).unwrap(), None, None).unwrap();
    let mut expected = vec![0.0; activity.len()];
    plan.apply(&activity, Output::new(&mut expected), &Selection::default(), &never).unwrap();
    let largest = expected.iter().copied().fold(0.0, f64::max);
    for (found, expected) in blended.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-12 * largest, "{found} {expected}");
    }
}

/// Turns a map: axis `n` of the result is axis `order[n]` of the map, reversed if `flips[n]`.
fn turned(map: &[f64], shape: [usize; 3], order: [usize; 3], flips: [bool; 3]) -> Vec<f64> {
    let to = order.map(|axis| shape[axis]);
    (0..map.len())
        .map(|n| {
            let at = [n / (to[1] * to[2]), n / to[2] % to[1], n % to[2]];
            let mut from = [0; 3];
            for axis in 0..3 {
                from[order[axis]] = if flips[axis] { to[axis] - 1 - at[axis] } else { at[axis] };
            }
            map[(from[0] * shape[1] + from[1]) * shape[2] + from[2]]
        })
        .collect()
}

#[test]
fn the_bits_do_not_depend_on_the_threads() {
    let shape = [11, 19, 14];
    let density = narrowed(&blocks(shape, 4, 2));
    let mut next = noise(4);
    let activity: Vec<f32> = density.iter().map(|_| next() as f32).collect();
    let expected = dose(&density, &activity, shape, [4.0; 3], &options(Setting::Standard, true), 1);
    for threads in [2, 3, 7, 64] {
        assert!(dose(&density, &activity, shape, [4.0; 3], &options(Setting::Standard, true), threads) == expected);
    }
}

#[test]
fn gas_and_bad_input() {
    let never = Cancellation::never();
    let workers = Workers::new(Some(2), &never).unwrap();
    let mut density = vec![1.0f64; 125];
    density[62] = 0.001;
    let gas = Options {
        gas_density_g_per_ml: 0.1,
        ..options(Setting::Fast, true)
    };
    let plan = SuperpositionPlan::new(&density, [5; 3], [3.0; 3], &gas, &workers).unwrap();
    let mut out = vec![9.0; 125];
    plan.apply(&[1.0; 125], &mut out, &never).unwrap();
    assert!(plan.gas_voxels() == 1 && out[62] == 0.0 && out[61] > 1.0);
    assert!(plan.apply(&[1.0; 124], &mut out, &never).is_err());
    let mut activity = vec![1.0; 125];
    activity[17] = f64::NAN;
    let error = plan.apply(&activity, &mut out, &never).unwrap_err();
    assert!(error.to_string().contains("of voxel 17"), "{error}");
    for bad in [0.0, -1.0, 31.0, f64::NAN] {
        density[7] = bad;
        let error = SuperpositionPlan::new(&density, [5; 3], [3.0; 3], &gas, &workers).err().unwrap();
        assert!(error.to_string().contains("of voxel 7"), "{error}");
    }
    let stop = Cancellation::never();
    stop.cancel();
    assert_eq!(plan.apply(&[1.0; 125], &mut out, &stop), Err(Error::Cancelled));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn flips_and_permutations_of_the_axes_only_round_differently(
        seed in 0u64..1000,
        order in prop::sample::select(vec![[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]),
        flips in prop::array::uniform3(any::<bool>()),
    ) {
        let (shape, size) = ([7, 10, 8], [3.0, 4.07, 2.5]);
        let density = blocks(shape, 3, seed);
        let mut next = noise(seed + 1);
        let activity: Vec<f64> = density.iter().map(|_| (next() - 0.5).max(0.0)).collect();
        let options = options(Setting::Standard, true);
        let expected = turned(&dose(&density, &activity, shape, size, &options, 1).0, shape, order, flips);
        let (density, activity) = (turned(&density, shape, order, flips), turned(&activity, shape, order, flips));
        let found = dose(&density, &activity, order.map(|n| shape[n]), order.map(|n| size[n]), &options, 2).0;
        let largest = expected.iter().copied().fold(0.0, f64::max);
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert!((found - expected).abs() < 1e-12 * largest, "{} {}", found, expected);
        }
    }

    #[test]
    fn doses_are_linear_in_the_activity(seed in 0u64..1000, factor in -3.0..3.0f64) {
        let (shape, size) = ([6, 9, 7], [4.0, 3.0, 5.0]);
        let density = blocks(shape, 2, seed);
        let mut next = noise(seed + 2);
        let a: Vec<f64> = density.iter().map(|_| next()).collect();
        let b: Vec<f64> = density.iter().map(|_| next() - 0.5).collect();
        let sum: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + factor * b).collect();
        let of = |activity: &[f64]| dose(&density, activity, shape, size, &options(Setting::Fast, true), 2).0;
        for ((a, b), sum) in of(&a).iter().zip(of(&b)).zip(of(&sum)) {
            prop_assert!((a + factor * b - sum).abs() < 1e-11 * (a.abs() + b.abs()), "{} {} {}", a, b, sum);
        }
    }
}
