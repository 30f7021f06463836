//! The partition model: tumors that take up more per mass than the perfused normal liver, and the lungs.
//!
//! `W = m_N + sum_i r_i m_i`, `D_N = C A (1 - L) / W`, `D_i = r_i D_N`, lungs `C A L / m_lung`, with the delivered
//! activity `A`, the lung shunt fraction `L`, the dose factor `C` and each tumor's ratio of activity concentrations per
//! mass to the normal liver's, `r_i` (Ho 1996 for one tumor; from memory, unverified).

use super::quantity;
use crate::error::{Error, Result, check};
use crate::nuclide::Nuclide;

/// A tumor, or the part of one that lies in the territory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tumor {
    /// Perfused mass in kg.
    pub mass_kg: f64,
    /// Ratio of activity concentrations per mass, tumor to perfused normal liver. `None` for the only tumor of a
    /// territory without normal liver, where it cancels.
    pub ratio: Option<f64>,
}

/// One territory.
#[derive(Debug, Clone, PartialEq)]
pub struct Partition {
    tumors: Vec<(f64, f64)>,
    normal_perfused_kg: f64,
    normal_total_kg: Option<f64>,
    lung_shunt: f64,
    lung_kg: f64,
    dose_factor: f64,
}

/// Mean doses of one delivered activity.
#[derive(Debug, Clone, PartialEq)]
pub struct Doses {
    /// Perfused normal liver; `None` where there is none.
    pub normal_perfused_gy: Option<f64>,
    /// Whole normal liver, its unperfused part at zero; `None` where its mass is not given or zero.
    pub normal_whole_gy: Option<f64>,
    /// Each tumor.
    pub tumors_gy: Vec<f64>,
    /// Everything perfused: tumors and normal liver.
    pub perfused_mean_gy: f64,
    /// Lungs.
    pub lung_gy: f64,
    /// Energy that decays in the liver, in J.
    pub liver_energy_j: f64,
}

/// What may bind the activity. A prior dose counts against the limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// Mean dose to the perfused normal liver.
    NormalPerfused {
        /// Limit in Gy.
        limit_gy: f64,
        /// Dose from before.
        prior_gy: f64,
    },
    /// Mean dose to the whole normal liver.
    NormalWhole {
        /// Limit in Gy.
        limit_gy: f64,
        /// Dose from before.
        prior_gy: f64,
    },
    /// Lung dose of this administration alone.
    Lung {
        /// Limit in Gy.
        limit_gy: f64,
    },
    /// Lung dose over all administrations.
    LungCumulative {
        /// Limit in Gy.
        limit_gy: f64,
        /// Dose from before.
        prior_gy: f64,
    },
    /// The delivered activity itself.
    Activity {
        /// Limit in GBq.
        limit_gbq: f64,
    },
}

impl Limit {
    /// Names that [`Limit::from_name`] knows.
    pub const NAMES: [&'static str; 5] = ["normal_perfused", "normal_whole", "lung", "lung_cumulative", "activity"];

    /// The limit of that kind, in Gy or for `activity` in GBq. Errors for a prior dose where the kind has none.
    pub fn from_name(kind: &str, limit: f64, prior_gy: f64) -> Result<Self> {
        let limit_gy = limit;
        if matches!(kind, "lung" | "activity") && prior_gy != 0.0 {
            let requirement = "0, since this limit is for one administration";
            return Err(Error::out_of_range(format!("prior dose in Gy of the {kind} limit"), prior_gy, requirement));
        }
        match kind {
            "normal_perfused" => Ok(Self::NormalPerfused { limit_gy, prior_gy }),
            "normal_whole" => Ok(Self::NormalWhole { limit_gy, prior_gy }),
            "lung" => Ok(Self::Lung { limit_gy }),
            "lung_cumulative" => Ok(Self::LungCumulative { limit_gy, prior_gy }),
            "activity" => Ok(Self::Activity { limit_gbq: limit }),
            _ => Err(Error::unknown_name("kind of limit", kind, &Self::NAMES)),
        }
    }
}

/// The largest activity under several limits.
#[derive(Debug, Clone, PartialEq)]
pub struct MaximumActivity {
    /// Activity at each limit, in the order given; `None` where it can never be reached, 0 where it already is.
    pub at_limits_gbq: Vec<Option<f64>>,
    /// The least of them; `None` where nothing limits.
    pub activity_gbq: Option<f64>,
    /// Which of them bind: all within 1e-9 of the least.
    pub binding: Vec<usize>,
}

impl Partition {
    /// Largest ratio taken for one: beyond it a region was drawn or divided wrongly.
    pub const LARGEST_RATIO: f64 = 1e6;

