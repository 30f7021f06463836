use pyo3::prelude::*;

use crate::planning::optimum::{self, Objective, Optimum};
use crate::planning::single_territory::Doses;
use crate::planning::territory::Territory;
use crate::planning::treatment::{Lesion, Overlap, Tissue, Treatment};
use crate::planning::treatment_bounds::{Bounds, Constraint, TumorDose};
use crate::python::errors::OrRaise;
use crate::python::nuclide::PyNuclide;

/// Name, lung shunt fraction, normal liver in kg, portions as (lesion, mass in kg, ratio).
type TerritorySpec = (String, f64, f64, Vec<(usize, f64, Option<f64>)>);
/// Name, overlap, unperfused mass in kg.
type LesionSpec = (String, String, f64);
/// Kind of tissue, territory, lesion, mass in kg, Gy per GBq of each injection.
type RowParts = (&'static str, Option<usize>, Option<usize>, f64, Vec<f64>);
/// Perfused and whole normal liver, tumors, everything perfused, lungs in Gy; energy in the liver in J.
type DosesParts = (Option<f64>, Option<f64>, Vec<f64>, f64, f64, f64);
/// Kind, activity in GBq, whether it binds.
type AtLimitParts = (&'static str, Option<f64>, bool);
/// Name, unit, limit, value, whether it binds, change of the objective if relaxed and if tightened.
type ConstraintParts = (String, &'static str, f64, f64, bool, f64, f64);
/// Activities, their ranges, objective, constraints, lesions with the lowest dose.
type BestParts = (Vec<f64>, Vec<(f64, f64)>, f64, Vec<ConstraintParts>, Vec<usize>);
/// Limit and prior.
type Limited = (Option<f64>, f64);
/// Lungs (single, cumulative, prior), each territory's normal liver, all normal liver, each territory's activity.
type Limits = ((Option<f64>, Option<f64>, f64), Vec<Limited>, Limited, Vec<Option<f64>>);

#[pyclass(name = "Treatment", module = "yttria._core", frozen)]
pub struct PyTreatment(Treatment);

#[pymethods]
impl PyTreatment {
    #[new]
    fn new(
        py: Python<'_>,
        territories: Vec<TerritorySpec>,
        lesions: Vec<LesionSpec>,
        normal_total_mass_kg: Option<f64>,
        lung_mass_kg: f64,
        nuclide: &PyNuclide,
    ) -> PyResult<Self> {
        let territories: Result<Vec<_>, _> = territories
            .into_iter()
            .map(|(name, shunt, normal, portions)| Territory::new(&name, shunt, normal, portions.into_iter()))
            .collect();
        let lesions: Result<Vec<_>, _> = lesions.into_iter().map(lesion).collect();
        territories
            .and_then(|t| Treatment::new(t, lesions?, normal_total_mass_kg, lung_mass_kg, &nuclide.0))
            .or_raise(py)
            .map(Self)
    }

    fn rows(&self) -> Vec<RowParts> {
        self.0
            .rows()
            .iter()
            .map(|row| {
                let (kind, territory, lesion) = match row.tissue {
                    Tissue::Portion { territory, lesion } => ("tumor_portion", Some(territory), Some(lesion)),
                    Tissue::LesionPerfused(lesion) => ("tumor_perfused", None, Some(lesion)),
                    Tissue::LesionWhole(lesion) => ("tumor_whole", None, Some(lesion)),
                    Tissue::NormalPerfused(territory) => ("normal_perfused", Some(territory), None),
                    Tissue::NormalWhole => ("normal_whole", None, None),
                    Tissue::Lungs => ("lung", None, None),
                };
                (kind, territory, lesion, row.mass_kg, row.gy_per_gbq.clone())
            })
            .collect()
    }

    fn doses_gy(&self, py: Python<'_>, activities_gbq: Vec<f64>) -> PyResult<Vec<f64>> {
        self.0.doses_gy(&activities_gbq).or_raise(py)
    }

    fn doses(&self, py: Python<'_>, delivered_activity_gbq: f64) -> PyResult<DosesParts> {
        self.0.doses(delivered_activity_gbq).or_raise(py).map(doses_parts)
    }

    fn activity_for_tumor_dose(
        &self,
        py: Python<'_>,
        target_dose_gy: f64,
        tumor: usize,
    ) -> PyResult<(f64, DosesParts)> {
        let (activity, doses) = self.0.activity_for_tumor_dose_gbq(target_dose_gy, tumor).or_raise(py)?;
        Ok((activity, doses_parts(doses)))
    }

    /// Every limit that is given with its activity, the least activity, the doses there.
    #[allow(clippy::type_complexity)]
    fn maximum_activity(
        &self,
        py: Python<'_>,
        limits: Limits,
    ) -> PyResult<(Vec<AtLimitParts>, Option<f64>, Option<DosesParts>)> {
        let (found, doses) = self.0.maximum_activity(&bounds(limits)).or_raise(py)?;
        let at_limits = found.at_limits.into_iter().map(|at| (at.kind, at.activity_gbq, at.binds)).collect();
        Ok((at_limits, found.activity_gbq, doses.map(doses_parts)))
    }

    /// The best plan, or nothing; and the limits that contradict each other.
    fn optimize_activities(
        &self,
        py: Python<'_>,
        objective: &str,
        tumor_dose: &str,
        limits: Limits,
        target_gy: Vec<Option<f64>>,
        weights: Vec<f64>,
    ) -> PyResult<(Option<BestParts>, Vec<ConstraintParts>)> {
        let bounds = Bounds {
            target_gy,
            weights,
            ..bounds(limits)
        };
        let result = py.detach(|| {
            let (objective, tumor_dose) = (Objective::from_name(objective)?, TumorDose::from_name(tumor_dose)?);
            optimum::optimum(&self.0, objective, tumor_dose, &bounds)
        });
        Ok(match result.or_raise(py)? {
            Optimum::Best(best) => {
                let constraints = best.constraints.into_iter().map(constraint_parts).collect();
                let plan = (best.activities_gbq, best.ranges_gbq, best.objective, constraints, best.lowest_lesions);
                (Some(plan), Vec::new())
            }
            Optimum::Infeasible(conflict) => (None, conflict.into_iter().map(constraint_parts).collect()),
        })
    }
}

fn lesion((name, overlap, unperfused_mass_kg): LesionSpec) -> crate::Result<Lesion> {
    Ok(Lesion {
        name,
        overlap: Overlap::from_name(&overlap)?,
        unperfused_mass_kg,
    })
}

fn bounds((lung, normal_perfused, normal_whole, activity_gbq): Limits) -> Bounds {
    let (normal_perfused_gy, prior_normal_perfused_dose_gy) = normal_perfused.into_iter().unzip();
    Bounds {
        lung_gy: lung.0,
        lung_cumulative_gy: lung.1,
        prior_lung_dose_gy: lung.2,
        normal_perfused_gy,
        prior_normal_perfused_dose_gy,
        normal_whole_gy: normal_whole.0,
        prior_normal_whole_dose_gy: normal_whole.1,
        activity_gbq,
        ..Bounds::default()
    }
}

fn doses_parts(doses: Doses) -> DosesParts {
    (
        doses.normal_perfused_gy,
        doses.normal_whole_gy,
        doses.tumors_gy,
        doses.perfused_mean_gy,
        doses.lung_gy,
        doses.liver_energy_j,
    )
}

fn constraint_parts(c: Constraint) -> ConstraintParts {
    let binds = c.binds();
    (c.name, c.unit, c.limit, c.value, binds, c.price.relaxed, c.price.tightened)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyTreatment>()
}
