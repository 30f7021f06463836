//! Decay data of the isotopes that deposit a dose: half-life, beta branches, converted transitions, photons.
//!
//! Half-lives, end points, probabilities, photon probabilities and conversion coefficients are those of the evaluated
//! data sets of ENSDF (key `ensdf`); binding energies, yields of K fluorescence and mean K X-ray energies are rounded
//! from Bearden and Burr 1967 and Bambynek et al. 1972 (keys `bearden1967`, `bambynek1972`) and carry under 1 % of the
//! energy. Branches below 1e-4 per decay and transitions that give electrons under 0.02 keV per decay are left out.

use std::sync::OnceLock;

use crate::beta_spectrum::{Branch, Daughter, Shape};
use crate::error::{Error, Result};

/// A transition of the daughter that ejects electrons of its shells.
#[derive(Debug, Clone, Copy)]
struct Transition {
    energy_kev: f64,
    /// Photons per decay.
    photons: f64,
    /// Conversion coefficients of K, L and M, and of the shells beyond.
    coefficients: [f64; 4],
}

/// Shells of the daughter: binding energies of K, L and M, fluorescence yield of K and mean energy of its X rays.
#[derive(Debug, Clone, Copy)]
struct Shells {
    binding_kev: [f64; 3],
    yield_of_k: f64,
    x_ray_kev: f64,
}

/// An isotope and its decay data.
#[derive(Debug)]
pub struct Isotope {
    name: &'static str,
    half_life_h: f64,
    plausible_half_life_h: [f64; 2],
    plausible_energy_mev: [f64; 2],
    daughter: Daughter,
    branches: &'static [Branch],
    transitions: &'static [Transition],
    shells: Shells,
    gamma_kev: f64,
    beta_mev: OnceLock<f64>,
}

const fn allowed(endpoint_mev: f64, probability: f64) -> Branch {
    Branch {
        endpoint_mev,
        probability,
        shape: Shape::Allowed,
    }
}

const fn unique(endpoint_mev: f64, probability: f64) -> Branch {
    Branch {
        endpoint_mev,
        probability,
        shape: Shape::Unique,
    }
}

const fn transition(energy_kev: f64, photons: f64, coefficients: [f64; 4]) -> Transition {
    Transition {
        energy_kev,
        photons,
        coefficients,
    }
}

/// Energy in MeV at which gamma rays without a line of their own are counted. Between 0.3 and 2 MeV water absorbs all
/// energies alike within 15 %.
pub const OTHER_GAMMA_MEV: f64 = 1.0;

const NO_SHELLS: Shells = Shells {
    binding_kev: [0.0; 3],
    yield_of_k: 0.0,
    x_ray_kev: 0.0,
};

