use numpy::PyArray1;
use numpy::ndarray::Ix1;
use pyo3::prelude::*;

use crate::error::Result;
use crate::evaluation::radiobiology::{self, DoseShares, LinearQuadratic};
use crate::python::arrays::borrowed;
use crate::python::errors::OrRaise;
use crate::python::threads::detached;

/// One dimension, float64.
type Values<'a, 'py> = &'a Bound<'py, PyAny>;

/// Borrows doses and volumes, and calls `work` on their distribution without the GIL.
fn on_shares(
    py: Python<'_>,
    dose_gy: Values<'_, '_>,
    volumes: Option<Values<'_, '_>>,
    work: impl FnOnce(DoseShares) -> Result<f64> + Send,
) -> PyResult<f64> {
    let dose_gy = borrowed::<f64, Ix1>(dose_gy)?;
    let volumes = volumes.map(borrowed::<f64, Ix1>).transpose()?;
    let dose_gy = dose_gy.as_slice()?;
    let volumes = volumes.as_ref().map(|v| v.as_slice()).transpose()?;
    detached(py, || work(DoseShares::new(dose_gy, volumes)?))
}

/// Borrows numbers, calls `work` on them without the GIL, and returns as many.
fn on_each<'py>(
    py: Python<'py>,
    values: Values<'_, 'py>,
    work: impl FnOnce(&[f64]) -> Result<Vec<f64>> + Send,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let values = borrowed::<f64, Ix1>(values)?;
    let values = values.as_slice()?;
    Ok(PyArray1::from_vec(py, detached(py, || work(values))?))
}

#[pyfunction]
fn bed_gy<'py>(
    py: Python<'py>,
    dose_gy: Values<'_, 'py>,
    alpha_beta_gy: f64,
    repair_half_time_h: f64,
    half_life_h: f64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let model = LinearQuadratic::new(alpha_beta_gy, repair_half_time_h, half_life_h).or_raise(py)?;
    on_each(py, dose_gy, |dose_gy| model.bed_gy(dose_gy))
}

#[pyfunction]
fn dose_from_bed_gy<'py>(
    py: Python<'py>,
    bed_gy: Values<'_, 'py>,
    alpha_beta_gy: f64,
    repair_half_time_h: f64,
    half_life_h: f64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let model = LinearQuadratic::new(alpha_beta_gy, repair_half_time_h, half_life_h).or_raise(py)?;
    on_each(py, bed_gy, |bed_gy| model.dose_gy(bed_gy))
}

#[pyfunction]
fn eqd2_gy<'py>(py: Python<'py>, bed_gy: Values<'_, 'py>, alpha_beta_gy: f64) -> PyResult<Bound<'py, PyArray1<f64>>> {
    on_each(py, bed_gy, |bed_gy| radiobiology::eqd2_gy(bed_gy, alpha_beta_gy))
}

#[pyfunction]
fn generalized_eud_gy(
    py: Python<'_>,
    dose_gy: Values<'_, '_>,
    volumes: Option<Values<'_, '_>>,
    a: f64,
) -> PyResult<f64> {
    on_shares(py, dose_gy, volumes, |shares| shares.generalized_eud_gy(a))
}

#[pyfunction]
fn survival_eud_gy(
    py: Python<'_>,
    dose_gy: Values<'_, '_>,
    volumes: Option<Values<'_, '_>>,
    alpha_per_gy: f64,
) -> PyResult<f64> {
    on_shares(py, dose_gy, volumes, |shares| shares.survival_eud_gy(alpha_per_gy))
}

#[pyfunction]
fn eubed_gy(
    py: Python<'_>,
    dose_gy: Values<'_, '_>,
    volumes: Option<Values<'_, '_>>,
    alpha_per_gy: f64,
    alpha_beta_gy: f64,
    repair_half_time_h: f64,
    half_life_h: f64,
) -> PyResult<f64> {
    let model = LinearQuadratic::new(alpha_beta_gy, repair_half_time_h, half_life_h).or_raise(py)?;
    on_shares(py, dose_gy, volumes, |shares| model.eubed_gy(&shares, alpha_per_gy))
}

#[pyfunction]
fn lyman_ntcp(
    py: Python<'_>,
    dose_gy: Values<'_, '_>,
    volumes: Option<Values<'_, '_>>,
    td50_gy: f64,
    m: f64,
    n: f64,
) -> PyResult<f64> {
    on_shares(py, dose_gy, volumes, |shares| shares.lyman_ntcp(td50_gy, m, n))
}

#[pyfunction]
fn logistic_response(
    py: Python<'_>,
    dose_gy: Values<'_, '_>,
    volumes: Option<Values<'_, '_>>,
    d50_gy: f64,
    gamma50: f64,
) -> PyResult<f64> {
    on_shares(py, dose_gy, volumes, |shares| shares.logistic_response(d50_gy, gamma50))
}

#[pyfunction]
fn poisson_tcp(
    py: Python<'_>,
    dose_gy: Values<'_, '_>,
    volumes: Option<Values<'_, '_>>,
    alpha_per_gy: f64,
    clonogens: f64,
) -> PyResult<f64> {
    on_shares(py, dose_gy, volumes, |shares| shares.poisson_tcp(alpha_per_gy, clonogens))
}

/// Lowest dose among the volumes that are not zero.
#[pyfunction]
fn minimum_dose_gy(py: Python<'_>, dose_gy: Values<'_, '_>, volumes: Option<Values<'_, '_>>) -> PyResult<f64> {
    on_shares(py, dose_gy, volumes, |shares| Ok(shares.minimum_gy()))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(bed_gy, module)?)?;
    module.add_function(wrap_pyfunction!(dose_from_bed_gy, module)?)?;
    module.add_function(wrap_pyfunction!(eqd2_gy, module)?)?;
    module.add_function(wrap_pyfunction!(generalized_eud_gy, module)?)?;
    module.add_function(wrap_pyfunction!(survival_eud_gy, module)?)?;
    module.add_function(wrap_pyfunction!(eubed_gy, module)?)?;
    module.add_function(wrap_pyfunction!(lyman_ntcp, module)?)?;
    module.add_function(wrap_pyfunction!(logistic_response, module)?)?;
    module.add_function(wrap_pyfunction!(poisson_tcp, module)?)?;
    module.add_function(wrap_pyfunction!(minimum_dose_gy, module)?)
}
