use pyo3::prelude::*;

use crate::planning::energy_balance;
use crate::python::errors::OrRaise;
use crate::python::nuclide::PyNuclide;

#[pyfunction]
fn liver_energy_j(
    py: Python<'_>,
    delivered_activity_gbq: f64,
    lung_shunt_fraction: f64,
    nuclide: &PyNuclide,
) -> PyResult<f64> {
    py.detach(|| energy_balance::liver_energy_j(delivered_activity_gbq, lung_shunt_fraction, &nuclide.0))
        .or_raise(py)
}

#[pyfunction]
fn energy_fraction_in_tumor(
    py: Python<'_>,
    tumor_dose_gy: f64,
    tumor_mass_kg: f64,
    liver_energy_j: f64,
) -> PyResult<f64> {
    py.detach(|| energy_balance::fraction_in_tumor(tumor_dose_gy, tumor_mass_kg, liver_energy_j))
        .or_raise(py)
}

#[pyfunction]
fn tumor_mass_for_dose_kg(
    py: Python<'_>,
    tumor_dose_gy: f64,
    fraction_in_tumor: f64,
    liver_energy_j: f64,
) -> PyResult<f64> {
    py.detach(|| energy_balance::tumor_mass_kg(tumor_dose_gy, fraction_in_tumor, liver_energy_j))
        .or_raise(py)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(liver_energy_j, module)?)?;
    module.add_function(wrap_pyfunction!(energy_fraction_in_tumor, module)?)?;
    module.add_function(wrap_pyfunction!(tumor_mass_for_dose_kg, module)?)
}
