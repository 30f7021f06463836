//! The uniform reference medium, with dose point kernels of this transport.
//!
//! The correlated difference adds the dose in an infinite uniform medium to the mean difference between the map and that
//! medium. It has no bias only if the added dose is that of this transport with infinitely many decays. The kernels of
//! `kernels` come from another code and differ by up to 0.4 %; these tables come from the transport of this room, in
//! steps of mass depth, so that one table serves every density of a substance.

use std::sync::OnceLock;

use super::substance::Substance;
use crate::error::{Error, Result};
use crate::isotope::Isotope;
use crate::kernels::{DosePointKernel, Medium, VoxelSValues};
use crate::nuclide::Nuclide;
use crate::parallel::Workers;

/// Shells of the tables: their width in mm at 1 g/mL, and how many. The last ones are beyond the longest range.
pub const WIDTH_MM: f64 = 0.05;
/// To 14 mm, past the support of the kernels.
pub const SHELLS: usize = 280;
/// Batches behind every table, and decays of each.
pub const BATCHES: [u64; 2] = [100, 100_000];
/// Seed of the tables.
pub const SEED: u64 = 90;
/// Relative standard error of the dose to a source voxel that comes from the finite number of decays behind a table. The
/// energies of a batch are spread evenly over the spectrum; at one energy, the energy that a decay deposits near its
/// position varies by about a quarter of its mean, which gives 1e-4 for 1e7 decays.
pub const RELATIVE_ERROR: f64 = 1e-4;

