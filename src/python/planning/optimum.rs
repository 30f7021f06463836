use pyo3::prelude::*;

use super::super::errors::OrRaise;
use super::territories::PyTreatment;
use crate::planning::optimum::{self, Objective, Optimum};
use crate::planning::treatment_bounds::{Bounds, Constraint, TumorDose};

/// Name, unit, limit, value, whether it binds, change of the objective if relaxed and if tightened.
type ConstraintParts = (String, &'static str, f64, f64, bool, f64, f64);
/// Activities, their ranges, objective, constraints, lesions with the lowest dose.
type BestParts = (Vec<f64>, Vec<(f64, f64)>, f64, Vec<ConstraintParts>, Vec<usize>);
/// Single, cumulative and prior.
type LungDoses = (Option<f64>, Option<f64>, f64);
/// Limit and prior.
type Limited = (Option<f64>, f64);

/// The best plan, or nothing; and the limits that contradict each other.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "the Python layer names them")]
fn optimum_activities(
    py: Python<'_>,
    treatment: &PyTreatment,
    objective: &str,
    tumor_dose: &str,
    lung_gy: LungDoses,
    normal_perfused_gy: Vec<Limited>,
    normal_whole_gy: Limited,
    activity_gbq: Vec<Option<f64>>,
    target_gy: Vec<Option<f64>>,
    weights: Vec<f64>,
) -> PyResult<(Option<BestParts>, Vec<ConstraintParts>)> {
    let (normal_perfused_gy, prior_normal_perfused_dose_gy) = normal_perfused_gy.into_iter().unzip();
    let bounds = Bounds {
        lung_gy: lung_gy.0,
        lung_cumulative_gy: lung_gy.1,
        prior_lung_dose_gy: lung_gy.2,
        normal_perfused_gy,
        prior_normal_perfused_dose_gy,
        normal_whole_gy: normal_whole_gy.0,
        prior_normal_whole_dose_gy: normal_whole_gy.1,
        activity_gbq,
        target_gy,
        weights,
    };
    let result = py.detach(|| {
        let (objective, tumor_dose) = (Objective::from_name(objective)?, TumorDose::from_name(tumor_dose)?);
        optimum::optimum(&treatment.0, objective, tumor_dose, &bounds)
    });
    Ok(match result.or_raise(py)? {
        Optimum::Best(best) => {
            let constraints = best.constraints.into_iter().map(parts).collect();
            let plan = (best.activities_gbq, best.ranges_gbq, best.objective, constraints, best.lowest_lesions);
            (Some(plan), Vec::new())
        }
        Optimum::Infeasible(conflict) => (None, conflict.into_iter().map(parts).collect()),
    })
}

fn parts(c: Constraint) -> ConstraintParts {
    let binds = c.binds();
    (c.name, c.unit, c.limit, c.value, binds, c.price.relaxed, c.price.tightened)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(optimum_activities, module)?)
}
