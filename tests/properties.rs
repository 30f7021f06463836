//! Properties of the core over random inputs.

use proptest::prelude::*;
use yttria::parallel::Cancellation;
use yttria::simd::{Float, InstructionSet};
use yttria::voxel::convolution::{ConvolutionPlan, Method, Octant, Output, Selection};

/// Numbers in [-1, 1) that depend on the seed alone.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// A random even kernel; `isotropic` in its first two axes if its half sizes are equal.
fn kernel(half: [usize; 3], isotropic: bool, seed: u64) -> Octant {
    let mut next = noise(seed);
    let [a, b, c] = half.map(|h| h + 1);
    let mut octant: Vec<f64> = (0..a * b * c).map(|_| next()).collect();
    if isotropic && a == b {
        for i in 0..a {
            for j in 0..i {
                for k in 0..c {
                    octant[(i * b + j) * c + k] = octant[(j * b + i) * c + k];
                }
            }
        }
    }
    let shape = half.map(|h| 2 * h + 1);
    let mut values = Vec::new();
    for i in 0..shape[0] {
        for j in 0..shape[1] {
            for k in 0..shape[2] {
                let d = [i.abs_diff(half[0]), j.abs_diff(half[1]), k.abs_diff(half[2])];
                values.push(octant[(d[0] * b + d[1]) * c + d[2]]);
            }
        }
    }
    Octant::new(shape, &values).unwrap()
}

/// A map that is not zero within a random box only, with holes.
fn map<T: Float>(shape: [usize; 3], seed: u64) -> Vec<T> {
    let mut next = noise(seed);
    let mut bounds = [(0, 0); 3];
    for axis in 0..3 {
        let (a, b) = ((next() + 1.0) * 0.5, (next() + 1.0) * 0.5);
        let dense = next() > 0.0;
        let n = shape[axis] as f64;
        bounds[axis] = if dense {
            (0, shape[axis])
        } else {
            ((a.min(b) * n) as usize, (a.max(b) * n).ceil() as usize)
        };
    }
    let mut values = Vec::new();
    for i in 0..shape[0] {
        for j in 0..shape[1] {
            for k in 0..shape[2] {
                let inside = [i, j, k].iter().zip(bounds).all(|(&at, (low, high))| (low..high).contains(&at));
                let value = next();
                values.push(if inside && value > -0.5 {
                    T::from_f64(value)
                } else {
                    T::ZERO
                });
            }
        }
    }
    values
}

fn apply<T: Float>(plan: &ConvolutionPlan<T>, map: &[T]) -> Vec<T> {
    let mut out = vec![T::from_f64(7.0); map.len()];
    plan.apply(map, Output::new(&mut out), &Selection::default(), &Cancellation::never()).unwrap();
    let mut fresh = vec![T::ZERO; map.len()];
    plan.apply(map, Output::zeroed(&mut fresh), &Selection::default(), &Cancellation::never()).unwrap();
    assert_eq!(out, fresh, "the result must not depend on what the output held");
    out
}

/// Every method, path and thread count against the definition; `tolerance` in units of the largest output.
fn agrees<T: Float>(shape: [usize; 3], kernel: &Octant, seed: u64, tolerance: f64) {
    let map: Vec<T> = map(shape, seed);
    let definition = apply(&ConvolutionPlan::<T>::new(shape, kernel, Some(1), Some(Method::Definition)).unwrap(), &map);
    let largest = definition.iter().fold(0.0f64, |m, x| m.max(x.to_f64().abs()));
    // Values of both signs cancel. The size of the terms, and not of the sum, sets the rounding.
    let scale = largest.max(kernel.values().iter().map(|k| k.abs()).sum::<f64>());
    for method in Method::ALL {
        for instruction_set in InstructionSet::available() {
            let one = ConvolutionPlan::<T>::with_instruction_set(shape, kernel, Some(1), Some(method), instruction_set)
                .unwrap();
            let three =
                ConvolutionPlan::<T>::with_instruction_set(shape, kernel, Some(3), Some(method), instruction_set)
                    .unwrap();
            let out = apply(&one, &map);
            assert_eq!(out, apply(&three, &map), "{one:?}");
            for (at, (a, b)) in out.iter().zip(&definition).enumerate() {
                let error = (a.to_f64() - b.to_f64()).abs() / scale.max(f64::MIN_POSITIVE);
                assert!(error <= tolerance, "{one:?} at {at}: {a:?} against {b:?}, {error:e} of {scale}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_convolution_agrees_with_the_definition(
        shape in [1usize..22, 1usize..30, 1usize..70],
        half in [0usize..5, 0usize..5, 0usize..21],
        isotropic in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let half = if isotropic { [half[0], half[0], half[2]] } else { half };
        let kernel = kernel(half, isotropic, seed);
        agrees::<f32>(shape, &kernel, seed, 5e-7);
        agrees::<f64>(shape, &kernel, seed, 1e-14);
    }
}