/// The dose point kernel of an isotope in a substance at 1 g/mL, parsed once. Errors for air, because a gas is not a
/// reference medium, and for an isotope that has no kernel.
pub fn dose_point_kernel(substance: Substance, isotope: &Isotope) -> Result<&'static DosePointKernel> {
    let medium = substance.medium().ok_or_else(|| Error::Undefined {
        quantity: "uniform reference medium".into(),
        reason: "it is a gas".into(),
    })?;
    if isotope.name() != "Y-90" {
        return medium.kernel_of(isotope);
    }
    static KERNELS: [OnceLock<DosePointKernel>; 5] = [const { OnceLock::new() }; 5];
    let table = match medium {
        Medium::Water => include_str!("../data/monte_carlo_kernel_y90_water.csv"),
        Medium::SoftTissue => include_str!("../data/monte_carlo_kernel_y90_soft_tissue.csv"),
        Medium::Liver => include_str!("../data/monte_carlo_kernel_y90_liver.csv"),
        Medium::Lung => include_str!("../data/monte_carlo_kernel_y90_lung.csv"),
        Medium::Bone => include_str!("../data/monte_carlo_kernel_y90_bone.csv"),
    };
    let parsed = || DosePointKernel::parse(table, 1.0).expect("a test parses every built-in table");
    Ok(KERNELS[medium as usize].get_or_init(parsed))
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
    use super::{BATCHES, SEED, SHELLS, WIDTH_MM, dose_point_kernel};
    use crate::isotope::Isotope;
    use crate::kernels::{DosePointKernel, Medium};
    use crate::monte_carlo::point_source::{RadialEnergy, radial_energy};
    use crate::monte_carlo::spectrum::Spectrum;
    use crate::monte_carlo::substance::Substance;
    use crate::monte_carlo::tables::{CUT_MEV, PHOTON_LIMIT_MEV, SOFT_LIMIT_MEV, STEP};

    fn tables() -> impl Iterator<Item = (Substance, &'static DosePointKernel)> {
        Substance::ALL
            .into_iter()
            .filter_map(|each| Some((each, dose_point_kernel(each, Isotope::y90()).ok()?)))
    }

    #[test]
    fn tables_have_the_energy_of_the_spectrum() {
        let mean = Spectrum::y90().mean_mev();
        for (substance, kernel) in tables() {
            assert!((kernel.emitted_mev() / mean - 1.0).abs() < 1e-6, "{substance:?}");
            let beyond = kernel.fraction_beyond_support();
            assert!(beyond > 0.003 && beyond < 0.008, "{substance:?}: {beyond}");
        }
    }

    #[test]
    fn tables_are_those_of_the_present_transport() {
        for (substance, kernel) in tables().filter(|(each, _)| matches!(each, Substance::Liver | Substance::Bone)) {
            let quick = radial_energy(&Spectrum::y90(), substance, 1.0, WIDTH_MM, SHELLS, [40, 2000], 1);
            let table = kernel.energy_mev();
            // Shells of 0.5 mm to 10 mm, each within five of its standard errors.
            for shell in 0..20 {
                let sum = |values: &[f64]| values[10 * shell..10 * (shell + 1)].iter().sum::<f64>();
                let error = quick.error_mev[10 * shell..10 * (shell + 1)].iter().map(|e| e * e).sum::<f64>().sqrt();
                let departure = sum(&quick.energy_mev) - sum(table);
                // Neighboring thin shells move together: their errors are not independent.
                assert!(departure.abs() < 5.0 * 2.0 * error, "{substance:?}, shell {shell}: {departure} {error}");
            }
        }
    }

    /// Batches behind the tables of other isotopes, and decays of each.
    const OTHER_BATCHES: [u64; 2] = [100, 10_000];

    fn spectrum(isotope: &str) -> Spectrum {
        Spectrum::of(Isotope::from_name(isotope).unwrap())
    }

    #[test]
    fn tables_of_other_isotopes_are_those_of_the_present_transport() {
        for isotope in ["Ho-166", "P-32", "Re-188"] {
            let quick = radial_energy(&spectrum(isotope), Substance::Liver, 1.0, WIDTH_MM, SHELLS, [40, 1000], 1);
            let table = Medium::Liver.kernel_of(Isotope::from_name(isotope).unwrap()).unwrap().energy_mev();
            for shell in 0..14 {
                let sum = |values: &[f64]| values[10 * shell..10 * (shell + 1)].iter().sum::<f64>();
                let error = quick.error_mev[10 * shell..10 * (shell + 1)].iter().map(|e| e * e).sum::<f64>().sqrt();
                let departure = sum(&quick.energy_mev) - sum(table);
                assert!(departure.abs() < 5.0 * 2.0 * error, "{isotope}, shell {shell}: {departure} {error}");
            }
        }
    }

    /// A table as [`super::dose_point_kernel`] reads it.
    fn written(isotope: &str, substance: Substance, [batches, decays]: [u64; 2], found: &RadialEnergy) -> String {
        let mean = spectrum(isotope).mean_mev();
        let (what, of) = if isotope == "Y-90" {
            ("beta", "Fermi's theory (src/monte_carlo/spectrum.rs)")
        } else {
            (
                "electron",
                "Fermi's theory with conversion and Auger electrons (src/monte_carlo/spectrum.rs, src/isotope.rs)",
            )
        };
        let mut text = format!(
            "# {isotope} {what} dose point kernel of this package's own transport (src/monte_carlo): energy absorbed per decay in spherical shells around a point source; {}, at 1 g/mL\n\
             # histories: {:e}, seed {SEED}; step {STEP} of the energy, electrons to {CUT_MEV} MeV, collisions above {SOFT_LIMIT_MEV} MeV and photons above {PHOTON_LIMIT_MEV} MeV one by one, photons escape\n\
             # spectrum: {of}, mean {mean:.6} MeV per decay\n\
             # made by: cargo test --release --lib tables_are_made_again -- --ignored\n\
             r_inner_mm,r_outer_mm,energy_mev_per_decay,sigma_mev_per_decay\n",
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
        for isotope in ["Y-90", "Ho-166", "P-32", "Re-188"] {
            let batches = if isotope == "Y-90" { BATCHES } else { OTHER_BATCHES };
            let spectrum = spectrum(isotope);
            for substance in Substance::ALL.into_iter().filter(|&each| each != Substance::Air) {
                let found = radial_energy(&spectrum, substance, 1.0, WIDTH_MM, SHELLS, batches, SEED);
                let stem = isotope.replace('-', "").to_lowercase();
                let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/data");
                let path = format!("{folder}/monte_carlo_kernel_{stem}_{}.csv", substance.name());
                let text = written(isotope, substance, batches, &found);
                std::fs::write(path, text).expect("a table that can be written");
            }
        }
    }
}
