use pyo3::prelude::*;

use super::super::errors::OrRaise;
use super::super::nuclide::PyNuclide;
use crate::planning::delivery;

/// Residual fraction, clamped and as measured.
#[pyfunction]
fn residual_fractions(
    py: Python<'_>,
    before: f64,
    after: f64,
    background: f64,
    elapsed_h: f64,
    noise: f64,
    nuclide: &PyNuclide,
) -> PyResult<(f64, f64)> {
    delivery::residual(before, after, background, elapsed_h, noise, &nuclide.0)
        .map(|r| (r.residual_fraction, r.measured_fraction))
        .or_raise(py)
}

#[pyfunction]
fn delivered_activity_gbq(py: Python<'_>, vial_activity_gbq: f64, residual_fraction: f64) -> PyResult<f64> {
    delivery::delivered_activity_gbq(vial_activity_gbq, residual_fraction).or_raise(py)
}

#[pyfunction]
fn number_of_spheres(py: Python<'_>, activity_gbq: f64, sphere_activity_bq: f64) -> PyResult<f64> {
    delivery::number_of_spheres(activity_gbq, sphere_activity_bq).or_raise(py)
}

#[pyfunction]
fn sphere_activity_bq(py: Python<'_>, activity_gbq: f64, spheres: f64) -> PyResult<f64> {
    delivery::sphere_activity_bq(activity_gbq, spheres).or_raise(py)
}

/// Exact, earliest and latest hours after calibration.
#[pyfunction]
fn vial_timing(
    py: Python<'_>,
    calibration_activity_gbq: f64,
    needed_activity_gbq: f64,
    tolerance_fraction: f64,
    nuclide: &PyNuclide,
) -> PyResult<(f64, f64, f64)> {
    delivery::vial_timing(calibration_activity_gbq, needed_activity_gbq, tolerance_fraction, &nuclide.0)
        .map(|t| (t.exact_h, t.earliest_h, t.latest_h))
        .or_raise(py)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(residual_fractions, module)?)?;
    module.add_function(wrap_pyfunction!(delivered_activity_gbq, module)?)?;
    module.add_function(wrap_pyfunction!(number_of_spheres, module)?)?;
    module.add_function(wrap_pyfunction!(sphere_activity_bq, module)?)?;
    module.add_function(wrap_pyfunction!(vial_timing, module)?)
}
