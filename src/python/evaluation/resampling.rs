use numpy::{Element as NumpyElement, PyArray1, PyArrayMethods};
use pyo3::prelude::*;

use super::arrays::{Dose, View, with_dose};
use crate::evaluation::{Affine, Resampled, Resampling, resampled};
use crate::python::errors::OrRaise;
use crate::python::threads::Threads;

/// float32 or float64 in any memory order; the array, the number of voxels beyond the image and their share.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // One per argument in Python.
fn _resampled<'py>(
    py: Python<'py>,
    image: Dose<'py>,
    image_affine_lps: [[f64; 4]; 4],
    shape: [usize; 3],
    affine_lps: [[f64; 4]; 4],
    average: bool,
    fill: Option<f64>,
    threads: Option<Threads>,
) -> PyResult<(Bound<'py, PyAny>, usize, f64)> {
    let from = Affine::new("affine_lps of the image", image_affine_lps).or_raise(py)?;
    let to = Affine::new("affine_lps of the grid", affine_lps).or_raise(py)?;
    let method = if average {
        Resampling::Average
    } else {
        Resampling::Linear
    };
    let threads = threads.map(|threads| threads.0);
    with_dose!(image, |view| {
        let done = py.detach(|| resampled(view, &from, shape, &to, method, fill, threads));
        wrapped(py, done.or_raise(py)?, shape)
    })
}

fn wrapped<T: NumpyElement>(
    py: Python<'_>,
    done: Resampled<T>,
    shape: [usize; 3],
) -> PyResult<(Bound<'_, PyAny>, usize, f64)> {
    let values = PyArray1::from_vec(py, done.values).reshape(shape)?;
    Ok((values.into_any(), done.beyond, done.beyond_fraction))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_resampled, module)?)
}
