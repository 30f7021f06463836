use numpy::ndarray::Ix1;
use numpy::{Element as NumpyElement, PyArray1};
use pyo3::prelude::*;

use super::super::arrays::{borrowed, writable};
use super::super::errors::OrRaise;
use super::super::threads::{Threads, shared_out};
use crate::simd::Float;
use crate::voxel::ct_density::{CtNumber, DensityCurve, Outside, density_from_ct};

/// Whether the nodes make a curve.
#[pyfunction]
fn _check_density_curve(py: Python<'_>, hounsfield_units: Vec<f64>, density_g_per_ml: Vec<f64>) -> PyResult<()> {
    DensityCurve::new(&hounsfield_units, &density_g_per_ml).map(|_| ()).or_raise(py)
}

/// One dimension, int16, int32, float32 or float64 to float32 or float64; how many lay below and above the curve.
#[pyfunction]
fn _density_from_ct(
    py: Python<'_>,
    ct: &Bound<'_, PyAny>,
    nodes: (Vec<f64>, Vec<f64>),
    clamp: bool,
    out_g_per_ml: &Bound<'_, PyAny>,
    threads: Option<Threads>,
) -> PyResult<(u64, u64)> {
    let curve = DensityCurve::new(&nodes.0, &nodes.1).or_raise(py)?;
    let outside = if clamp { Outside::Clamp } else { Outside::Refuse };
    let typed = if ct.cast::<PyArray1<i16>>().is_ok() {
        typed::<i16, f32>
    } else if ct.cast::<PyArray1<i32>>().is_ok() {
        typed::<i32, f32>
    } else if ct.cast::<PyArray1<f32>>().is_ok() {
        typed::<f32, f32>
    } else {
        typed::<f64, f64>
    };
    typed(py, ct, &curve, outside, out_g_per_ml, threads)
}

fn typed<H: NumpyElement + CtNumber, T: NumpyElement + Float>(
    py: Python<'_>,
    ct: &Bound<'_, PyAny>,
    curve: &DensityCurve,
    outside: Outside,
    out: &Bound<'_, PyAny>,
    threads: Option<Threads>,
) -> PyResult<(u64, u64)> {
    let ct = borrowed::<H, Ix1>(ct)?;
    let mut out = writable::<T, Ix1>(out)?;
    let (ct, out) = (ct.as_slice()?, out.as_slice_mut()?);
    let beyond = shared_out(py, threads, |workers| density_from_ct(ct, curve, outside, out, workers))?;
    Ok((beyond.below, beyond.above))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_check_density_curve, module)?)?;
    module.add_function(wrap_pyfunction!(_density_from_ct, module)?)
}
