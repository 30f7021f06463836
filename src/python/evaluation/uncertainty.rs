use pyo3::prelude::*;

use crate::evaluation::uncertainty::{self, RecoveryCurve};
use crate::python::errors::OrRaise;

/// A recovery curve: b1 in mL, b2, their covariance matrix.
type Curve = (f64, f64, [[f64; 2]; 2]);

#[pyfunction]
fn diameter_uncertainty_mm(py: Python<'_>, voxel_size_mm: f64, fwhm_mm: f64) -> PyResult<f64> {
    uncertainty::diameter_uncertainty_mm(voxel_size_mm, fwhm_mm).or_raise(py)
}

#[pyfunction]
fn sphere_volume_uncertainty(py: Python<'_>, diameter_mm: f64, diameter_uncertainty_mm: f64) -> PyResult<f64> {
    uncertainty::sphere_volume_uncertainty(diameter_mm, diameter_uncertainty_mm).or_raise(py)
}

#[pyfunction]
fn ellipsoid_volume_uncertainty(py: Python<'_>, diameters_mm: [f64; 3], diameter_uncertainty_mm: f64) -> PyResult<f64> {
    uncertainty::ellipsoid_volume_uncertainty(diameters_mm, diameter_uncertainty_mm).or_raise(py)
}

#[pyfunction]
fn count_edge_factor(py: Python<'_>, radius_mm: f64, fwhm_mm: f64) -> PyResult<f64> {
    uncertainty::count_edge_factor(radius_mm, fwhm_mm).or_raise(py)
}

#[pyfunction]
fn combined_uncertainty(py: Python<'_>, relative: Vec<f64>) -> PyResult<f64> {
    uncertainty::combined(&relative).or_raise(py)
}

/// Recovery coefficient and its relative uncertainty.
#[pyfunction]
fn recovery(py: Python<'_>, volume_ml: f64, volume_uncertainty: f64, curve: Curve) -> PyResult<(f64, f64)> {
    let curve = RecoveryCurve::new(curve.0, curve.1, curve.2).or_raise(py)?;
    let uncertainty = curve.uncertainty(volume_ml, volume_uncertainty).or_raise(py)?;
    Ok((curve.recovery(volume_ml).or_raise(py)?, uncertainty))
}

/// Relative uncertainties of count rate, recovery, activity, time-integrated activity, S value and dose.
#[pyfunction]
fn dose_uncertainty(
    py: Python<'_>,
    volume_ml: f64,
    volume_uncertainty: f64,
    fwhm_mm: f64,
    curve: Curve,
    calibration_uncertainty: f64,
    half_life_uncertainty: f64,
) -> PyResult<[f64; 6]> {
    let curve = RecoveryCurve::new(curve.0, curve.1, curve.2).or_raise(py)?;
    let u = uncertainty::dose_uncertainty(
        volume_ml,
        volume_uncertainty,
        fwhm_mm,
        &curve,
        calibration_uncertainty,
        half_life_uncertainty,
    )
    .or_raise(py)?;
    Ok([
        u.count_rate,
        u.recovery,
        u.activity,
        u.time_integrated_activity,
        u.s_value,
        u.dose,
    ])
}

/// Sensitivities of the tumor and normal dose, and relative uncertainties of the tumor, normal and lung dose.
#[pyfunction]
fn partition_uncertainty(
    py: Python<'_>,
    lung_shunt_fraction: f64,
    masses_kg: [f64; 2],
    tumor_to_normal_ratio: f64,
    relative: [f64; 5],
    lung_mass: f64,
    correlation: f64,
) -> PyResult<([f64; 5], [f64; 5], [f64; 3])> {
    let u = uncertainty::partition_uncertainty(
        lung_shunt_fraction,
        masses_kg[0],
        masses_kg[1],
        tumor_to_normal_ratio,
        relative,
        lung_mass,
        correlation,
    )
    .or_raise(py)?;
    Ok((u.tumor_sensitivity, u.normal_sensitivity, [u.tumor, u.normal, u.lung]))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(diameter_uncertainty_mm, module)?)?;
    module.add_function(wrap_pyfunction!(sphere_volume_uncertainty, module)?)?;
    module.add_function(wrap_pyfunction!(ellipsoid_volume_uncertainty, module)?)?;
    module.add_function(wrap_pyfunction!(count_edge_factor, module)?)?;
    module.add_function(wrap_pyfunction!(combined_uncertainty, module)?)?;
    module.add_function(wrap_pyfunction!(recovery, module)?)?;
    module.add_function(wrap_pyfunction!(dose_uncertainty, module)?)?;
    module.add_function(wrap_pyfunction!(partition_uncertainty, module)?)
}
