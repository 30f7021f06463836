use numpy::Element as NumpyElement;
use pyo3::prelude::*;

use crate::geometry::{Affine, Resampled, Resampling, resample};
use crate::python::arrays::{Map, View, shaped, with_map};
use crate::python::errors::OrRaise;
use crate::python::threads::{Threads, shared_out};

/// float32 or float64 in any memory order; the array, the number of voxels beyond the image and their share.
#[pyfunction]
#[allow(clippy::too_many_arguments)] // One per argument in Python.
fn _resampled<'py>(
    py: Python<'py>,
    image: &Bound<'py, PyAny>,
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
    with_map!(Map::borrowed(image)?, |view| {
        let done = shared_out(py, threads, |workers| resample(view, &from, shape, &to, method, fill, workers));
        wrapped(py, done?, shape)
    })
}

fn wrapped<T: NumpyElement>(
    py: Python<'_>,
    done: Resampled<T>,
    shape: [usize; 3],
) -> PyResult<(Bound<'_, PyAny>, usize, f64)> {
    Ok((shaped(py, done.values, shape)?, done.beyond, done.beyond_fraction))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_resampled, module)?)
}
