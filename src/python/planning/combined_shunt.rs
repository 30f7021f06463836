use pyo3::prelude::*;

use super::super::errors::OrRaise;
use crate::planning::combined_shunt;

#[pyfunction]
fn combined_lung_shunt_fraction(py: Python<'_>, lung_shunt_fractions: Vec<f64>, weights: Vec<f64>) -> PyResult<f64> {
    combined_shunt::combined_lung_shunt_fraction(&lung_shunt_fractions, &weights).or_raise(py)
}

#[pyfunction]
fn lung_shunt_if_all_from_one(py: Python<'_>, combined_fraction: f64, weights: Vec<f64>) -> PyResult<Vec<Option<f64>>> {
    combined_shunt::lung_shunt_if_all_from_one(combined_fraction, &weights).or_raise(py)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(combined_lung_shunt_fraction, module)?)?;
    module.add_function(wrap_pyfunction!(lung_shunt_if_all_from_one, module)?)
}
