use super::{Phantom, Simulation};
use crate::error::Error;
use crate::isotope::Isotope;
use crate::monte_carlo::Substance;
use crate::parallel::{Cancellation, Workers};

const SHAPE: [usize; 3] = [7, 6, 5];
const COUNT: usize = 210;

fn simulation(per_batch: u64) -> Simulation {
    of_isotope("Y-90", per_batch)
}

fn of_isotope(name: &str, per_batch: u64) -> Simulation {
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
    Simulation::new(&phantom, Isotope::from_name(name).unwrap(), 11, per_batch).unwrap()
}

fn correlated(per_batch: u64) -> Simulation {
    let mut made = simulation(per_batch);
    made.correlate(0, 1.06).unwrap();
    made
}

fn run(simulation: &mut Simulation, batches: u64, threads: usize) {
    let never = Cancellation::never();
    simulation.run(batches, &Workers::new(Some(threads), &never).unwrap()).unwrap();
}

#[test]
fn threads_and_interruptions_do_not_show() {
    for made in [simulation, correlated] {
        let (mut one, mut other) = (made(50), made(50));
        run(&mut one, 12, 1);
        for (batches, threads) in [(5, 3), (1, 4), (6, 2)] {
            run(&mut other, batches, threads);
        }
        assert_eq!(one.of_voxels, other.of_voxels);
        assert_eq!(one.balance(), other.balance());
    }
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
    for (made, uniform_gy) in [
        (simulation as fn(u64) -> Simulation, vec![]),
        (correlated, vec![0.1; COUNT]),
    ] {
        let with_region = || {
            let mut made = made(50);
            made.add_region(&fractions).unwrap();
            made
        };
        let (mut whole, mut first, mut second) = (with_region(), with_region(), with_region());
        run(&mut whole, 9, 1);
        run(&mut first, 4, 2);
        let mut sums = vec![0.0; COUNT * first.sums_per_voxel()];
        let progress = first.progress(&mut sums).unwrap();
        second.restore(&progress, &sums).unwrap();
        run(&mut second, 5, 3);
        assert_eq!(whole.of_voxels, second.of_voxels);
        assert_eq!(whole.balance(), second.balance());
        assert_eq!(whole.regions(1.0, &uniform_gy), second.regions(1.0, &uniform_gy));

        assert!(second.restore(&progress, &sums).is_err());
        assert!(with_region().restore(&progress, &sums[1..]).is_err());
        assert!(made(50).restore(&progress, &sums).is_err());
        sums[3] = f64::NAN;
        assert!(with_region().restore(&progress, &sums).is_err());
    }
}

#[test]
fn energy_is_conserved() {
    let others = Isotope::FOLLOWED.into_iter().map(|name| of_isotope(name, 2000));
    for mut simulation in others.chain([correlated(2000)]) {
        run(&mut simulation, 10, 2);
        let balance = simulation.balance();
        let sum = balance.deposited_mev + balance.escaped_mev;
        assert!((sum / balance.emitted_mev - 1.0).abs() < 1e-6, "{balance:?}");
        assert!((balance.emitted_mev / simulation.mean_energy_mev() - 1.0).abs() < 0.02);
    }
}

#[test]
fn a_structure_of_one_voxel_has_the_dose_of_the_voxel() {
    for (mut simulation, uniform_gy) in [(simulation(500), vec![]), (correlated(500), vec![0.01; COUNT])] {
        let mut fractions = vec![0.0; COUNT];
        fractions[101] = 0.3;
        simulation.add_region(&fractions).unwrap();
        run(&mut simulation, 12, 1);
        let [mut dose, mut error, mut weight] = [0, 1, 2].map(|_| vec![0.0; COUNT]);
        simulation.dose(1.0, &uniform_gy, [&mut dose, &mut error, &mut weight]).unwrap();
        let region = simulation.regions(1.0, &uniform_gy).unwrap()[0];
        assert!((region.mean / f64::from(dose[101]) - 1.0).abs() < 1e-6);
        // With a reference the voxel's error is also that of its neighbors.
        assert!(!uniform_gy.is_empty() || (region.error / f64::from(error[101]) - 1.0).abs() < 1e-5);
        assert!((region.difference_weight - f64::from(weight[101])).abs() < 1e-6);
        assert!(simulation.add_region(&fractions).is_err());
        assert!(simulation.correlate(0, 1.06).is_err());
        assert!(simulation.regions(1.0, &[0.0]).is_err());
    }
}

/// Sources far from the faces of a uniform map: the flights in the map and in the reference medium are the same.
#[test]
fn a_uniform_map_differs_nowhere_from_the_reference() {
    const SIDE: usize = 9;
    let mut decays = vec![0.0; SIDE * SIDE * SIDE];
    decays[SIDE * SIDE * SIDE / 2] = 1.0;
    let phantom = Phantom {
        shape: [SIDE; 3],
        spacing_mm: [4.0; 3],
        density_g_per_ml: &vec![1.06; decays.len()],
        medium: &[0],
        substances: &[Substance::Liver],
        decays: &decays,
    };
    let mut simulation = Simulation::new(&phantom, Isotope::y90(), 5, 1000).unwrap();
    simulation.correlate(0, 1.06).unwrap();
    run(&mut simulation, 10, 2);
    let uniform_gy: Vec<f64> = (0..decays.len()).map(|i| i as f64).collect();
    let [mut dose, mut error, mut weight] = [0, 1, 2].map(|_| vec![0.0; decays.len()]);
    simulation.dose(1.0, &uniform_gy, [&mut dose, &mut error, &mut weight]).unwrap();
    assert!(
        dose.iter()
            .zip(&uniform_gy)
            .all(|(&d, &u)| (f64::from(d) / u.max(1.0) - u / u.max(1.0)).abs() < 1e-6)
    );
    assert!(weight.iter().all(|&w| w == 1.0));
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
        Simulation::new(&phantom, Isotope::y90(), 1, 10).map(|_| ())
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
