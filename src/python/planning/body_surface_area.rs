use pyo3::prelude::*;

use crate::planning::body_surface_area::Formula;
use crate::python::errors::OrRaise;

#[pyfunction]
fn body_surface_area_m2(py: Python<'_>, height_cm: f64, weight_kg: f64, formula: &str) -> PyResult<f64> {
    py.detach(|| Formula::from_name(formula)?.area_m2(height_cm, weight_kg)).or_raise(py)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(body_surface_area_m2, module)?)
}
