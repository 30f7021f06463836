//! Decays per second of Monte Carlo transport, in uniform liver by isotope and beside lung, plain and with the second flight of the
//! correlated difference. One line of JSON per map, estimator and number of threads; the best of several runs.

use std::time::Instant;

use yttria::isotope::Isotope;
use yttria::monte_carlo::{Phantom, Simulation, Substance};
use yttria::parallel::{Cancellation, Workers, thread_count};

const SHAPE: [usize; 3] = [24, 24, 24];
const COUNT: usize = SHAPE[0] * SHAPE[1] * SHAPE[2];
const DECAYS: u64 = 10_000;
const BATCHES: u64 = 16;
const RUNS: usize = 5;

fn main() {
    let never = Cancellation::never();
    let all = thread_count(None).expect("the number of processors");
    for (name, lung_from, isotope) in [
        ("liver", SHAPE[0], "Y-90"),
        ("liver beside lung", SHAPE[0] / 2, "Y-90"),
        ("liver", SHAPE[0], "Ho-166"),
        ("liver", SHAPE[0], "P-32"),
        ("liver", SHAPE[0], "Re-188"),
    ] {
        let isotope = Isotope::from_name(isotope).expect("an isotope");
        let is_lung = |i: usize| i / (SHAPE[1] * SHAPE[2]) >= lung_from;
        let density: Vec<f32> = (0..COUNT).map(|i| if is_lung(i) { 0.26 } else { 1.06 }).collect();
        let medium: Vec<u8> = (0..COUNT).map(|i| u8::from(is_lung(i))).collect();
        let decays: Vec<f64> = (0..COUNT).map(|i| if is_lung(i) { 0.0 } else { 1.0 }).collect();
        let phantom = Phantom {
            shape: SHAPE,
            spacing_mm: [3.0; 3],
            density_g_per_ml: &density,
            medium: &medium,
            substances: &[Substance::Liver, Substance::Lung],
            decays: &decays,
        };
        let start = Instant::now();
        let made = || Simulation::new(&phantom, isotope, 1, DECAYS).expect("a valid phantom");
        let mut plain = made();
        let tables_s = start.elapsed().as_secs_f64();
        let mut correlated = made();
        correlated.correlate(0, 1.06).expect("a substance of the phantom");
        let mut best = [[f64::INFINITY; 2]; 2];
        // In turns, so that other work of the machine affects all of them alike.
        for _ in 0..RUNS {
            for (simulation, best) in [&mut plain, &mut correlated].into_iter().zip(&mut best) {
                for (threads, best) in [1, all].into_iter().zip(best) {
                    let workers = Workers::new(Some(threads), &never).expect("a number of threads");
                    let start = Instant::now();
                    simulation.run(BATCHES, &workers).expect("a run");
                    *best = best.min(start.elapsed().as_secs_f64());
                }
            }
        }
        for (estimator, best) in ["plain", "correlated difference"].into_iter().zip(best) {
            for (threads, best) in [1, all].into_iter().zip(best) {
                let rate = (BATCHES * DECAYS) as f64 / best;
                println!(
                    "{{\"map\": \"{name}\", \"isotope\": \"{}\", \"estimator\": \"{estimator}\", \"threads\": {threads}, \
                     \"decays_per_s\": {rate:.0}, \"tables_s\": {tables_s:.3}}}",
                    isotope.name()
                );
            }
        }
    }
}
