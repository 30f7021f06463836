use numpy::PyArray1;
use numpy::ndarray::Ix3;
use pyo3::prelude::*;

use super::super::arrays::{borrowed, writable};
use super::super::threads::{Threads, detached, shared_out};
use crate::voxel::noise;

#[pyfunction]
#[pyo3(signature = (standard_deviation, seed, draw, out, threads = None))]
fn _draw_noise(
    py: Python<'_>,
    standard_deviation: &Bound<'_, PyAny>,
    seed: u64,
    draw: u32,
    out: &Bound<'_, PyAny>,
    threads: Option<Threads>,
) -> PyResult<()> {
    let standard_deviation = borrowed::<f32, Ix3>(standard_deviation)?;
    let mut out = writable::<f32, Ix3>(out)?;
    let (standard_deviation, out) = (standard_deviation.as_slice()?, out.as_slice_mut()?);
    shared_out(py, threads, |workers| noise::draw_noise(standard_deviation, seed, draw, out, workers))
}

#[pyfunction]
fn _standard_normals(py: Python<'_>, seed: u64, stream: u64, count: usize) -> PyResult<Bound<'_, PyArray1<f64>>> {
    let z = detached(py, || noise::standard_normals(seed, stream, count))?;
    Ok(PyArray1::from_vec(py, z))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_draw_noise, module)?)?;
    module.add_function(wrap_pyfunction!(_standard_normals, module)?)
}
