use pyo3::prelude::*;

use crate::planning::resin_activity::{self, Boundary};
use crate::python::errors::OrRaise;

#[pyfunction]
fn resin_bsa_gbq(
    py: Python<'_>,
    body_surface_area_m2: f64,
    tumor_volume_ml: f64,
    liver_volume_ml: f64,
) -> PyResult<f64> {
    py.detach(|| resin_activity::bsa_gbq(body_surface_area_m2, tumor_volume_ml, liver_volume_ml))
        .or_raise(py)
}

#[pyfunction]
fn resin_modified_bsa_gbq(
    py: Python<'_>,
    body_surface_area_m2: f64,
    tumor_volume_in_treated_ml: f64,
    treated_volume_ml: f64,
    liver_volume_ml: f64,
) -> PyResult<f64> {
    py.detach(|| {
        resin_activity::modified_bsa_gbq(
            body_surface_area_m2,
            tumor_volume_in_treated_ml,
            treated_volume_ml,
            liver_volume_ml,
        )
    })
    .or_raise(py)
}

#[pyfunction]
fn resin_simple_lobar_bsa_gbq(
    py: Python<'_>,
    body_surface_area_m2: f64,
    tumor_volume_ml: f64,
    treated_volume_ml: f64,
    liver_volume_ml: f64,
) -> PyResult<f64> {
    py.detach(|| {
        resin_activity::simple_lobar_bsa_gbq(body_surface_area_m2, tumor_volume_ml, treated_volume_ml, liver_volume_ml)
    })
    .or_raise(py)
}

#[pyfunction]
fn resin_empirical_gbq(
    py: Python<'_>,
    tumor_involvement_fraction: f64,
    treated_fraction_of_liver: f64,
) -> PyResult<f64> {
    py.detach(|| resin_activity::empirical_gbq(tumor_involvement_fraction, treated_fraction_of_liver))
        .or_raise(py)
}

#[pyfunction]
fn lung_shunt_factor(py: Python<'_>, lung_shunt_fraction: f64, boundary: &str) -> PyResult<f64> {
    py.detach(|| Boundary::from_name(boundary)?.lung_shunt_factor(lung_shunt_fraction)).or_raise(py)
}

/// The boundary that a lung shunt fraction sits on, and the one that it sits on when rounded to a whole percentage.
#[pyfunction]
fn lung_shunt_boundaries(lung_shunt_fraction: f64) -> (Option<f64>, Option<f64>) {
    (
        resin_activity::boundary_at(lung_shunt_fraction),
        resin_activity::boundary_at_rounded(lung_shunt_fraction),
    )
}

#[pyfunction]
fn physician_factor(py: Python<'_>, factor: f64) -> PyResult<f64> {
    py.detach(|| resin_activity::physician_factor(factor)).or_raise(py)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(resin_bsa_gbq, module)?)?;
    module.add_function(wrap_pyfunction!(resin_modified_bsa_gbq, module)?)?;
    module.add_function(wrap_pyfunction!(resin_simple_lobar_bsa_gbq, module)?)?;
    module.add_function(wrap_pyfunction!(resin_empirical_gbq, module)?)?;
    module.add_function(wrap_pyfunction!(lung_shunt_factor, module)?)?;
    module.add_function(wrap_pyfunction!(lung_shunt_boundaries, module)?)?;
    module.add_function(wrap_pyfunction!(physician_factor, module)?)
}
