use numpy::{Element as NumpyElement, PyArray1, PyArrayMethods};
use pyo3::prelude::*;

use super::super::errors::{OrRaise, raise};
use super::super::nuclide::PyNuclide;
use super::super::threads::Threads;
use crate::simd::Element;
use crate::voxel::local_deposition::{Density, local_deposition};

/// One dimension, the voxels of all arrays in the same order; the density may be a number.
#[pyfunction]
fn _local_deposition(
    py: Python<'_>,
    activity_mbq_per_ml: &Bound<'_, PyAny>,
    density_g_per_ml: &Bound<'_, PyAny>,
    nuclide: &PyNuclide,
    out_gy: &Bound<'_, PyAny>,
    threads: Option<Threads>,
) -> PyResult<()> {
    let typed = if activity_mbq_per_ml.cast::<PyArray1<f32>>().is_ok() {
        typed::<f32>
    } else {
        typed::<f64>
    };
    typed(py, activity_mbq_per_ml, density_g_per_ml, nuclide, out_gy, threads.map(|threads| threads.0))
}

fn typed<T: NumpyElement + Element>(
    py: Python<'_>,
    activity: &Bound<'_, PyAny>,
    density: &Bound<'_, PyAny>,
    nuclide: &PyNuclide,
    out: &Bound<'_, PyAny>,
    threads: Option<usize>,
) -> PyResult<()> {
    let activity = activity.cast::<PyArray1<T>>()?.try_readonly()?;
    let per_voxel = density.cast::<PyArray1<T>>().ok().map(|density| density.try_readonly()).transpose()?;
    let density = match &per_voxel {
        Some(density) => Density::PerVoxel(density.as_slice()?),
        None => Density::Uniform(density.extract()?),
    };
    let mut out = out.cast::<PyArray1<T>>()?.try_readwrite().map_err(|borrow| {
        let message = format!("out must be writable and not in use by another call: {borrow}");
        raise(py, "ShapeError", &message).unwrap_or_else(|failure| failure)
    })?;
    let (activity, out) = (activity.as_slice()?, out.as_slice_mut()?);
    py.detach(|| local_deposition(activity, density, &nuclide.0, out, threads)).or_raise(py)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_local_deposition, module)?)
}
