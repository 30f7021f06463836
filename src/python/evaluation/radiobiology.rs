use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;

use crate::error::Result;
use crate::evaluation::radiobiology::{self, DoseShares, LinearQuadratic};
use crate::python::errors::OrRaise;

type Values<'py> = PyReadonlyArray1<'py, f64>;

/// Borrows doses and volumes, and calls `work` on their distribution without the GIL.
fn on_shares(
    py: Python<'_>,
    dose_gy: &Values<'_>,
    volumes: Option<&Values<'_>>,
    work: impl FnOnce(DoseShares) -> Result<f64> + Send,
) -> PyResult<f64> {
    let dose_gy = dose_gy.as_slice()?;
    let volumes = volumes.map(|v| v.as_slice()).transpose()?;
    py.detach(|| work(DoseShares::new(dose_gy, volumes)?)).or_raise(py)
}

#[pyfunction]
fn bed_gy<'py>(
    py: Python<'py>,
    dose_gy: Values<'py>,
    alpha_beta_gy: f64,
    repair_half_time_h: f64,
    half_life_h: f64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let model = LinearQuadratic::new(alpha_beta_gy, repair_half_time_h, half_life_h).or_raise(py)?;
    let dose_gy = dose_gy.as_slice()?;
    Ok(PyArray1::from_vec(py, py.detach(|| model.bed_gy(dose_gy)).or_raise(py)?))
}

#[pyfunction]
fn dose_from_bed_gy<'py>(
    py: Python<'py>,
    bed_gy: Values<'py>,
    alpha_beta_gy: f64,
    repair_half_time_h: f64,
    half_life_h: f64,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let model = LinearQuadratic::new(alpha_beta_gy, repair_half_time_h, half_life_h).or_raise(py)?;
    let bed_gy = bed_gy.as_slice()?;
    Ok(PyArray1::from_vec(py, py.detach(|| model.dose_gy(bed_gy)).or_raise(py)?))
}

#[pyfunction]
fn eqd2_gy<'py>(py: Python<'py>, bed_gy: Values<'py>, alpha_beta_gy: f64) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let bed_gy = bed_gy.as_slice()?;
    let eqd2 = py.detach(|| radiobiology::eqd2_gy(bed_gy, alpha_beta_gy)).or_raise(py)?;
    Ok(PyArray1::from_vec(py, eqd2))
}

#[pyfunction]
fn generalized_eud_gy(py: Python<'_>, dose_gy: Values<'_>, volumes: Option<Values<'_>>, a: f64) -> PyResult<f64> {
    on_shares(py, &dose_gy, volumes.as_ref(), |shares| shares.generalized_eud_gy(a))
}

#[pyfunction]
fn survival_eud_gy(
    py: Python<'_>,
    dose_gy: Values<'_>,
    volumes: Option<Values<'_>>,
    alpha_per_gy: f64,
) -> PyResult<f64> {
    on_shares(py, &dose_gy, volumes.as_ref(), |shares| shares.survival_eud_gy(alpha_per_gy))
}

#[pyfunction]
fn eubed_gy(
    py: Python<'_>,
    dose_gy: Values<'_>,
    volumes: Option<Values<'_>>,
    alpha_per_gy: f64,
    alpha_beta_gy: f64,
    repair_half_time_h: f64,
    half_life_h: f64,
) -> PyResult<f64> {
    let model = LinearQuadratic::new(alpha_beta_gy, repair_half_time_h, half_life_h).or_raise(py)?;
    on_shares(py, &dose_gy, volumes.as_ref(), |shares| model.eubed_gy(&shares, alpha_per_gy))
}

#[pyfunction]
fn lyman_ntcp(
    py: Python<'_>,
    dose_gy: Values<'_>,
    volumes: Option<Values<'_>>,
    td50_gy: f64,
    m: f64,
    n: f64,
) -> PyResult<f64> {
    on_shares(py, &dose_gy, volumes.as_ref(), |shares| shares.lyman_ntcp(td50_gy, m, n))
}

#[pyfunction]
fn logistic_response(
    py: Python<'_>,
    dose_gy: Values<'_>,
    volumes: Option<Values<'_>>,
    d50_gy: f64,
    gamma50: f64,
) -> PyResult<f64> {
    on_shares(py, &dose_gy, volumes.as_ref(), |shares| shares.logistic_response(d50_gy, gamma50))
}

#[pyfunction]
fn poisson_tcp(
    py: Python<'_>,
    dose_gy: Values<'_>,
    volumes: Option<Values<'_>>,
    alpha_per_gy: f64,
    clonogens: f64,
) -> PyResult<f64> {
    on_shares(py, &dose_gy, volumes.as_ref(), |shares| shares.poisson_tcp(alpha_per_gy, clonogens))
}

/// Lowest dose among the volumes that are not zero.
#[pyfunction]
fn minimum_dose_gy(py: Python<'_>, dose_gy: Values<'_>, volumes: Option<Values<'_>>) -> PyResult<f64> {
    on_shares(py, &dose_gy, volumes.as_ref(), |shares| Ok(shares.minimum_gy()))
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
