//! Half-life, energy per decay and their product, the dose factor, as one object.

use crate::error::{Error, Result, check};
use crate::isotope::Isotope;

/// Elementary charge in coulomb, exact in the SI; joule per electronvolt.
pub const JOULE_PER_EV: f64 = 1.602_176_634e-19;

/// A beta emitter with its half-life and the energy that its electrons deposit, as a dosimetry convention states them.
///
/// Dose factor `C [Gy kg/GBq] = E [MeV] 1e6 e T [s] / ln 2 1e9`: the dose to 1 kg from the complete decay of 1 GBq
/// with complete local absorption. Half-life and dose factor belong together. A report that states one must state both.
#[derive(Debug, Clone, PartialEq)]
pub struct Nuclide {
    name: String,
    half_life_h: f64,
    dose_factor_gy_kg_per_gbq: f64,
    source: String,
}

impl Nuclide {
    /// Names that [`Nuclide::preset`] knows.
    pub const PRESETS: [&'static str; 10] = [
        "EANM2022",
        "IFU_50",
        "AAPM_49_38",
        "ICRP107",
        "HO166",
        "HO166_15_87",
        "P32",
        "RE188",
        "LU177",
        "I131",
    ];

    /// From a half-life and a mean energy per decay. The half-life decides the isotope. Errors if no isotope has it, or
    /// if the energy is not plausible for that isotope (0.5-1.5 MeV for Y-90).
    pub fn from_energy(name: &str, half_life_h: f64, mean_energy_mev: f64, source: &str) -> Result<Self> {
        let isotope = Isotope::of_half_life(half_life_h)?;
        let [low, high] = isotope.plausible_energy_mev();
        let quantity = format!("mean energy per decay of {} in MeV", isotope.name());
        let mean_energy_mev = check::within(&quantity, mean_energy_mev, low, high)?;
        Ok(Self {
            name: name.into(),
            half_life_h,
            dose_factor_gy_kg_per_gbq: mean_energy_mev * 1e15 * JOULE_PER_EV * mean_life_s(half_life_h),
            source: source.into(),
        })
    }

    /// From a half-life and a dose factor; the mean energy follows. Errors as [`Nuclide::from_energy`].
    pub fn from_dose_factor(
        name: &str,
        half_life_h: f64,
        dose_factor_gy_kg_per_gbq: f64,
        source: &str,
    ) -> Result<Self> {
        let isotope = Isotope::of_half_life(half_life_h)?;
        let [low, high] = isotope.plausible_energy_mev();
        let c = check::positive("dose factor in Gy kg/GBq", dose_factor_gy_kg_per_gbq)?;
        let quantity = format!("mean energy per decay of {} in MeV (from the dose factor)", isotope.name());
        check::within(&quantity, energy_mev(c, half_life_h), low, high)?;
        Ok(Self {
            name: name.into(),
            half_life_h,
            dose_factor_gy_kg_per_gbq: c,
            source: source.into(),
        })
    }

    /// A named convention; see [`Nuclide::PRESETS`]. `EANM2022` is this project's default.
    pub fn preset(name: &str) -> Result<Self> {
        match name {
            "EANM2022" => Self::from_dose_factor(
                name,
                64.1,
                49.67,
                "dose factor: weber2022-equation; half-life: therasphere-insert-v12",
            ),
            "IFU_50" => Self::from_dose_factor(
                name,
                64.1,
                50.0,
                "dose factor: therasphere-ifu-50; half-life: therasphere-insert-v12",
            ),
            "AAPM_49_38" => Self::from_dose_factor(name, 64.0416, 49.38, "dose factor: mppg14a; half-life: ddep-y90"),
            "ICRP107" => Self::from_energy(name, 64.10, 0.933_09, "half-life and energy per decay: icrp107"),
            "HO166" => Self::of_isotope(name, "Ho-166"),
            "HO166_15_87" => {
                Self::from_dose_factor(name, 26.8, 15.87, "dose factor: ho166-scout-2016; half-life: klaassen2019")
            }
            "P32" => Self::of_isotope(name, "P-32"),
            "RE188" => Self::of_isotope(name, "Re-188"),
            "LU177" => Self::of_isotope(name, "Lu-177"),
            "I131" => Self::of_isotope(name, "I-131"),
            "TC99M" | "Tc-99m" => Err(Error::Undefined {
                quantity: "a dose of Tc-99m".into(),
                reason: "it is a tracer, whose image shows where microspheres will lodge; tracer_decay_factor takes \
                         its half-life, and the dose is that of the nuclide on the microspheres"
                    .into(),
            }),
            _ => Err(Error::unknown_name("nuclide convention", name, &Self::PRESETS)),
        }
    }

