use pyo3::prelude::*;

use super::super::errors::OrRaise;
use super::super::nuclide::PyNuclide;
use crate::planning::decay::{self, DecayCorrection};

#[pyfunction]
fn decayed_activity_gbq(py: Python<'_>, activity_gbq: f64, elapsed_h: f64, nuclide: &PyNuclide) -> PyResult<f64> {
    decay::decayed_activity_gbq(activity_gbq, elapsed_h, &nuclide.0).or_raise(py)
}

#[pyfunction]
fn hours_to_decay(py: Python<'_>, activity_gbq: f64, to_activity_gbq: f64, nuclide: &PyNuclide) -> PyResult<f64> {
    decay::hours_to_decay(activity_gbq, to_activity_gbq, &nuclide.0).or_raise(py)
}

#[pyfunction]
fn time_integrated_activity_gbq_h(py: Python<'_>, activity_gbq: f64, nuclide: &PyNuclide) -> PyResult<f64> {
    decay::time_integrated_activity_gbq_h(activity_gbq, &nuclide.0).or_raise(py)
}

#[pyfunction]
fn historic_dose_factor(
    py: Python<'_>,
    delta_g_rad_per_uci_h: f64,
    mean_life_factor: f64,
    half_life_h: f64,
) -> PyResult<f64> {
    decay::historic_dose_factor(delta_g_rad_per_uci_h, mean_life_factor, half_life_h).or_raise(py)
}

#[pyfunction]
fn factor_to_administration(
    py: Python<'_>,
    decay_correction: &str,
    scan_delay_h: f64,
    frame_duration_h: Option<f64>,
    header_half_life_s: Option<f64>,
    nuclide: &PyNuclide,
) -> PyResult<f64> {
    DecayCorrection::from_name(decay_correction)
        .and_then(|correction| {
            decay::factor_to_administration(correction, scan_delay_h, frame_duration_h, header_half_life_s, &nuclide.0)
        })
        .or_raise(py)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(decayed_activity_gbq, module)?)?;
    module.add_function(wrap_pyfunction!(hours_to_decay, module)?)?;
    module.add_function(wrap_pyfunction!(time_integrated_activity_gbq_h, module)?)?;
    module.add_function(wrap_pyfunction!(historic_dose_factor, module)?)?;
    module.add_function(wrap_pyfunction!(factor_to_administration, module)?)?;
    module.add("GBQ_PER_MCI", decay::GBQ_PER_MCI)
}