static ISOTOPES: [Isotope; 6] = [
    Isotope {
        name: "Y-90",
        half_life_h: 64.05,
        plausible_half_life_h: [63.0, 66.0],
        plausible_energy_mev: [0.5, 1.5],
        daughter: Daughter {
            charge: 40.0,
            mass_number: 90.0,
        },
        branches: &[unique(2.2785, 0.999_885), unique(0.517_76, 1.15e-4)],
        transitions: &[],
        shells: NO_SHELLS,
        gamma_kev: 0.0,
        beta_mev: OnceLock::new(),
    },
    Isotope {
        name: "Ho-166",
        half_life_h: 26.824,
        plausible_half_life_h: [26.3, 27.3],
        plausible_energy_mev: [0.6, 0.8],
        daughter: Daughter {
            charge: 68.0,
            mass_number: 166.0,
        },
        branches: &[
            allowed(1.8547, 0.488),
            unique(1.7731, 0.499),
            allowed(0.394_675, 0.009_43),
            allowed(0.192_264, 0.003_02),
            allowed(0.024_275, 0.000_342),
        ],
        transitions: &[
            transition(80.576, 0.065_646, [1.671, 3.91, 0.954, 0.2412]),
            transition(1379.437, 0.009_22, [0.001_498, 0.000_216, 0.000_047_6, 0.000_012_7]),
        ],
        shells: Shells {
            binding_kev: [57.486, 8.9, 1.7],
            yield_of_k: 0.945,
            x_ray_kev: 50.2,
        },
        gamma_kev: 23.84,
        beta_mev: OnceLock::new(),
    },
    Isotope {
        name: "P-32",
        half_life_h: 342.432,
        plausible_half_life_h: [336.0, 349.0],
        plausible_energy_mev: [0.6, 0.8],
        daughter: Daughter {
            charge: 16.0,
            mass_number: 32.0,
        },
        branches: &[allowed(1.710_66, 1.0)],
        transitions: &[],
        shells: NO_SHELLS,
        gamma_kev: 0.0,
        beta_mev: OnceLock::new(),
    },
    Isotope {
        name: "Re-188",
        half_life_h: 17.005,
        plausible_half_life_h: [16.7, 17.3],
        plausible_energy_mev: [0.65, 0.9],
        daughter: Daughter {
            charge: 76.0,
            mass_number: 188.0,
        },
        branches: &[
            allowed(2.120_42, 0.707),
            allowed(1.965_376, 0.258),
            allowed(1.487_375, 0.0185),
            allowed(1.034_034, 0.006_83),
            allowed(0.815_59, 0.000_317),
            allowed(0.663_01, 0.000_435),
            allowed(0.657_917, 0.004_92),
            allowed(0.642_33, 0.000_183),
            allowed(0.416_11, 0.000_105),
            allowed(0.355_048, 0.002_05),
            allowed(0.312_82, 0.000_463),
            allowed(0.295_49, 0.000_306),
            allowed(0.179_37, 0.001_094),
            allowed(0.171_829, 0.000_841),
            allowed(0.163_29, 0.000_556),
        ],
        transitions: &[
            transition(155.044, 0.154_944, [0.324, 0.367, 0.0931, 0.025_74]),
            transition(478.0, 0.010_76, [0.0193, 0.005, 0.001_203, 0.000_338]),
            transition(633.03, 0.013_708, [0.0102, 0.002_19, 0.000_518, 0.000_146_5]),
            transition(931.34, 0.005_95, [0.004_65, 0.000_829, 0.000_193, 0.000_054_7]),
        ],
        shells: Shells {
            binding_kev: [73.871, 12.0, 2.4],
            yield_of_k: 0.958,
            x_ray_kev: 64.3,
        },
        gamma_kev: 57.54,
        beta_mev: OnceLock::new(),
    },
    Isotope {
        name: "Lu-177",
        half_life_h: 159.463,
        plausible_half_life_h: [156.0, 163.0],
        plausible_energy_mev: [0.12, 0.18],
        daughter: Daughter {
            charge: 72.0,
            mass_number: 177.0,
        },
        branches: &[
            allowed(0.4968, 0.7944),
            allowed(0.383_850, 0.0889),
            unique(0.247_126, 0.000_16),
            allowed(0.175_484, 0.1166),
        ],
        transitions: &[
            transition(112.9498, 0.062_252, [0.805, 1.085, 0.27, 0.070_68]),
            transition(208.3662, 0.1041, [0.055, 0.0094, 0.0022, 0.000_585]),
            transition(249.6742, 0.001_997, [0.0905, 0.0375, 0.009_11, 0.002_414]),
            transition(136.7245, 0.000_465, [0.54, 0.45, 0.1113, 0.029_24]),
            transition(71.6418, 0.001_645, [0.71, 0.136, 0.031, 0.008_21]),
            transition(321.3159, 0.002_186, [0.0289, 0.005, 0.001_16, 0.000_315]),
        ],
        shells: Shells {
            binding_kev: [65.351, 10.3, 1.9],
            yield_of_k: 0.951,
            x_ray_kev: 57.0,
        },
        gamma_kev: 30.10,
        beta_mev: OnceLock::new(),
    },
    Isotope {
        name: "I-131",
        half_life_h: 192.605,
        plausible_half_life_h: [188.0, 197.0],
        plausible_energy_mev: [0.16, 0.25],
        daughter: Daughter {
            charge: 54.0,
            mass_number: 131.0,
        },
        branches: &[
            unique(0.806_87, 0.0039),
            allowed(0.629_656, 0.0005),
            allowed(0.606_31, 0.896),
            allowed(0.333_809, 0.0723),
            allowed(0.303_866, 0.006_45),
            allowed(0.247_891, 0.0208),
        ],
        transitions: &[
            transition(80.185, 0.026_161, [1.324, 0.1757, 0.0357, 0.008_31]),
            transition(163.93, 0.000_211, [31.6, 14.75, 3.38, 0.7665]),
            transition(177.214, 0.002_69, [0.187, 0.0419, 0.0088, 0.001_962]),
            transition(284.305, 0.061_206, [0.0408, 0.007_14, 0.001_479, 0.000_334]),
            transition(364.489, 0.815, [0.0191, 0.002_99, 0.000_615, 0.000_140_1]),
            transition(636.989, 0.071_557, [0.004_01, 0.000_551, 0.000_112_3, 0.000_025_9]),
            transition(325.789, 0.002_73, [0.0283, 0.003_67, 0.000_745, 0.000_173_3]),
            transition(722.911, 0.017_685, [0.003_94, 0.000_49, 0.0, 0.0]),
        ],
        shells: Shells {
            binding_kev: [34.561, 5.0, 0.9],
            yield_of_k: 0.888,
            x_ray_kev: 30.4,
        },
        gamma_kev: 380.30,
        beta_mev: OnceLock::new(),
    },
];