    /// Errors for no tumor, a mass or ratio that is not positive, a shunt outside `[0, 1)`, lungs outside 0.3-2.5 kg, a
    /// total normal mass below the perfused one, or a missing ratio where it does not cancel.
    pub fn new(
        tumors: &[Tumor],
        normal_perfused_mass_kg: f64,
        normal_total_mass_kg: Option<f64>,
        lung_shunt_fraction: f64,
        lung_mass_kg: f64,
        nuclide: &Nuclide,
    ) -> Result<Self> {
        let normal_perfused_kg = quantity::liver_mass_kg("perfused normal liver mass in kg", normal_perfused_mass_kg)?;
        if tumors.is_empty() {
            return Err(Error::Undefined {
                quantity: "partition model".into(),
                reason: "it has no tumor; the single-compartment model needs none".into(),
            });
        }
        let cancels = tumors.len() == 1 && normal_perfused_kg == 0.0;
        let tumors = tumors
            .iter()
            .map(|tumor| {
                let mass = quantity::mass_kg("tumor mass in kg", tumor.mass_kg, 0.0, 10.0)?;
                let ratio = match tumor.ratio {
                    Some(ratio) => check_ratio(ratio)?,
                    None if cancels => 1.0,
                    None => {
                        return Err(Error::Undefined {
                            quantity: "tumor dose".into(),
                            reason: "the tumor-to-normal ratio is missing; it cancels only for one tumor without \
                                     perfused normal liver"
                                .into(),
                        });
                    }
                };
                Ok((mass, ratio))
            })
            .collect::<Result<_>>()?;
        let normal_total_kg = normal_total_mass_kg
            .map(|total| {
                let total = quantity::liver_mass_kg("total normal liver mass in kg", total)?;
                if total < normal_perfused_kg {
                    let least = format!("at least the perfused part, {normal_perfused_kg} kg");
                    return Err(Error::out_of_range("total normal liver mass in kg", total, least));
                }
                Ok(total)
            })
            .transpose()?;
        Ok(Self {
            tumors,
            normal_perfused_kg,
            normal_total_kg,
            lung_shunt: check::fraction_below_one("lung shunt fraction", lung_shunt_fraction)?,
            lung_kg: quantity::lung_mass_kg(lung_mass_kg)?,
            dose_factor: nuclide.dose_factor_gy_kg_per_gbq(),
        })
    }

    /// `W = m_N + sum_i r_i m_i` in kg: the mass that would take up all of it at the normal liver's concentration.
    pub fn weight_kg(&self) -> f64 {
        self.tumors.iter().fold(self.normal_perfused_kg, |sum, (mass, ratio)| sum + ratio * mass)
    }

    /// Doses of a delivered activity. Errors outside 0-100 GBq.
    pub fn doses(&self, delivered_activity_gbq: f64) -> Result<Doses> {
        Ok(self.doses_at(quantity::activity_gbq("delivered activity in GBq", delivered_activity_gbq)?))
    }

    /// The same for an activity that was computed here, which may be absurdly large.
    fn doses_at(&self, activity_gbq: f64) -> Doses {
        let liver_energy_j = self.dose_factor * activity_gbq * (1.0 - self.lung_shunt);
        let normal_gy = liver_energy_j / self.weight_kg();
        let perfused_kg = self.tumors.iter().fold(self.normal_perfused_kg, |sum, (mass, _)| sum + mass);
        Doses {
            normal_perfused_gy: (self.normal_perfused_kg > 0.0).then_some(normal_gy),
            normal_whole_gy: self
                .normal_total_kg
                .filter(|&total| total > 0.0)
                .map(|total| normal_gy * (self.normal_perfused_kg / total)),
            tumors_gy: self.tumors.iter().map(|(_, ratio)| ratio * normal_gy).collect(),
            perfused_mean_gy: liver_energy_j / perfused_kg,
            lung_gy: self.dose_factor * activity_gbq * self.lung_shunt / self.lung_kg,
            liver_energy_j,
        }
    }

    /// Delivered activity for a mean dose to one tumor: `D W / (r C (1 - L))`. An error beyond what `doses` takes.
    pub fn activity_for_tumor_dose_gbq(&self, target_dose_gy: f64, tumor: usize) -> Result<(f64, Doses)> {
        let dose = quantity::target_dose_gy("target tumor dose in Gy", target_dose_gy)?;
        let (_, ratio) = self.tumors.get(tumor).ok_or_else(|| {
            Error::out_of_range("tumor", tumor as f64, format!("an index below {}", self.tumors.len()))
        })?;
        let activity = dose * self.weight_kg() / (ratio * self.dose_factor * (1.0 - self.lung_shunt));
        let activity = check::within("activity that the target dose needs in GBq", activity, 0.0, 100.0)?;
        Ok((activity, self.doses_at(activity)))
    }