    /// The half-life of an isotope, and the energy of its electrons.
    fn of_isotope(name: &str, isotope: &str) -> Result<Self> {
        let isotope = Isotope::from_name(isotope)?;
        let source = "half-life, branches and transitions: ensdf; spectra: own; shells: bearden1967, bambynek1972";
        Self::from_energy(name, isotope.half_life_h(), isotope.electron_mev(), source)
    }

    /// The isotope that has the half-life.
    pub fn isotope(&self) -> &'static Isotope {
        Isotope::of_half_life(self.half_life_h).expect("checked when the nuclide was made")
    }
    /// The convention's name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Half-life in hours.
    pub fn half_life_h(&self) -> f64 {
        self.half_life_h
    }
    /// Mean energy per decay in MeV.
    pub fn mean_energy_mev(&self) -> f64 {
        energy_mev(self.dose_factor_gy_kg_per_gbq, self.half_life_h)
    }
    /// Dose factor in Gy kg/GBq.
    pub fn dose_factor_gy_kg_per_gbq(&self) -> f64 {
        self.dose_factor_gy_kg_per_gbq
    }
    /// Origin of the numbers, as citation keys of `docs/sources.md`.
    pub fn source(&self) -> &str {
        &self.source
    }
    /// Mean life `T/ln 2` in seconds: time-integrated activity per initial activity.
    pub fn mean_life_s(&self) -> f64 {
        mean_life_s(self.half_life_h)
    }
    /// Fraction of the activity left after `elapsed_h` hours, `2^(-t/T)`; a negative time goes back.
    pub fn decay_factor(&self, elapsed_h: f64) -> Result<f64> {
        if elapsed_h.is_finite() {
            Ok((-elapsed_h / self.half_life_h).exp2())
        } else {
            Err(Error::out_of_range("elapsed time in h", elapsed_h, "finite"))
        }
    }
}

impl Default for Nuclide {
    fn default() -> Self {
        Self::preset("EANM2022").expect("the default convention is valid")
    }
}

fn energy_mev(dose_factor_gy_kg_per_gbq: f64, half_life_h: f64) -> f64 {
    dose_factor_gy_kg_per_gbq / (1e15 * JOULE_PER_EV * mean_life_s(half_life_h))
}

fn mean_life_s(half_life_h: f64) -> f64 {
    half_life_h * 3600.0 / std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::Nuclide;

    #[test]
    fn every_preset_exists_and_carries_its_source() {
        for name in Nuclide::PRESETS {
            let nuclide = Nuclide::preset(name).unwrap();
            assert_eq!(nuclide.name(), name);
            assert!(!nuclide.source().is_empty());
        }
        assert!((Nuclide::preset("ICRP107").unwrap().dose_factor_gy_kg_per_gbq() - 49.77).abs() < 0.005);
    }

    #[test]
    fn a_tracer_is_refused_with_what_it_is_for() {
        let refused = Nuclide::preset("TC99M").unwrap_err().to_string();
        assert!(refused.contains("tracer_decay_factor"), "{refused}");
    }

    #[test]
    fn energy_and_dose_factor_are_inverse() {
        let a = Nuclide::from_energy("a", 64.1, 0.9367, "").unwrap();
        assert!((a.dose_factor_gy_kg_per_gbq() - 49.962_7).abs() < 1e-4);
        let b = Nuclide::from_dose_factor("b", 64.1, a.dose_factor_gy_kg_per_gbq(), "").unwrap();
        assert!((a.mean_energy_mev() - b.mean_energy_mev()).abs() < 1e-15);
    }
}
