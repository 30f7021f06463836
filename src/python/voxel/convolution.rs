use numpy::{Element as NumpyElement, PyArray3, PyArrayMethods, PyReadonlyArray3, PyReadwriteArray3};
use pyo3::prelude::*;

use super::super::errors::{OrRaise, raise};
use super::super::threads::interruptible;
use crate::simd::Element;
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
        let kernel = input::<f64>(kernel)?;
        let kernel = kernel.as_array();
        let dimensions = kernel.dim();
        let values: Vec<f64> = kernel.iter().copied().collect();
        py.detach(|| {
            let octant = Octant::new(dimensions.into(), &values)?;
            let method = Method::from_name(method)?;
            Ok(Self(if single_precision {
                Plan::F32(ConvolutionPlan::new(shape, &octant, threads, method)?)
            } else {
                Plan::F64(ConvolutionPlan::new(shape, &octant, threads, method)?)
            }))
        })
        .or_raise(py)
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
        either!(&self.0, plan => plan.path().name())
    }
    fn estimate_memory_bytes(&self) -> u64 {
        either!(&self.0, plan => plan.estimate_memory())
    }
    fn variance_plan(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(Self(match &self.0 {
            Plan::F32(plan) => Plan::F32(plan.variance_plan().or_raise(py)?),
            Plan::F64(plan) => Plan::F64(plan.variance_plan().or_raise(py)?),
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
        let mask = mask.as_ref().map(input::<bool>).transpose()?;
        let mask = mask.as_ref().map(PyReadonlyArray3::as_slice).transpose()?;
        let selection = Selection { mask, threshold };
        either!(&self.0, plan => {
            let (array, mut out) = (input(array)?, output(out)?);
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
            let arrays = arrays.iter().map(input).collect::<PyResult<Vec<_>>>()?;
            let mut outs = outs.iter().map(output).collect::<PyResult<Vec<_>>>()?;
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
            let arrays = arrays.iter().map(input).collect::<PyResult<Vec<_>>>()?;
            let mut out = output(out)?;
            let maps = arrays.iter().map(|array| Ok(array.as_slice()?)).collect::<PyResult<Vec<_>>>()?;
            let out = destination(&mut out, out_is_zero)?;
            interruptible(py, |cancellation| plan.apply_combined(&maps, &weights, out, cancellation))
        })
    }
}

fn input<'py, T: NumpyElement>(array: &Bound<'py, PyAny>) -> PyResult<PyReadonlyArray3<'py, T>> {
    Ok(array.cast::<PyArray3<T>>()?.try_readonly()?)
}

fn output<'py, T: NumpyElement>(array: &Bound<'py, PyAny>) -> PyResult<PyReadwriteArray3<'py, T>> {
    array.cast::<PyArray3<T>>()?.try_readwrite().map_err(|borrow| {
        let message = format!("out must be writable and not in use by another call: {borrow}");
        raise(array.py(), "ShapeError", &message).unwrap_or_else(|failure| failure)
    })
}

fn destination<'a, T: NumpyElement + Element>(
    out: &'a mut PyReadwriteArray3<'_, T>,
    is_zero: bool,
) -> PyResult<Output<'a, T>> {
    let out = out.as_slice_mut()?;
    Ok(if is_zero { Output::zeroed(out) } else { Output::new(out) })
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyConvolutionPlan>()
}
