use pyo3::prelude::*;

use crate::planning::tumor_to_normal;
use crate::python::errors::OrRaise;

#[pyfunction]
fn tumor_to_normal_ratio(
    py: Python<'_>,
    tumor_counts: f64,
    tumor_mass_kg: f64,
    normal_counts: f64,
    normal_mass_kg: f64,
) -> PyResult<f64> {
    py.detach(|| tumor_to_normal::from_counts(tumor_counts, tumor_mass_kg, normal_counts, normal_mass_kg))
        .or_raise(py)
}

#[pyfunction]
fn tumor_to_normal_ratio_from_activity_ratio(
    py: Python<'_>,
    activity_ratio: f64,
    tumor_mass_kg: f64,
    normal_mass_kg: f64,
) -> PyResult<f64> {
    py.detach(|| tumor_to_normal::from_activity_ratio(activity_ratio, tumor_mass_kg, normal_mass_kg))
        .or_raise(py)
}

/// Activity in the normal liver, the lungs and in total, in GBq, and the lung shunt fraction.
#[pyfunction]
fn kao_activities(
    py: Python<'_>,
    tumor_activity_gbq: f64,
    activity_ratio: f64,
    tumor_lung_shunt_fraction: f64,
) -> PyResult<(f64, f64, f64, f64)> {
    let kao = py
        .detach(|| tumor_to_normal::kao_activities(tumor_activity_gbq, activity_ratio, tumor_lung_shunt_fraction))
        .or_raise(py)?;
    Ok((kao.normal_gbq, kao.lung_gbq, kao.total_gbq, kao.lung_shunt_fraction))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(tumor_to_normal_ratio, module)?)?;
    module.add_function(wrap_pyfunction!(tumor_to_normal_ratio_from_activity_ratio, module)?)?;
    module.add_function(wrap_pyfunction!(kao_activities, module)?)
}
