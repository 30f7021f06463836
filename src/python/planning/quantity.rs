use pyo3::prelude::*;

use crate::error::check;
use crate::python::errors::OrRaise;

/// The value, where it is finite and at least zero.
#[pyfunction]
fn non_negative(py: Python<'_>, quantity: &str, value: f64) -> PyResult<f64> {
    check::non_negative(quantity, value).or_raise(py)
}

/// The value, where it is within `[0, 1)`.
#[pyfunction]
fn fraction_below_one(py: Python<'_>, quantity: &str, value: f64) -> PyResult<f64> {
    check::fraction_below_one(quantity, value).or_raise(py)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(non_negative, module)?)?;
    module.add_function(wrap_pyfunction!(fraction_below_one, module)?)
}