impl Isotope {
    /// Names that [`Isotope::from_name`] knows.
    pub const NAMES: [&'static str; 6] = ["Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"];

    /// Those whose electrons are followed, and which have dose point kernels.
    pub const FOLLOWED: [&'static str; 4] = ["Y-90", "Ho-166", "P-32", "Re-188"];

    /// By its name.
    pub fn from_name(name: &str) -> Result<&'static Self> {
        let found = ISOTOPES.iter().find(|isotope| isotope.name == name);
        found.ok_or_else(|| Error::unknown_name("isotope", name, &Self::NAMES))
    }

    /// The isotope whose range of plausible half-lives contains this one. The ranges do not overlap.
    pub fn of_half_life(half_life_h: f64) -> Result<&'static Self> {
        let within = |isotope: &&Self| {
            let [low, high] = isotope.plausible_half_life_h;
            (low..=high).contains(&half_life_h)
        };
        ISOTOPES.iter().find(within).ok_or_else(|| {
            let ranges = ISOTOPES.iter().map(|isotope| {
                let [low, high] = isotope.plausible_half_life_h;
                format!("{} ({low} to {high})", isotope.name)
            });
            let ranges: Vec<String> = ranges.collect();
            Error::out_of_range("half-life in h", half_life_h, format!("that of {}", ranges.join(", ")))
        })
    }

