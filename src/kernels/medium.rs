//! The media whose dose point kernels are built in.

use std::sync::OnceLock;

use super::dose_point_kernel::DosePointKernel;
use crate::error::{Error, Result, check};
use crate::isotope::Isotope;

/// A medium with a dose point kernel of its own.
///
/// Another density than the table's scales its radii by `rho_table / rho`, because the same mass thickness stops the
/// same electron. The allowed range is that of the same material. It also finds values in kg/m3 and fractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Medium {
    /// Liquid water.
    Water,
    /// ICRU four-component soft tissue.
    SoftTissue,
    /// Liver of the composition in ICRU 1986.
    Liver,
    /// Lung tissue with the density effect of its cells, not of the bulk density.
    Lung,
    /// Cortical bone of the composition in ICRU 1986.
    Bone,
}

/// Tables of isotopes other than Y-90, in the order of [`Medium::ALL`].
const OTHER_TABLES: [(&str, [&str; 5]); 3] = [
    (
        "Ho-166",
        [
            include_str!("../data/monte_carlo_kernel_ho166_water.csv"),
            include_str!("../data/monte_carlo_kernel_ho166_soft_tissue.csv"),
            include_str!("../data/monte_carlo_kernel_ho166_liver.csv"),
            include_str!("../data/monte_carlo_kernel_ho166_lung.csv"),
            include_str!("../data/monte_carlo_kernel_ho166_bone.csv"),
        ],
    ),
    (
        "P-32",
        [
            include_str!("../data/monte_carlo_kernel_p32_water.csv"),
            include_str!("../data/monte_carlo_kernel_p32_soft_tissue.csv"),
            include_str!("../data/monte_carlo_kernel_p32_liver.csv"),
            include_str!("../data/monte_carlo_kernel_p32_lung.csv"),
            include_str!("../data/monte_carlo_kernel_p32_bone.csv"),
        ],
    ),
    (
        "Re-188",
        [
            include_str!("../data/monte_carlo_kernel_re188_water.csv"),
            include_str!("../data/monte_carlo_kernel_re188_soft_tissue.csv"),
            include_str!("../data/monte_carlo_kernel_re188_liver.csv"),
            include_str!("../data/monte_carlo_kernel_re188_lung.csv"),
            include_str!("../data/monte_carlo_kernel_re188_bone.csv"),
        ],
    ),
];

