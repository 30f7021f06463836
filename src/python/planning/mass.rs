use pyo3::prelude::*;

use crate::planning::mass;
use crate::python::errors::OrRaise;

#[pyfunction]
fn mass_kg(py: Python<'_>, volume_ml: f64, density_g_per_ml: f64) -> PyResult<f64> {
    py.detach(|| mass::mass_kg(volume_ml, density_g_per_ml)).or_raise(py)
}

#[pyfunction]
fn ellipsoid_volume_ml(py: Python<'_>, diameters_mm: [f64; 3]) -> PyResult<f64> {
    py.detach(|| mass::ellipsoid_volume_ml(diameters_mm)).or_raise(py)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(mass_kg, module)?)?;
    module.add_function(wrap_pyfunction!(ellipsoid_volume_ml, module)?)
}
