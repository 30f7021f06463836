//! One plan, one map: maps A and B of the side-by-side benchmark, dense and sparse, by element type and instruction set.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use yttria::parallel::Cancellation;
use yttria::simd::{Float, InstructionSet};
use yttria::voxel::convolution::{ConvolutionPlan, Octant, Output, Selection};

const MAPS: [(&str, [usize; 3], [usize; 3]); 2] = [("A", [128; 3], [3, 3, 3]), ("B", [109, 200, 200], [4, 3, 3])];

/// A kernel without the corners of its box, as voxel S values are.
fn kernel(half: [usize; 3]) -> Octant {
    let shape = half.map(|h| 2 * h + 1);
    let value = |at: [usize; 3]| {
        let square: f64 =
            (0..3).map(|axis| (at[axis].abs_diff(half[axis]) as f64 / (half[axis] as f64 + 0.5)).powi(2)).sum();
        if square > 1.5 { 0.0 } else { (-4.0 * square).exp() }
    };
    let [a, b, c] = shape;
    let values: Vec<f64> = (0..a * b * c).map(|n| value([n / b / c, n / c % b, n % c])).collect();
    Octant::new(shape, &values).expect("even")
}

fn map<T: Float>(shape: [usize; 3], sparse: bool) -> Vec<T> {
    let [_, b, c] = shape;
    let value = |n: usize| {
        let at = [n / b / c, n / c % b, n % c];
        let square: f64 = (0..3).map(|axis| (at[axis] as f64 / shape[axis] as f64 - 0.45).powi(2)).sum();
        if sparse && square > 0.05 {
            0.0
        } else {
            1.0 + (n % 17) as f64
        }
    };
    (0..shape.iter().product()).map(|n| T::from_f64(value(n))).collect()
}

fn maps<T: Float>(c: &mut Criterion) {
    for (name, shape, half) in MAPS {
        let octant = kernel(half);
        let mut group = c.benchmark_group(format!("{name} {}", T::NAME));
        group.throughput(Throughput::Elements(shape.iter().product::<usize>() as u64));
        for sparse in [false, true] {
            let input = map::<T>(shape, sparse);
            let mut out = vec![T::ZERO; input.len()];
            for instruction_set in
                InstructionSet::available().into_iter().filter(|instruction_set| instruction_set.name() != "scalar")
            {
                let plan = ConvolutionPlan::<T>::with_instruction_set(shape, &octant, Some(1), None, instruction_set)
                    .expect("a plan");
                let density = if sparse { "sparse" } else { "dense" };
                group.bench_function(format!("{density} {} {}", plan.method().name(), instruction_set.name()), |b| {
                    b.iter(|| {
                        let out = Output::new(&mut out);
                        plan.apply(&input, out, &Selection::default(), &Cancellation::never()).expect("a result")
                    });
                });
            }
        }
        group.finish();
    }
}

fn plans(c: &mut Criterion) {
    let octant = kernel([3, 3, 3]);
    c.bench_function("plan A float32", |b| {
        b.iter(|| ConvolutionPlan::<f32>::new([128; 3], &octant, Some(1), None).expect("a plan"));
    });
}

criterion_group!(benches, maps::<f32>, maps::<f64>, plans);
criterion_main!(benches);
