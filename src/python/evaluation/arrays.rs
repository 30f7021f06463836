//! NumPy arrays as the core's [`Voxels`], in any memory order, without a copy.

use numpy::ndarray::{ArrayView3, s};
use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyReadonlyArray3};
use pyo3::prelude::*;

use crate::evaluation::Voxels;

pub struct View<'a, T>(ArrayView3<'a, T>);

impl<T: Copy + Send + Sync> Voxels for View<'_, T> {
    type Element = T;
    fn shape(&self) -> [usize; 3] {
        self.0.dim().into()
    }
    fn get(&self, index: [usize; 3]) -> T {
        self.0[index]
    }
    fn row(&self, k: usize, j: usize) -> Option<&[T]> {
        self.0.slice(s![k, j, ..]).to_slice()
    }
}

/// An array that holds a structure.
#[derive(FromPyObject)]
pub enum Mask<'py> {
    Bool(PyReadonlyArray3<'py, bool>),
    Byte(PyReadonlyArray3<'py, u8>),
    Single(PyReadonlyArray3<'py, f32>),
    Double(PyReadonlyArray3<'py, f64>),
}

/// An array that holds absorbed doses.
#[derive(FromPyObject)]
pub enum Dose<'py> {
    Single(PyReadonlyArray3<'py, f32>),
    Double(PyReadonlyArray3<'py, f64>),
}

/// Evaluates an expression with a view of whichever array a [`Mask`] is.
macro_rules! with_mask {
    ($mask:expr, |$view:ident| $call:expr) => {
        match &$mask {
            Mask::Bool(array) => {
                let $view = &View::new(array.as_array());
                $call
            }
            Mask::Byte(array) => {
                let $view = &View::new(array.as_array());
                $call
            }
            Mask::Single(array) => {
                let $view = &View::new(array.as_array());
                $call
            }
            Mask::Double(array) => {
                let $view = &View::new(array.as_array());
                $call
            }
        }
    };
}
pub(super) use with_mask;

/// Evaluates an expression with a view of whichever array a [`Dose`] is.
macro_rules! with_dose {
    ($dose:expr, |$view:ident| $call:expr) => {
        match &$dose {
            Dose::Single(array) => {
                let $view = &View::new(array.as_array());
                $call
            }
            Dose::Double(array) => {
                let $view = &View::new(array.as_array());
                $call
            }
        }
    };
}
pub(super) use with_dose;

impl<'a, T> View<'a, T> {
    pub fn new(array: ArrayView3<'a, T>) -> Self {
        Self(array)
    }
}

/// The mask in a type and byte order that [`Mask`] borrows; a copy only where it has another.
pub fn mask<'py>(array: &Bound<'py, PyAny>) -> PyResult<Mask<'py>> {
    prepared(array, "mask_array")?.extract()
}

/// The dose map in a type and byte order that [`Dose`] borrows; a copy only where it has another.
pub fn dose<'py>(array: &Bound<'py, PyAny>) -> PyResult<Dose<'py>> {
    prepared(array, "dose_array")?.extract()
}

/// A list of doses.
pub fn doses<'py>(array: &Bound<'py, PyAny>) -> PyResult<PyReadonlyArray1<'py, f64>> {
    prepared(array, "dose_list")?.extract()
}

fn prepared<'py>(array: &Bound<'py, PyAny>, how: &str) -> PyResult<Bound<'py, PyAny>> {
    array.py().import("yttria.evaluation._arrays")?.call_method1(how, (array,))
}

/// A new array of the given shape.
pub fn shaped<'py>(py: Python<'py>, values: Vec<f32>, shape: [usize; 3]) -> PyResult<Bound<'py, PyAny>> {
    Ok(PyArray1::from_vec(py, values).reshape(shape)?.into_any())
}