    /// Yttrium-90.
    pub fn y90() -> &'static Self {
        &ISOTOPES[0]
    }

    /// Errors unless it is one of [`Isotope::FOLLOWED`]; `of` names the method that would follow its electrons.
    pub fn check_followed(&self, of: &str) -> Result<()> {
        if Self::FOLLOWED.contains(&self.name) {
            return Ok(());
        }
        Err(Error::Undefined {
            quantity: format!("the dose of {} by {of}", self.name),
            reason: format!(
                "kernels and transport are made for {}; local deposition takes any isotope",
                Self::FOLLOWED.join(", ")
            ),
        })
    }

    /// Name, such as "Ho-166".
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// Half-life in hours.
    pub fn half_life_h(&self) -> f64 {
        self.half_life_h
    }
    /// Range of mean energies per decay in MeV that conventions may state.
    pub fn plausible_energy_mev(&self) -> [f64; 2] {
        self.plausible_energy_mev
    }
    /// Daughter nucleus.
    pub fn daughter(&self) -> Daughter {
        self.daughter
    }
    /// Beta branches; their probabilities add up to 1 but for rounding of the evaluation.
    pub fn branches(&self) -> &'static [Branch] {
        self.branches
    }
    fn per_decay(&self) -> f64 {
        self.branches.iter().map(|branch| branch.probability).sum()
    }
    /// Electrons per decay and MeV at kinetic energies in MeV, one beta particle per decay.
    pub fn beta_spectrum(&self, energies_mev: &[f64]) -> Vec<f64> {
        let per_decay = self.per_decay();
        let spectrum = self.daughter.spectrum(energies_mev, self.branches);
        spectrum.into_iter().map(|density| density / per_decay).collect()
    }
    /// Mean energy of the beta particles in MeV per decay, one beta particle per decay.
    pub fn beta_mev(&self) -> f64 {
        *self.beta_mev.get_or_init(|| self.daughter.mean_mev(self.branches) / self.per_decay())
    }
    /// Conversion electrons: probability per decay and energy in MeV, by shell and transition.
    pub fn conversion_lines(&self) -> impl Iterator<Item = [f64; 2]> {
        let [k, l, m] = self.shells.binding_kev;
        self.transitions.iter().flat_map(move |t| {
            let line = move |(a, binding): (f64, f64)| [t.photons * a, (t.energy_kev - binding) / 1000.0];
            t.coefficients.into_iter().zip([k, l, m, 0.0]).map(line)
        })
    }
    /// Whether transitions of the daughter eject electrons, most of which stop within 0.3 mm of water.
    pub fn has_conversion(&self) -> bool {
        !self.transitions.is_empty()
    }
    /// Energy of conversion electrons in MeV per decay.
    pub fn conversion_mev(&self) -> f64 {
        self.conversion_lines().fold(0.0, |sum, [probability, energy]| sum + probability * energy)
    }
    /// Energy in MeV per decay of the Auger electrons and soft X rays that fill the shells: what the K X rays leave.
    pub fn relaxation_mev(&self) -> f64 {
        let bound = self.sum_mev(|t, shells| t.coefficients.iter().zip(shells.binding_kev).map(|(a, b)| a * b).sum());
        bound - self.x_ray_mev()
    }
    /// Energy of K X rays in MeV per decay.
    fn x_ray_mev(&self) -> f64 {
        self.sum_mev(|t, shells| t.coefficients[0] * shells.yield_of_k * shells.x_ray_kev)
    }
    /// Energy of gamma rays and K X rays in MeV per decay, which leaves the range of the electrons.
    pub fn photon_mev(&self) -> f64 {
        self.gamma_kev / 1000.0 + self.x_ray_mev()
    }
    /// Photons: probability per decay and energy in MeV of K X rays, and of gamma rays of converted transitions. Gamma
    /// rays beside these are one line at [`OTHER_GAMMA_MEV`] with their energy.
    pub fn photon_lines(&self) -> Vec<[f64; 2]> {
        let gammas = self.transitions.iter().map(|t| [t.photons, t.energy_kev / 1000.0]);
        // Zero over zero without converted transitions; the filter drops it.
        let x_rays = [
            self.x_ray_mev() / (self.shells.x_ray_kev / 1000.0),
            self.shells.x_ray_kev / 1000.0,
        ];
        let mut lines: Vec<[f64; 2]> = std::iter::once(x_rays).chain(gammas).filter(|[p, _]| *p > 0.0).collect();
        let others = self.photon_mev() - lines.iter().map(|[p, energy]| p * energy).sum::<f64>();
        if others > 1e-6 {
            lines.push([others / OTHER_GAMMA_MEV, OTHER_GAMMA_MEV]);
        }
        lines
    }
    /// Energy in MeV per decay that electrons deposit: beta particles, conversion and Auger electrons, soft X rays.
    pub fn electron_mev(&self) -> f64 {
        self.beta_mev() + self.conversion_mev() + self.relaxation_mev()
    }
    fn sum_mev(&self, of: impl Fn(&Transition, &Shells) -> f64) -> f64 {
        self.transitions
            .iter()
            .map(|t| t.photons * of(t, &self.shells) / 1000.0)
            .fold(0.0, |sum, each| sum + each)
    }
}

#[cfg(test)]
mod tests {
    use super::{ISOTOPES, Isotope};

    #[test]
    fn names_and_half_lives_find_the_isotope() {
        for (isotope, name) in ISOTOPES.iter().zip(Isotope::NAMES) {
            assert_eq!(isotope.name(), name);
            assert_eq!(isotope.check_followed("a test").is_ok(), Isotope::FOLLOWED.contains(&name));
            assert_eq!(Isotope::from_name(name).unwrap().name(), name);
            assert_eq!(Isotope::of_half_life(isotope.half_life_h()).unwrap().name(), name);
            let [low, high] = isotope.plausible_energy_mev();
            assert!((low..=high).contains(&isotope.electron_mev()), "{name} {}", isotope.electron_mev());
            assert!((isotope.per_decay() - 1.0).abs() < 3e-3, "{name} {}", isotope.per_decay());
        }
        assert!(Isotope::of_half_life(f64::NAN).is_err());
        assert_eq!(Isotope::y90().name(), "Y-90");
    }

    #[test]
    fn mean_energies_of_allowed_spectra_are_those_of_the_evaluations() {
        // ENSDF: 0.69503 MeV for P-32; Re-188 0.76419 for 1.00186 beta particles; Lu-177 and I-131 likewise.
        for (name, mev, relative) in [
            ("P-32", 0.695_03, 1e-4),
            ("Re-188", 0.762_77, 3e-4),
            ("Lu-177", 0.133_64, 1e-3),
            ("I-131", 0.181_86, 1e-3),
        ] {
            let found = Isotope::from_name(name).unwrap().beta_mev();
            assert!((found / mev - 1.0).abs() < relative, "{name} {found}");
        }
    }
}
