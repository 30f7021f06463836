use pyo3::prelude::*;

use crate::error::Result;
use crate::planning::single_compartment::SingleCompartment;
use crate::python::errors::OrRaise;
use crate::python::nuclide::PyNuclide;

/// In vial and delivered activity in GBq, perfused and lung dose in Gy.
type Row = (f64, f64, f64, f64);

fn row(model: &SingleCompartment, in_vial: f64, delivered: f64) -> Result<Row> {
    Ok((in_vial, delivered, model.perfused_dose_gy(delivered)?, model.lung_dose_gy(delivered)?))
}

#[pyfunction]
fn single_compartment_dose(
    py: Python<'_>,
    activity_in_vial_gbq: f64,
    mass_kg: f64,
    lung_shunt_fraction: f64,
    residual_fraction: f64,
    lung_mass_kg: f64,
    nuclide: &PyNuclide,
) -> PyResult<Row> {
    py.detach(|| {
        let model = SingleCompartment::new(mass_kg, lung_shunt_fraction, residual_fraction, lung_mass_kg, &nuclide.0)?;
        row(&model, activity_in_vial_gbq, model.delivered_gbq(activity_in_vial_gbq)?)
    })
    .or_raise(py)
}

#[pyfunction]
fn single_compartment_activity(
    py: Python<'_>,
    target_dose_gy: f64,
    mass_kg: f64,
    lung_shunt_fraction: f64,
    residual_fraction: f64,
    lung_mass_kg: f64,
    nuclide: &PyNuclide,
) -> PyResult<Row> {
    py.detach(|| {
        let model = SingleCompartment::new(mass_kg, lung_shunt_fraction, residual_fraction, lung_mass_kg, &nuclide.0)?;
        let delivered = model.delivered_for_dose_gbq(target_dose_gy)?;
        row(&model, model.in_vial_gbq(delivered)?, delivered)
    })
    .or_raise(py)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(single_compartment_dose, module)?)?;
    module.add_function(wrap_pyfunction!(single_compartment_activity, module)?)
}
