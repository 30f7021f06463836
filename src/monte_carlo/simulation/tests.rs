use super::{Phantom, Simulation, Substance};
use crate::error::Error;
use crate::parallel::{Cancellation, Workers};

const SHAPE: [usize; 3] = [7, 6, 5];
const COUNT: usize = 210;

fn simulation(per_batch: u64) -> Simulation {
    let density: Vec<f32> = (0..COUNT).map(|i| if i % 3 == 0 { 0.26 } else { 1.06 }).collect();
    let medium: Vec<u8> = (0..COUNT).map(|i| u8::from(i % 3 == 0)).collect();
    let mut decays = vec![0.0; COUNT];
    (decays[100], decays[101], decays[7]) = (3.0, 1.0, 0.5);
    let phantom = Phantom {
        shape: SHAPE,
        spacing_mm: [3.0, 4.0, 5.0],
        density_g_per_ml: &density,
        medium: &medium,
        substances: &[Substance::Liver, Substance::Lung],
        decays: &decays,
    };
    Simulation::new(&phantom, 11, per_batch).unwrap()
}

fn run(simulation: &mut Simulation, batches: u64, threads: usize) {
    let never = Cancellation::never();
    simulation.run(batches, &Workers::new(Some(threads), &never).unwrap()).unwrap();
}

#[test]
fn threads_and_interruptions_do_not_show() {
    let (mut one, mut other) = (simulation(50), simulation(50));
    run(&mut one, 12, 1);
    for (batches, threads) in [(5, 3), (1, 4), (6, 2)] {
        run(&mut other, batches, threads);
    }
    assert_eq!(one.sum, other.sum);
    assert_eq!(one.sum_of_squares, other.sum_of_squares);
    assert_eq!(one.balance(), other.balance());
}

#[test]
fn a_cancelled_run_keeps_the_batches_before() {
    let mut simulation = simulation(50);
    run(&mut simulation, 3, 1);
    let cancellation = Cancellation::never();
    cancellation.cancel();
    let workers = Workers::new(Some(2), &cancellation).unwrap();
    assert_eq!(simulation.run(5, &workers), Err(Error::Cancelled));
    assert_eq!(simulation.batches(), 3);
}

#[test]
fn a_run_that_another_continues_has_the_same_bits() {
    let fractions: Vec<f32> = (0..COUNT).map(|i| if i % 5 == 0 { 0.5 } else { 0.0 }).collect();
    let with_region = || {
        let mut made = simulation(50);
        made.add_region(&fractions).unwrap();
        made
    };
    let (mut whole, mut first, mut second) = (with_region(), with_region(), with_region());
    run(&mut whole, 9, 1);
    run(&mut first, 4, 2);
    let (mut sum, mut squares) = (vec![0.0; COUNT], vec![0.0; COUNT]);
    let progress = first.progress(&mut sum, &mut squares).unwrap();
    second.restore(&progress, &sum, &squares).unwrap();
    run(&mut second, 5, 3);
    assert_eq!(whole.sum, second.sum);
    assert_eq!(whole.sum_of_squares, second.sum_of_squares);
    assert_eq!(whole.balance(), second.balance());
    assert_eq!(whole.regions(1.0), second.regions(1.0));

    assert!(second.restore(&progress, &sum, &squares).is_err());
    assert!(with_region().restore(&progress, &sum[1..], &squares).is_err());
    assert!(simulation(50).restore(&progress, &sum, &squares).is_err());
    sum[3] = f64::NAN;
    assert!(with_region().restore(&progress, &sum, &squares).is_err());
}

#[test]
fn energy_is_conserved() {
    let mut simulation = simulation(2000);
    run(&mut simulation, 10, 2);
    let balance = simulation.balance();
    let sum = balance.deposited_mev + balance.escaped_mev;
    assert!((sum / balance.emitted_mev - 1.0).abs() < 1e-6, "{balance:?}");
    assert!((balance.emitted_mev / simulation.mean_energy_mev() - 1.0).abs() < 0.02);
}

#[test]
fn a_structure_of_one_voxel_has_the_dose_of_the_voxel() {
    let mut simulation = simulation(500);
    let mut fractions = vec![0.0; COUNT];
    fractions[101] = 0.3;
    simulation.add_region(&fractions).unwrap();
    run(&mut simulation, 8, 1);
    let (mut dose, mut error) = (vec![0.0; COUNT], vec![0.0; COUNT]);
    simulation.dose(1.0, &mut dose, &mut error).unwrap();
    let region = simulation.regions(1.0)[0];
    assert!((region.mean / f64::from(dose[101]) - 1.0).abs() < 1e-6);
    assert!((region.error / f64::from(error[101]) - 1.0).abs() < 1e-5);
    assert!(simulation.add_region(&fractions).is_err());
}

#[test]
fn what_cannot_be_simulated_is_an_error() {
    let phantom = |density: f32, medium: u8, decays: f64| {
        let (density, medium, decays) = ([density], [medium], [decays]);
        let phantom = Phantom {
            shape: [1, 1, 1],
            spacing_mm: [3.0; 3],
            density_g_per_ml: &density,
            medium: &medium,
            substances: &[Substance::Water],
            decays: &decays,
        };
        Simulation::new(&phantom, 1, 10).map(|_| ())
    };
    assert!(phantom(1.0, 0, 1.0).is_ok());
    for (density, medium, decays) in [
        (-1.0, 0, 1.0),
        (f32::NAN, 0, 1.0),
        (1.0, 1, 1.0),
        (1.0, 0, 0.0),
        (1.0, 0, -1.0),
        (1.0, 0, f64::NAN),
    ] {
        assert!(phantom(density, medium, decays).is_err(), "{density} {medium} {decays}");
    }
}
