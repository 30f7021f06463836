//! A treatment of one territory: doses of its activity, the activity for a dose, and the largest one under limits.
//!
//! With one activity every question has a closed form, which needs no linear programme.

use crate::error::{Error, Result, check};
use crate::planning::quantity;
use crate::planning::territory::{self, Territory};
use crate::planning::treatment::Treatment;
use crate::planning::treatment_bounds::Bounds;

/// Mean doses of one delivered activity.
#[derive(Debug, Clone, PartialEq)]
pub struct Doses {
    /// Perfused normal liver; `None` if there is none.
    pub normal_perfused_gy: Option<f64>,
    /// Whole normal liver, its unperfused part at zero; `None` if its mass is not given or zero.
    pub normal_whole_gy: Option<f64>,
    /// Each tumor.
    pub tumors_gy: Vec<f64>,
    /// All perfused tissue: tumors and normal liver.
    pub perfused_mean_gy: f64,
    /// Lungs.
    pub lung_gy: f64,
    /// Energy that decays in the liver, in J.
    pub liver_energy_j: f64,
}

/// The activity at which one limit is reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActivityAtLimit {
    /// "normal_perfused", "normal_whole", "lung", "lung_cumulative" or "activity".
    pub kind: &'static str,
    /// Delivered activity in GBq; `None` if the limit can never be reached, 0 where it already is.
    pub activity_gbq: Option<f64>,
    /// Whether it is within 1e-9 of the least.
    pub binds: bool,
}

/// The largest activity under several limits.
#[derive(Debug, Clone, PartialEq)]
pub struct MaximumActivity {
    /// Every limit that was given.
    pub at_limits: Vec<ActivityAtLimit>,
    /// The least activity at a limit; `None` if nothing limits.
    pub activity_gbq: Option<f64>,
}

impl Treatment {
    /// Doses of a delivered activity. Errors outside 0-100 GBq, and for more than one territory.
    pub fn doses(&self, delivered_activity_gbq: f64) -> Result<Doses> {
        let territory = self.only_territory()?;
        let activity = quantity::activity_gbq("delivered activity in GBq", delivered_activity_gbq)?;
        Ok(self.doses_at(territory, activity))
    }

    /// Delivered activity for a mean dose to one tumor, and its doses. An error beyond what `doses` takes.
    pub fn activity_for_tumor_dose_gbq(&self, target_dose_gy: f64, tumor: usize) -> Result<(f64, Doses)> {
        let territory = self.only_territory()?;
        let dose = quantity::target_dose_gy("target tumor dose in Gy", target_dose_gy)?;
        let count = territory.portions.len();
        let tumor = territory
            .portions
            .get(tumor)
            .ok_or_else(|| Error::out_of_range("tumor", tumor as f64, format!("an index below {count}")))?;
        let weight = territory.weight_kg();
        let activity = territory::activity_gbq(dose, weight, tumor.ratio, self.dose_factor, territory.lung_shunt);
        let activity = check::within("activity that the target dose needs in GBq", activity, 0.0, 100.0)?;
        Ok((activity, self.doses_at(territory, activity)))
    }

    /// The largest delivered activity under all limits, which of them bind, and the doses there. Targets do not count.
    ///
    /// Errors for a limit that is not positive, a negative prior dose, or a whole-normal limit without that mass.
    pub fn maximum_activity(&self, bounds: &Bounds) -> Result<(MaximumActivity, Option<Doses>)> {
        let territory = self.only_territory()?;
        let mut at_limits = self.at_limits(territory, bounds)?;
        let least = at_limits.iter().filter_map(|at| at.activity_gbq).reduce(f64::min);
        for at in &mut at_limits {
            at.binds = matches!((at.activity_gbq, least), (Some(a), Some(l)) if a <= l * (1.0 + 1e-9));
        }
        let found = MaximumActivity {
            at_limits,
            activity_gbq: least,
        };
        Ok((found, least.map(|activity| self.doses_at(territory, activity))))
    }

    fn only_territory(&self) -> Result<&Territory> {
        match &self.territories[..] {
            [territory] => Ok(territory),
            several => Err(Error::Undefined {
                quantity: "one delivered activity".into(),
                reason: format!("the treatment has {} territories, each with its own", several.len()),
            }),
        }
    }

    /// The doses of an activity that was computed here and may be unrealistically large.
    fn doses_at(&self, territory: &Territory, activity_gbq: f64) -> Doses {
        let liver_energy_j = territory::liver_energy_j(self.dose_factor, activity_gbq, territory.lung_shunt);
        let normal_gy = liver_energy_j / territory.weight_kg();
        let perfused_kg = territory.portions.iter().fold(territory.normal_kg, |sum, tumor| sum + tumor.mass_kg);
        Doses {
            normal_perfused_gy: (territory.normal_kg > 0.0).then_some(normal_gy),
            normal_whole_gy: self
                .normal_total_kg
                .filter(|&total| total > 0.0)
                .map(|total| normal_gy * (territory.normal_kg / total)),
            tumors_gy: territory.portions.iter().map(|tumor| tumor.ratio * normal_gy).collect(),
            perfused_mean_gy: liver_energy_j / perfused_kg,
            lung_gy: territory::lung_dose_gy(self.dose_factor, activity_gbq, territory.lung_shunt, self.lung_kg),
            liver_energy_j,
        }
    }

