//! The uniform reference medium, with dose point kernels of this transport.
//!
//! The correlated difference adds the dose in an infinite uniform medium to the mean difference between the map and that
//! medium. It is without bias only if the dose added is what this transport would find there with infinitely many
//! decays. The kernels of `kernels` are such tables: in steps of mass depth, so that one table serves every density.

use super::substance::Substance;
use crate::error::{Error, Result};
use crate::isotope::Isotope;
use crate::kernels::{DosePointKernel, VoxelSValues};
use crate::nuclide::Nuclide;
use crate::parallel::Workers;

/// Shells of the tables: their width in mm at 1 g/mL, and how many. The last ones are beyond the longest range.
pub const WIDTH_MM: f64 = 0.05;
/// To 14 mm, past the support of the kernels.
pub const SHELLS: usize = 280;
/// Batches behind the tables of an isotope, and decays of each.
pub fn batches(isotope: &Isotope) -> [u64; 2] {
    [100, if isotope.name() == "Y-90" { 100_000 } else { 10_000 }]
}

/// Seed of the tables.
pub const SEED: u64 = 90;
/// Relative standard error of the dose to a source voxel that comes from the finite number of decays behind a table. The
/// energies of a batch are spread evenly over the spectrum; at one energy, what a decay leaves near its place varies by a
/// quarter of its mean or so, which gives 1e-4 for 1e7 decays.
pub fn relative_error(isotope: &Isotope) -> f64 {
    let [batches, decays] = batches(isotope);
    1e-4 * (1e7 / (batches * decays) as f64).sqrt()
}

/// The dose point kernel of an isotope in a substance at 1 g/mL, parsed once. Errors for air, because a gas is not a
/// reference medium, and for an isotope that has no kernel.
pub fn dose_point_kernel(substance: Substance, isotope: &Isotope) -> Result<&'static DosePointKernel> {
    let medium = substance.medium().ok_or_else(|| Error::Undefined {
        quantity: "uniform reference medium".into(),
        reason: "it is a gas".into(),
    })?;
    medium.kernel_of(isotope)
}

/// Voxel S values of this transport in an infinite medium of one substance and density.
///
/// Errors for air, for an isotope without a kernel, and where a voxel size is outside 0.5-20 mm, the density is not positive, or the array would pass
/// 256 MiB.
pub fn voxel_s_values(
    voxel_size_mm: [f64; 3],
    substance: Substance,
    density_g_per_ml: f64,
    nuclide: &Nuclide,
    workers: &Workers<'_>,
) -> Result<VoxelSValues> {
    let kernel = dose_point_kernel(substance, nuclide.isotope())?;
    VoxelSValues::of_kernel(kernel, voxel_size_mm, density_g_per_ml, nuclide, false, workers)
}

#[cfg(test)]
mod tests {
    use super::{SEED, SHELLS, WIDTH_MM, batches, dose_point_kernel};
    use crate::isotope::Isotope;
    use crate::monte_carlo::point_source::{RadialEnergy, radial_energy};
    use crate::monte_carlo::spectrum::Spectrum;
    use crate::monte_carlo::substance::Substance;
    use crate::monte_carlo::tables::{CUT_MEV, PHOTON_LIMIT_MEV, SOFT_LIMIT_MEV, STEP};

    fn followed() -> impl Iterator<Item = &'static Isotope> {
        Isotope::FOLLOWED.into_iter().map(|name| Isotope::from_name(name).unwrap())
    }

    #[test]
    fn tables_are_those_of_the_present_transport() {
        let liver = followed().map(|isotope| (isotope, Substance::Liver));
        for (isotope, substance) in liver.chain([(Isotope::y90(), Substance::Bone)]) {
            let quick = radial_energy(&Spectrum::of(isotope), substance, 1.0, WIDTH_MM, SHELLS, [40, 1000], 1);
            let table = dose_point_kernel(substance, isotope).unwrap().energy_mev();
            // Shells of 0.5 mm to 10 mm, each within five of its standard errors.
            for shell in 0..20 {
                let sum = |values: &[f64]| values[10 * shell..10 * (shell + 1)].iter().sum::<f64>();
                let error = quick.error_mev[10 * shell..10 * (shell + 1)].iter().map(|e| e * e).sum::<f64>().sqrt();
                let departure = sum(&quick.energy_mev) - sum(table);
                // Neighboring thin shells move together: their errors are not independent.
                let name = isotope.name();
                // Beyond the range a few decays of the table have reached what none of these has.
                let floor = 1e-5 * quick.emitted_mev;
                assert!(
                    departure.abs() < 10.0 * error + floor,
                    "{name}, {substance:?}, shell {shell}: {departure} {error}"
                );
            }
        }
        assert!(dose_point_kernel(Substance::Air, Isotope::y90()).is_err());
    }

    /// A table as `kernels` reads it.
    fn written(isotope: &Isotope, substance: Substance, [batches, decays]: [u64; 2], found: &RadialEnergy) -> String {
        let mean = Spectrum::of(isotope).mean_mev();
        let mut text = format!(
            "# {} electron dose point kernel of this package's own transport (src/monte_carlo): energy absorbed per decay in spherical shells around a point source; {}, at 1 g/mL\n\
             # histories: {:e}, seed {SEED}; step {STEP} of the energy, electrons to {CUT_MEV} MeV, collisions above {SOFT_LIMIT_MEV} MeV and photons above {PHOTON_LIMIT_MEV} MeV one by one, photons escape\n\
             # spectrum: Fermi's theory with conversion and Auger electrons (src/monte_carlo/spectrum.rs, src/isotope.rs), mean {mean:.6} MeV per decay\n\
             # made by: cargo test --release --lib tables_are_made_again -- --ignored\n\
             r_inner_mm,r_outer_mm,energy_mev_per_decay,sigma_mev_per_decay\n",
            isotope.name(),
            substance.name(),
            (batches * decays) as f64,
        );
        let factor = mean / found.emitted_mev;
        for (i, (energy, error)) in found.energy_mev.iter().zip(&found.error_mev).enumerate() {
            let edge = |n: usize| format!("{}", (n as f64 * WIDTH_MM * 100.0).round() / 100.0);
            text += &format!("{},{},{:.7e},{:.2e}\n", edge(i), edge(i + 1), energy * factor, error * factor);
        }
        text
    }

    #[test]
    #[ignore = "ten million decays of Y-90, one million of three others, in five substances; writes the tables in src/data"]
    fn tables_are_made_again() {
        for isotope in followed() {
            let spectrum = Spectrum::of(isotope);
            for substance in Substance::ALL.into_iter().filter(|&each| each != Substance::Air) {
                let found = radial_energy(&spectrum, substance, 1.0, WIDTH_MM, SHELLS, batches(isotope), SEED);
                let stem = isotope.name().replace('-', "").to_lowercase();
                let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/data");
                let path = format!("{folder}/monte_carlo_kernel_{stem}_{}.csv", substance.name());
                let text = written(isotope, substance, batches(isotope), &found);
                std::fs::write(path, text).expect("a table that can be written");
            }
        }
    }
}
