//! The substances through which electrons are transported: composition, mean excitation energy, density effect.
//!
//! # Passport of the numbers
//!
//! | number | source |
//! |---|---|
//! | composition and `I` of water, air, four-component soft tissue, lung, cortical bone | ICRU Reports 37 and 44, as listed by Hubbell and Seltzer (NIST, 1995), table 2 |
//! | composition of liver | Woodard and White, Br J Radiol 59 (1986) 1209; ICRU Report 44, as "liver, adult" |
//! | `I` of liver, 74.8 eV | Bragg's rule with the values of ICRU Report 37 for elements in condensed compounds; the same rule gives back the listed 75.2 eV of lung and 112.0 eV of bone |
//! | density effect | computed, see `density_effect` |
//! | atomic weights | IUPAC 2021, abridged, see `element` |
//!
//! The density effect is that of the listed density of the substance, for any density of a voxel, because lung is
//! tissue of 1.05 g/mL and air, not a gas of 0.26 g/mL.

use super::density_effect::DensityEffect;
use super::element::Element;
use crate::error::{Error, Result};
use crate::kernels::Medium;

/// A substance by its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Substance {
    /// Liquid water.
    Water,
    /// Four-component soft tissue (ICRU).
    SoftTissue,
    /// Adult liver (ICRU 44).
    Liver,
    /// Lung tissue (ICRU 44).
    Lung,
    /// Cortical bone (ICRU 44).
    Bone,
    /// Dry air near sea level.
    Air,
}

impl Substance {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Water,
        Self::SoftTissue,
        Self::Liver,
        Self::Lung,
        Self::Bone,
        Self::Air,
    ];

    /// The substance of that name. Errors with the known names.
    pub fn from_name(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|substance| substance.name() == name);
        found.ok_or_else(|| Error::unknown_name("medium", name, &Self::ALL.map(Self::name)))
    }

    /// The medium of the embedded dose point kernels with this substance; none for air.
    pub fn medium(self) -> Option<Medium> {
        match self {
            Self::Water => Some(Medium::Water),
            Self::SoftTissue => Some(Medium::SoftTissue),
            Self::Liver => Some(Medium::Liver),
            Self::Lung => Some(Medium::Lung),
            Self::Bone => Some(Medium::Bone),
            Self::Air => None,
        }
    }

    /// Its name: that of its medium if it is one.
    pub fn name(self) -> &'static str {
        self.medium().map_or("air", Medium::name)
    }

    /// Its elements.
    pub fn elements(self) -> Vec<Element> {
        let parts: &[(u8, f64)] = match self {
            Self::Water => &[(1, 0.111_898), (8, 0.888_102)],
            Self::SoftTissue => &[(1, 0.101_174), (6, 0.111), (7, 0.026), (8, 0.761_826)],
            Self::Liver => &[
                (1, 0.102),
                (6, 0.139),
                (7, 0.030),
                (8, 0.716),
                (11, 0.002),
                (15, 0.003),
                (16, 0.003),
                (17, 0.002),
                (19, 0.003),
            ],
            Self::Lung => &[
                (1, 0.103),
                (6, 0.105),
                (7, 0.031),
                (8, 0.749),
                (11, 0.002),
                (15, 0.002),
                (16, 0.003),
                (17, 0.003),
                (19, 0.002),
            ],
            Self::Bone => &[
                (1, 0.034),
                (6, 0.155),
                (7, 0.042),
                (8, 0.435),
                (11, 0.001),
                (12, 0.002),
                (15, 0.103),
                (16, 0.003),
                (20, 0.225),
            ],
            Self::Air => &[(6, 0.000_124), (7, 0.755_268), (8, 0.231_781), (18, 0.012_827)],
        };
        parts.iter().map(|&(z, mass_fraction)| Element::new(z, mass_fraction)).collect()
    }

    /// Electrons per unit of mass, `sum w Z/A`, in mol/g.
    pub fn electrons_mol_per_g(self) -> f64 {
        self.elements().iter().map(|e| e.mass_fraction * e.z / e.weight_g_per_mol).sum()
    }

    /// Mean excitation energy in eV.
    pub fn excitation_ev(self) -> f64 {
        match self {
            Self::Water => 75.0,
            Self::SoftTissue => 74.9,
            Self::Liver => 74.8,
            Self::Lung => 75.2,
            Self::Bone => 112.0,
            Self::Air => 85.7,
        }
    }

    /// The density in g/mL for which the density effect is computed, for any density of a voxel.
    pub fn cell_density_g_per_ml(self) -> f64 {
        match self {
            Self::Water | Self::SoftTissue => 1.0,
            Self::Liver => 1.06,
            Self::Lung => 1.05,
            Self::Bone => 1.92,
            Self::Air => 0.001_204_79,
        }
    }

    /// Its density effect.
    pub fn density_effect(self) -> DensityEffect {
        DensityEffect::new(&self.elements(), self.excitation_ev(), self.cell_density_g_per_ml())
    }
}

#[cfg(test)]
mod tests {
    use super::Substance;

    #[test]
    fn mass_fractions_add_up() {
        for substance in Substance::ALL {
            let sum: f64 = substance.elements().iter().map(|e| e.mass_fraction).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{substance:?}: {sum}");
            assert_eq!(Substance::from_name(substance.name()).unwrap(), substance);
        }
        assert!(Substance::from_name("Liver").is_err());
    }

    #[test]
    fn electron_densities_are_the_published_ones() {
        // Hubbell and Seltzer, table 2.
        for (substance, z_per_a) in [
            (Substance::Water, 0.555_08),
            (Substance::SoftTissue, 0.549_75),
            (Substance::Lung, 0.550_48),
            (Substance::Bone, 0.514_78),
            (Substance::Air, 0.499_19),
        ] {
            assert!((substance.electrons_mol_per_g() - z_per_a).abs() < 3e-5, "{substance:?}");
        }
    }
}
