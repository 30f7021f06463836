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

/// Tables of the isotopes of [`Isotope::FOLLOWED`], in the order of [`Medium::ALL`].
const TABLES: [(&str, [&str; 5]); 4] = [
    (
        "Y-90",
        [
            include_str!("../data/monte_carlo_kernel_y90_water.csv"),
            include_str!("../data/monte_carlo_kernel_y90_soft_tissue.csv"),
            include_str!("../data/monte_carlo_kernel_y90_liver.csv"),
            include_str!("../data/monte_carlo_kernel_y90_lung.csv"),
            include_str!("../data/monte_carlo_kernel_y90_bone.csv"),
        ],
    ),
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

/// Density of every table in g/mL.
const TABLE_DENSITY_G_PER_ML: f64 = 1.0;

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

    /// The density that it has if none is given, in g/mL.
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

    /// The given density if it is one this medium may have, or its reference density.
    pub fn density_g_per_ml(self, density_g_per_ml: Option<f64>) -> Result<f64> {
        let [low, high] = self.density_range_g_per_ml();
        match density_g_per_ml {
            None => Ok(self.reference_density_g_per_ml()),
            Some(density) => check::within(&format!("density of {} in g/mL", self.name()), density, low, high),
        }
    }

    /// Its dose point kernel of Y-90, at its reference density.
    pub fn dose_point_kernel(self) -> &'static DosePointKernel {
        self.kernel_of(Isotope::y90()).expect("Y-90 has a kernel in every medium")
    }

    /// Its dose point kernel of an isotope, from the transport of `monte_carlo`, at its reference density. It is parsed
    /// once. Errors for an isotope that has none.
    pub fn kernel_of(self, isotope: &Isotope) -> Result<&'static DosePointKernel> {
        static KERNELS: [OnceLock<DosePointKernel>; 20] = [const { OnceLock::new() }; 20];
        let found = TABLES.iter().position(|(name, _)| *name == isotope.name());
        let place = found.ok_or_else(|| Error::Undefined {
            quantity: format!("the dose point kernel of {}", isotope.name()),
            reason: "none was made for it; local deposition needs none".into(),
        })?;
        let parsed = || {
            DosePointKernel::parse(TABLES[place].1[self as usize], TABLE_DENSITY_G_PER_ML)
                .and_then(|kernel| kernel.at_density(self.reference_density_g_per_ml()))
                .expect("a test parses every built-in table")
        };
        Ok(KERNELS[place * Self::ALL.len() + self as usize].get_or_init(parsed))
    }

    /// Passport of its table of Y-90.
    pub fn source(self) -> String {
        self.dose_point_kernel().passport().join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::{Isotope, Medium};

    #[test]
    fn every_followed_isotope_has_a_kernel_with_its_energy_in_every_medium() {
        for name in Isotope::FOLLOWED {
            let isotope = Isotope::from_name(name).unwrap();
            for medium in Medium::ALL {
                let kernel = medium.kernel_of(isotope).unwrap();
                assert!((kernel.emitted_mev() / isotope.electron_mev() - 1.0).abs() < 2e-6, "{name} {medium:?}");
                let beyond = kernel.fraction_beyond_support();
                let highest = if medium == Medium::Bone { 0.0072 } else { 0.0045 };
                assert!(beyond > 0.0025 && beyond < highest, "{name} {medium:?}: {beyond}");
            }
        }
        for name in ["Lu-177", "I-131"] {
            assert!(Medium::Liver.kernel_of(Isotope::from_name(name).unwrap()).is_err());
        }
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