    /// The largest delivered activity under all limits, which of them bind, and the doses there.
    ///
    /// Errors for a limit that is not positive, a negative prior dose, or a whole-normal limit without that mass.
    pub fn maximum_activity(&self, limits: &[Limit]) -> Result<(MaximumActivity, Option<Doses>)> {
        let at_limits_gbq = limits.iter().map(|limit| self.activity_at(limit)).collect::<Result<Vec<_>>>()?;
        let least = at_limits_gbq.iter().flatten().copied().reduce(f64::min);
        let binds = |activity: &Option<f64>| matches!((activity, least), (Some(a), Some(l)) if *a <= l * (1.0 + 1e-9));
        let binding = (0..limits.len()).filter(|&i| binds(&at_limits_gbq[i])).collect();
        let found = MaximumActivity {
            at_limits_gbq,
            activity_gbq: least,
            binding,
        };
        Ok((found, least.map(|activity| self.doses_at(activity))))
    }

    fn activity_at(&self, limit: &Limit) -> Result<Option<f64>> {
        let in_liver = self.dose_factor * (1.0 - self.lung_shunt);
        let lung = self.dose_factor * self.lung_shunt / self.lung_kg;
        let at_dose = |left_gy: f64, gy_per_gbq: f64| (gy_per_gbq > 0.0).then(|| left_gy.max(0.0) / gy_per_gbq);
        match *limit {
            Limit::NormalPerfused { limit_gy, prior_gy } => {
                let left = left_gy("perfused normal liver", limit_gy, prior_gy)?;
                Ok(at_dose(
                    left,
                    if self.normal_perfused_kg > 0.0 {
                        in_liver / self.weight_kg()
                    } else {
                        0.0
                    },
                ))
            }
            Limit::NormalWhole { limit_gy, prior_gy } => {
                let left = left_gy("whole normal liver", limit_gy, prior_gy)?;
                let total = self.normal_total_kg.ok_or_else(|| Error::Undefined {
                    quantity: "activity at the whole normal liver limit".into(),
                    reason: "the total normal liver mass is not given".into(),
                })?;
                let share = if total > 0.0 {
                    self.normal_perfused_kg / total
                } else {
                    0.0
                };
                Ok(at_dose(left, in_liver * share / self.weight_kg()))
            }
            Limit::Lung { limit_gy } => Ok(at_dose(left_gy("lung", limit_gy, 0.0)?, lung)),
            Limit::LungCumulative { limit_gy, prior_gy } => {
                Ok(at_dose(left_gy("cumulative lung", limit_gy, prior_gy)?, lung))
            }
            Limit::Activity { limit_gbq } => check::positive("activity limit in GBq", limit_gbq).map(Some),
        }
    }
}

pub(super) fn check_ratio(value: f64) -> Result<f64> {
    let value = check::positive("tumor-to-normal ratio", value)?;
    check::within("tumor-to-normal ratio", value, 0.0, Partition::LARGEST_RATIO)
}

fn left_gy(of: &str, limit_gy: f64, prior_gy: f64) -> Result<f64> {
    let limit = check::positive(&format!("{of} limit in Gy"), limit_gy)?;
    Ok(limit - check::non_negative(&format!("prior {of} dose in Gy"), prior_gy)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prior_dose_is_refused_where_the_limit_has_none() {
        assert!(Limit::from_name("lung", 30.0, 0.0).is_ok());
        for kind in ["lung", "activity"] {
            let message = Limit::from_name(kind, 30.0, 5.0).unwrap_err().to_string();
            assert!(message.contains("prior dose in Gy") && message.contains('5'), "{message}");
        }
    }

    #[test]
    fn energy_is_conserved() {
        let tumors = [(0.25, 5.0), (0.1, 2.0), (0.05, 1.5)].map(|(mass_kg, r)| Tumor {
            mass_kg,
            ratio: Some(r),
        });
        let model = Partition::new(&tumors, 1.0, Some(1.4), 0.08, 0.822, &Nuclide::default()).unwrap();
        let doses = model.doses(3.0).unwrap();
        let in_tumors: f64 = tumors.iter().zip(&doses.tumors_gy).map(|(t, d)| t.mass_kg * d).sum();
        let in_normal = doses.normal_whole_gy.unwrap() * 1.4;
        assert!((in_tumors + in_normal - 49.67 * 3.0 * 0.92).abs() < 1e-12 * in_tumors);
        assert!((doses.lung_gy * 0.822 - 49.67 * 3.0 * 0.08).abs() < 1e-12);
    }

    #[test]
    fn limits_that_tie_bind_together() {
        let tumor = [Tumor {
            mass_kg: 0.3,
            ratio: Some(4.0),
        }];
        let model = Partition::new(&tumor, 1.2, Some(1.5), 0.05, 1.0, &Nuclide::default()).unwrap();
        let limits = [
            Limit::NormalPerfused {
                limit_gy: 50.0,
                prior_gy: 0.0,
            },
            Limit::NormalWhole {
                limit_gy: 45.0,
                prior_gy: 5.0,
            },
            Limit::Lung { limit_gy: 30.0 },
        ];
        let (found, doses) = model.maximum_activity(&limits).unwrap();
        assert_eq!(found.binding, [0, 1]);
        assert!((doses.unwrap().tumors_gy[0] - 200.0).abs() < 1e-9);
    }
}