    fn at_limits(&self, territory: &Territory, bounds: &Bounds) -> Result<Vec<ActivityAtLimit>> {
        bounds.check_counts(1, bounds.target_gy.len())?;
        let in_liver = self.dose_factor * (1.0 - territory.lung_shunt);
        let lung_gy_per_gbq = self.dose_factor * territory.lung_shunt / self.lung_kg;
        let weight = territory.weight_kg();
        let mut found = Vec::new();
        let mut add = |kind, activity_gbq| {
            found.push(ActivityAtLimit {
                kind,
                activity_gbq,
                binds: false,
            });
        };
        let at_dose = |left_gy: f64, gy_per_gbq: f64| (gy_per_gbq > 0.0).then(|| left_gy.max(0.0) / gy_per_gbq);
        if let Some(limit) = bounds.normal_perfused_gy[0] {
            let left = left_gy("perfused normal liver", limit, bounds.prior_normal_perfused_dose_gy[0])?;
            let per_gbq = if territory.normal_kg > 0.0 {
                in_liver / weight
            } else {
                0.0
            };
            add("normal_perfused", at_dose(left, per_gbq));
        }
        if let Some(limit) = bounds.normal_whole_gy {
            let left = left_gy("whole normal liver", limit, bounds.prior_normal_whole_dose_gy)?;
            let total = self.normal_total_kg.ok_or_else(|| Error::Undefined {
                quantity: "activity at the whole normal liver limit".into(),
                reason: "the total normal liver mass is not given".into(),
            })?;
            let share = if total > 0.0 { territory.normal_kg / total } else { 0.0 };
            add("normal_whole", at_dose(left, in_liver * share / weight));
        }
        if let Some(limit) = bounds.lung_gy {
            add("lung", at_dose(left_gy("lung", limit, 0.0)?, lung_gy_per_gbq));
        }
        if let Some(limit) = bounds.lung_cumulative_gy {
            let left = left_gy("cumulative lung", limit, bounds.prior_lung_dose_gy)?;
            add("lung_cumulative", at_dose(left, lung_gy_per_gbq));
        }
        if let Some(limit_gbq) = bounds.activity_gbq[0] {
            add("activity", Some(check::positive("activity limit in GBq", limit_gbq)?));
        }
        Ok(found)
    }
}

fn left_gy(of: &str, limit_gy: f64, prior_gy: f64) -> Result<f64> {
    let limit = check::positive(&format!("{of} limit in Gy"), limit_gy)?;
    Ok(limit - check::non_negative(&format!("prior {of} dose in Gy"), prior_gy)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nuclide::Nuclide;
    use crate::planning::territory::Territory;
    use crate::planning::treatment::{Lesion, Overlap, Tissue};

    fn treatment(tumors: &[(f64, f64)], normal_kg: f64, total_kg: f64, shunt: f64, lung_kg: f64) -> Treatment {
        let portions = tumors.iter().enumerate().map(|(i, &(mass, ratio))| (i, mass, Some(ratio)));
        let lesions = (0..tumors.len()).map(|i| Lesion {
            name: i.to_string(),
            overlap: Overlap::Disjoint,
            unperfused_mass_kg: 0.0,
        });
        let territory = Territory::new("", shunt, normal_kg, portions).unwrap();
        Treatment::new(vec![territory], lesions.collect(), Some(total_kg), lung_kg, &Nuclide::default()).unwrap()
    }

    #[test]
    fn energy_is_conserved() {
        let tumors = [(0.25, 5.0), (0.1, 2.0), (0.05, 1.5)];
        let doses = treatment(&tumors, 1.0, 1.4, 0.08, 0.822).doses(3.0).unwrap();
        let in_tumors: f64 = tumors.iter().zip(&doses.tumors_gy).map(|((mass, _), d)| mass * d).sum();
        let in_normal = doses.normal_whole_gy.unwrap() * 1.4;
        assert!((in_tumors + in_normal - 49.67 * 3.0 * 0.92).abs() < 1e-12 * in_tumors);
        assert!((doses.lung_gy * 0.822 - 49.67 * 3.0 * 0.08).abs() < 1e-12);
    }

    #[test]
    fn doses_are_the_dose_matrix_times_the_activity() {
        let treatment = treatment(&[(0.25, 5.0), (0.1, 2.0)], 1.0, 1.4, 0.08, 0.822);
        let (doses, rows) = (treatment.doses(3.0).unwrap(), treatment.doses_gy(&[3.0]).unwrap());
        for (row, by_matrix) in treatment.rows().iter().zip(rows) {
            let direct = match row.tissue {
                Tissue::Portion { lesion, .. } | Tissue::LesionPerfused(lesion) | Tissue::LesionWhole(lesion) => {
                    doses.tumors_gy[lesion]
                }
                Tissue::NormalPerfused(_) => doses.normal_perfused_gy.unwrap(),
                Tissue::NormalWhole => doses.normal_whole_gy.unwrap(),
                Tissue::Lungs => doses.lung_gy,
            };
            assert!((direct - by_matrix).abs() <= 1e-14 * direct, "{:?}", row.tissue);
        }
    }

    #[test]
    fn limits_that_tie_bind_together() {
        let treatment = treatment(&[(0.3, 4.0)], 1.2, 1.5, 0.05, 1.0);
        let bounds = Bounds {
            normal_perfused_gy: vec![Some(50.0)],
            prior_normal_perfused_dose_gy: vec![0.0],
            normal_whole_gy: Some(45.0),
            prior_normal_whole_dose_gy: 5.0,
            lung_gy: Some(30.0),
            activity_gbq: vec![None],
            ..Bounds::default()
        };
        let (found, doses) = treatment.maximum_activity(&bounds).unwrap();
        assert_eq!(found.at_limits.iter().map(|at| at.binds).collect::<Vec<_>>(), [true, true, false]);
        assert!((doses.unwrap().tumors_gy[0] - 200.0).abs() < 1e-9);
    }
}
