//! Limits of this machine: bandwidth of memory, and multiplications and additions per second. One line of JSON
//! per number of threads, for `side_by_side.py`.
//!
//! Each figure is the best of several passes, all threads at work on their own memory, which is larger than any cache.

use std::hint::black_box;
use std::time::Instant;

use pulp::{Simd, WithSimd};
use yttria::parallel::{Cancellation, try_for_each};
use yttria::simd::{Float, InstructionSet};

const MIB: usize = 192;
const PASSES: usize = 7;

/// Twelve independent sums: more than the latency of a multiplication and addition times its throughput.
struct MultiplyAdd<T>(T, usize);

impl<T: Float> WithSimd for MultiplyAdd<T> {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        let x = T::splat(simd, self.0);
        let mut sums = [x; 12];
        for _ in 0..self.1 {
            for sum in &mut sums {
                *sum = T::mul_add(simd, *sum, x, x);
            }
        }
        black_box(sums);
        (2 * sums.len() * self.1 * T::lanes::<S>()) as f64
    }
}

struct Read<'a>(&'a [f64]);

impl WithSimd for Read<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut sums = [simd.splat_f64s(0.0); 8];
        for block in f64::vectors::<S>(self.0).0.chunks_exact(sums.len()) {
            for (sum, x) in sums.iter_mut().zip(block) {
                *sum = simd.or_f64s(*sum, *x);
            }
        }
        black_box(sums);
    }
}

/// Best rate of `work`, which returns what it has done, on each of some items at once; in units of 1e9 per second.
fn rate<T: Send>(items: &mut [T], work: impl Fn(&mut T) -> f64 + Sync) -> f64 {
    let best = (0..PASSES).map(|_| {
        let done = std::sync::Mutex::new(0.0);
        let begin = Instant::now();
        let threads = items.len();
        let all = try_for_each(items.iter_mut(), threads, &Cancellation::never(), |item| {
            let did = work(item);
            *done.lock().expect("no panic") += did;
            Ok(())
        });
        all.expect("nobody cancels");
        done.into_inner().expect("no panic") / begin.elapsed().as_secs_f64() / 1e9
    });
    best.fold(0.0, f64::max)
}

fn main() {
    let instruction_set = InstructionSet::best();
    for threads in [1, 2] {
        let number = MIB * (1 << 20) / size_of::<f64>() / threads;
        let mut memory: Vec<_> = (0..threads).map(|_| [vec![1.0f64; number], vec![2.0f64; number]]).collect();
        let bytes = (number * size_of::<f64>()) as f64;
        let read = rate(&mut memory, |[a, _]| {
            instruction_set.run(Read(a));
            bytes
        });
        let write = rate(&mut memory, |[a, _]| {
            a.fill(black_box(0.0));
            bytes
        });
        let copy = rate(&mut memory, |[a, b]| {
            b.copy_from_slice(a);
            2.0 * bytes
        });
        let mut idle = vec![(); threads];
        let f32s = rate(&mut idle, |()| instruction_set.run(MultiplyAdd(black_box(0.5f32), 4_000_000)));
        let f64s = rate(&mut idle, |()| instruction_set.run(MultiplyAdd(black_box(0.5f64), 4_000_000)));
        println!(
            "{{\"threads\": {threads}, \"instruction_set\": \"{}\", \"read_gb_per_s\": {read:.1}, \"write_gb_per_s\": \
             {write:.1}, \"copy_gb_per_s\": {copy:.1}, \"float32_gflop_per_s\": {f32s:.0}, \"float64_gflop_per_s\": \
             {f64s:.0}}}",
            instruction_set.name()
        );
    }
}