impl Medium {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Water, Self::SoftTissue, Self::Liver, Self::Lung, Self::Bone];

    /// The medium of that name. Errors with the known names.
    pub fn from_name(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|medium| medium.name() == name);
        found.ok_or_else(|| Error::unknown_name("medium", name, &Self::ALL.map(Self::name)))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Water => "water",
            Self::SoftTissue => "soft_tissue",
            Self::Liver => "liver",
            Self::Lung => "lung",
            Self::Bone => "bone",
        }
    }

    /// The density of its table, in g/mL.
    pub fn reference_density_g_per_ml(self) -> f64 {
        match self {
            Self::Water => 1.0,
            Self::SoftTissue => 1.04,
            Self::Liver => 1.06,
            Self::Lung => 0.26,
            Self::Bone => 1.92,
        }
    }

    /// The lowest and the highest density it may be given, in g/mL.
    pub fn density_range_g_per_ml(self) -> [f64; 2] {
        match self {
            Self::Water => [0.9, 1.1],
            Self::SoftTissue | Self::Liver => [0.9, 1.2],
            Self::Lung => [0.1, 1.1],
            Self::Bone => [1.4, 2.2],
        }
    }

    /// The given density if it is one this medium may have, or the density of its table.
    pub fn density_g_per_ml(self, density_g_per_ml: Option<f64>) -> Result<f64> {
        let [low, high] = self.density_range_g_per_ml();
        match density_g_per_ml {
            None => Ok(self.reference_density_g_per_ml()),
            Some(density) => check::within(&format!("density of {} in g/mL", self.name()), density, low, high),
        }
    }

    /// Its dose point kernel, parsed once.
    pub fn dose_point_kernel(self) -> &'static DosePointKernel {
        static KERNELS: [OnceLock<DosePointKernel>; 5] = [const { OnceLock::new() }; 5];
        let table = match self {
            Self::Water => include_str!("../data/dose_point_kernel_y90_water.csv"),
            Self::SoftTissue => include_str!("../data/dose_point_kernel_y90_soft_tissue_104.csv"),
            Self::Liver => include_str!("../data/dose_point_kernel_y90_liver_106.csv"),
            Self::Lung => include_str!("../data/dose_point_kernel_y90_lung_026.csv"),
            Self::Bone => include_str!("../data/dose_point_kernel_y90_cortical_bone_192.csv"),
        };
        KERNELS[self as usize].get_or_init(|| {
            DosePointKernel::parse(table, self.reference_density_g_per_ml())
                .expect("a test parses every built-in table")
        })
    }

    /// Dose point kernel of an isotope: that of Y-90 comes from EGSnrc, those of Ho-166, P-32 and Re-188 from the
    /// transport of `monte_carlo`, at 1 g/mL. Errors for an isotope that has none.
    pub fn kernel_of(self, isotope: &Isotope) -> Result<&'static DosePointKernel> {
        static KERNELS: [OnceLock<DosePointKernel>; 15] = [const { OnceLock::new() }; 15];
        if isotope.name() == "Y-90" {
            return Ok(self.dose_point_kernel());
        }
        let found = OTHER_TABLES.iter().position(|(name, _)| *name == isotope.name());
        let place = found.ok_or_else(|| Error::Undefined {
            quantity: format!("the dose point kernel of {}", isotope.name()),
            reason: "none was made for it; local deposition needs none".into(),
        })?;
        let table = OTHER_TABLES[place].1[self as usize];
        Ok(KERNELS[place * Self::ALL.len() + self as usize]
            .get_or_init(|| DosePointKernel::parse(table, 1.0).expect("a test parses every built-in table")))
    }

    /// Medium of the table and its passport.
    pub fn source(self) -> String {
        self.dose_point_kernel().passport().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::{Isotope, Medium};

    #[test]
    fn every_table_parses_and_keeps_its_energy() {
        for medium in Medium::ALL {
            let kernel = medium.dose_point_kernel();
            assert_eq!(kernel.emitted_mev(), 0.932_968);
            let leaves = 1.0 - kernel.energy_mev().iter().sum::<f64>() / kernel.emitted_mev();
            let most = if medium == Medium::Lung { 1.5e-4 } else { 1e-7 };
            assert!(leaves.abs() < most, "{medium:?}: {leaves} leaves the table");
            let beyond = kernel.fraction_beyond_support();
            let expected = if medium == Medium::Bone { 0.0060 } else { 0.0039 };
            assert!((beyond - expected).abs() < 6e-5, "{medium:?}: {beyond} beyond the support");
        }
    }

    #[test]
    fn every_isotope_with_a_kernel_has_one_for_every_medium() {
        for name in ["Ho-166", "P-32", "Re-188"] {
            let isotope = Isotope::from_name(name).unwrap();
            for medium in Medium::ALL {
                let kernel = medium.kernel_of(isotope).unwrap();
                assert!((kernel.emitted_mev() / isotope.electron_mev() - 1.0).abs() < 2e-6, "{name} {medium:?}");
                assert!((0.0..0.01).contains(&kernel.fraction_beyond_support()), "{name} {medium:?}");
            }
        }
        assert!(Medium::Liver.kernel_of(Isotope::from_name("Lu-177").unwrap()).is_err());
    }

    #[test]
    fn densities_are_of_the_medium() {
        for medium in Medium::ALL {
            assert_eq!(Medium::from_name(medium.name()).unwrap(), medium);
            let reference = medium.density_g_per_ml(None).unwrap();
            assert_eq!(medium.density_g_per_ml(Some(reference)).unwrap(), reference);
            for bad in [0.0, -1.0, 1000.0 * reference, f64::NAN, f64::INFINITY] {
                assert!(medium.density_g_per_ml(Some(bad)).is_err());
            }
        }
        assert!(Medium::from_name("Water").is_err());
    }
}
