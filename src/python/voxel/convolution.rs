use numpy::ndarray::Ix3;
use numpy::{Element as NumpyElement, PyReadonlyArray3, PyReadwriteArray3};
use pyo3::prelude::*;

use super::super::arrays::{borrowed, bytes, shaped, writable};
use super::super::threads::{detached, interruptible};
use crate::memory;
use crate::simd::Float;
use crate::voxel::convolution::{ConvolutionPlan, Method, Octant, Output, Selection};

enum Plan {
    F32(ConvolutionPlan<f32>),
    F64(ConvolutionPlan<f64>),
}

/// The same expression for either type of plan.
macro_rules! either {
    ($plan:expr, $name:ident => $do:expr) => {
        match $plan {
            Plan::F32($name) => $do,
            Plan::F64($name) => $do,
        }
    };
}

#[pyclass(name = "ConvolutionPlan", module = "yttria._core", frozen)]
pub struct PyConvolutionPlan(Plan);

#[pymethods]
impl PyConvolutionPlan {
    #[new]
    fn new(
        py: Python<'_>,
        shape: [usize; 3],
        kernel: &Bound<'_, PyAny>,
        single_precision: bool,
        threads: Option<usize>,
        method: &str,
    ) -> PyResult<Self> {
        let kernel = borrowed::<f64, Ix3>(kernel)?;
        let kernel = kernel.as_array();
        let dimensions = kernel.dim();
        detached(py, || {
            let values = memory::collected("convolution kernel", kernel.iter().copied())?;
            let octant = Octant::new(dimensions.into(), &values)?;
            let method = Method::from_name(method)?;
            Ok(Self(if single_precision {
                Plan::F32(ConvolutionPlan::new(shape, &octant, threads, method)?)
            } else {
                Plan::F64(ConvolutionPlan::new(shape, &octant, threads, method)?)
            }))
        })
    }

    #[getter]
    fn shape(&self) -> (usize, usize, usize) {
        either!(&self.0, plan => plan.shape().into())
    }
    #[getter]
    fn single_precision(&self) -> bool {
        matches!(self.0, Plan::F32(_))
    }
    #[getter]
    fn method(&self) -> &'static str {
        either!(&self.0, plan => plan.method().name())
    }
    #[getter]
    fn threads(&self) -> usize {
        either!(&self.0, plan => plan.threads())
    }
    #[getter]
    fn instruction_set(&self) -> &'static str {
        either!(&self.0, plan => plan.instruction_set().name())
    }
    /// The kernel as the plan holds it, no larger than the maps can feel.
    fn kernel<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (values, shape) = detached(py, || either!(&self.0, plan => plan.kernel()))?;
        shaped(py, values, shape)
    }
    fn estimate_memory_bytes(&self) -> u64 {
        either!(&self.0, plan => plan.estimate_memory())
    }
    fn variance_plan(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(Self(match &self.0 {
            Plan::F32(plan) => Plan::F32(detached(py, || plan.variance_plan())?),
            Plan::F64(plan) => Plan::F64(detached(py, || plan.variance_plan())?),
        }))
    }

    fn apply(
        &self,
        py: Python<'_>,
        array: &Bound<'_, PyAny>,
        out: &Bound<'_, PyAny>,
        out_is_zero: bool,
        mask: Option<Bound<'_, PyAny>>,
        threshold: Option<f64>,
    ) -> PyResult<()> {
        let mask = mask.as_ref().map(bytes).transpose()?;
        let mask = mask.as_ref().map(PyReadonlyArray3::as_slice).transpose()?;
        let selection = Selection { mask, threshold };
        either!(&self.0, plan => {
            let (array, mut out) = (borrowed::<_, Ix3>(array)?, writable::<_, Ix3>(out)?);
            let (array, out) = (array.as_slice()?, destination(&mut out, out_is_zero)?);
            interruptible(py, |cancellation| plan.apply(array, out, &selection, cancellation))
        })
    }

    fn apply_many(
        &self,
        py: Python<'_>,
        arrays: Vec<Bound<'_, PyAny>>,
        outs: Vec<Bound<'_, PyAny>>,
        out_is_zero: bool,
    ) -> PyResult<()> {
        either!(&self.0, plan => {
            let arrays = arrays.iter().map(borrowed::<_, Ix3>).collect::<PyResult<Vec<_>>>()?;
            let mut outs = outs.iter().map(writable::<_, Ix3>).collect::<PyResult<Vec<_>>>()?;
            let maps = arrays
                .iter()
                .zip(&mut outs)
                .map(|(array, out)| Ok((array.as_slice()?, destination(out, out_is_zero)?)))
                .collect::<PyResult<Vec<_>>>()?;
            interruptible(py, |cancellation| plan.apply_many(maps, cancellation))
        })
    }

    fn apply_combined(
        &self,
        py: Python<'_>,
        arrays: Vec<Bound<'_, PyAny>>,
        weights: Vec<f64>,
        out: &Bound<'_, PyAny>,
        out_is_zero: bool,
    ) -> PyResult<()> {
        either!(&self.0, plan => {
            let arrays = arrays.iter().map(borrowed::<_, Ix3>).collect::<PyResult<Vec<_>>>()?;
            let mut out = writable::<_, Ix3>(out)?;
            let maps = arrays.iter().map(|array| Ok(array.as_slice()?)).collect::<PyResult<Vec<_>>>()?;
            let out = destination(&mut out, out_is_zero)?;
            interruptible(py, |cancellation| plan.apply_combined(&maps, &weights, out, cancellation))
        })
    }
}

fn destination<'a, T: NumpyElement + Float>(
    out: &'a mut PyReadwriteArray3<'_, T>,
    is_zero: bool,
) -> PyResult<Output<'a, T>> {
    let out = out.as_slice_mut()?;
    Ok(if is_zero { Output::zeroed(out) } else { Output::new(out) })
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyConvolutionPlan>()
}
