use pyo3::prelude::*;

use crate::evaluation::gamma::{self, Criteria, Outside};
use crate::geometry::Affine;
use crate::python::arrays::{Map, View, shaped, with_map};
use crate::python::errors::OrRaise;
use crate::python::threads::{Threads, shared_out};

/// Gamma, normalization dose in Gy, how many points were evaluated, passed, and lay outside, and the mean gamma.
type Result<'py> = (Bound<'py, PyAny>, f64, usize, usize, usize, f64);

#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "the Python layer names them")]
fn gamma_index<'py>(
    py: Python<'py>,
    reference_gy: &Bound<'py, PyAny>,
    reference_affine_lps: [[f64; 4]; 4],
    evaluated_gy: &Bound<'py, PyAny>,
    evaluated_affine_lps: [[f64; 4]; 4],
    dose_difference_fraction: f64,
    distance_mm: f64,
    lower_dose_cutoff_fraction: f64,
    local: bool,
    normalization_gy: Option<f64>,
    maximum_gamma: f64,
    search_outside: bool,
    threads: Option<Threads>,
) -> PyResult<Result<'py>> {
    let from = Affine::new("the affine of the reference dose", reference_affine_lps).or_raise(py)?;
    let to = Affine::new("the affine of the evaluated dose", evaluated_affine_lps).or_raise(py)?;
    let criteria = Criteria::new(
        dose_difference_fraction,
        distance_mm,
        lower_dose_cutoff_fraction,
        local,
        normalization_gy,
        maximum_gamma,
        if search_outside {
            Outside::Search
        } else {
            Outside::Exclude
        },
    )
    .or_raise(py)?;
    let (reference, evaluated) = (Map::borrowed(reference_gy)?, Map::borrowed(evaluated_gy)?);
    let shape = reference_gy.getattr("shape")?.extract()?;
    let map = with_map!(reference, |reference| with_map!(evaluated, |evaluated| shared_out(py, threads, |workers| {
        gamma::gamma_index(reference, &from, evaluated, &to, &criteria, workers)
    })))?;
    let values = shaped(py, map.gamma, shape)?;
    Ok((values, map.normalization_gy, map.evaluated, map.passing, map.outside, map.mean))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("PASSING_GAMMA", gamma::PASSING)?;
    module.add_function(wrap_pyfunction!(gamma_index, module)?)
}
