use numpy::ndarray::Ix1;
use numpy::{Element as NumpyElement, PyArray1};
use pyo3::prelude::*;

use super::super::arrays::{borrowed, writable};
use super::super::nuclide::PyNuclide;
use super::super::threads::{Threads, shared_out};
use crate::simd::Float;
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
    typed(py, activity_mbq_per_ml, density_g_per_ml, nuclide, out_gy, threads)
}

fn typed<T: NumpyElement + Float>(
    py: Python<'_>,
    activity: &Bound<'_, PyAny>,
    density: &Bound<'_, PyAny>,
    nuclide: &PyNuclide,
    out: &Bound<'_, PyAny>,
    threads: Option<Threads>,
) -> PyResult<()> {
    let activity = borrowed::<T, Ix1>(activity)?;
    let is_array = density.cast::<PyArray1<T>>().is_ok();
    let per_voxel = is_array.then(|| borrowed::<T, Ix1>(density)).transpose()?;
    let density = match &per_voxel {
        Some(density) => Density::PerVoxel(density.as_slice()?),
        None => Density::Uniform(density.extract()?),
    };
    let mut out = writable::<T, Ix1>(out)?;
    let (activity, out) = (activity.as_slice()?, out.as_slice_mut()?);
    shared_out(py, threads, |workers| local_deposition(activity, density, &nuclide.0, out, workers))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_local_deposition, module)?)
}
