//! NumPy arrays borrowed by the core, and new ones from what it returns.

use std::ops::Range;

use numpy::ndarray::{ArrayView3, Dimension, Ix1, Ix3, s};
use numpy::{
    Element, PyArray, PyArray1, PyArray3, PyArrayMethods, PyReadonlyArray, PyReadonlyArray3, PyReadwriteArray,
};
use pyo3::prelude::*;

use super::errors::{OrRaise, raise};
use crate::geometry::{Voxels, all_of};
use crate::memory;

/// An array of this type and as many dimensions, to read from; a `TypeError` for any other object, and a `ShapeError`
/// while another call writes into it.
pub fn borrowed<'py, T: Element, D: Dimension>(array: &Bound<'py, PyAny>) -> PyResult<PyReadonlyArray<'py, T, D>> {
    array.cast::<PyArray<T, D>>()?.try_readonly().map_err(|borrow| in_use(array, "array", &borrow))
}

/// The same, to write into.
pub fn writable<'py, T: Element, D: Dimension>(array: &Bound<'py, PyAny>) -> PyResult<PyReadwriteArray<'py, T, D>> {
    array.cast::<PyArray<T, D>>()?.try_readwrite().map_err(|borrow| in_use(array, "out", &borrow))
}

fn in_use(array: &Bound<'_, PyAny>, name: &str, borrow: &impl std::fmt::Display) -> PyErr {
    let requirement = if name == "out" { "writable and " } else { "" };
    let message = format!("{name} must be {requirement}not in use by another call: {borrow}");
    raise(array.py(), "ShapeError", &message).unwrap_or_else(|failure| failure)
}

/// A boolean array as the bytes that it consists of: any byte that is not 0 is true, as NumPy has it, while a `bool` of
/// Rust must not be anything but 0 and 1.
pub fn bytes<'py>(array: &Bound<'py, PyAny>) -> PyResult<PyReadonlyArray<'py, u8, Ix3>> {
    array.cast::<PyArray<bool, Ix3>>()?;
    borrowed(&array.call_method1("view", ("u1",))?)
}

/// Real numbers in any one-dimensional sequence; a `DTypeError` for anything else, masked arrays among it.
pub fn numbers(quantity: &str, values: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    let py = values.py();
    if values.cast_exact::<PyArray1<f64>>().is_ok() {
        let array = borrowed::<f64, Ix1>(values)?;
        return memory::collected(quantity, array.as_array().iter().copied()).or_raise(py);
    }
    let is_masked = values.hasattr("mask")?;
    values.extract::<Vec<f64>>().ok().filter(|_| !is_masked).map_or_else(
        || {
            let message = format!("{quantity} must be a list of real numbers, got {}", values.get_type().name()?);
            Err(raise(py, "DTypeError", &message)?)
        },
        Ok,
    )
}

/// A new array of the given shape, which takes the values over.
pub fn shaped<T: Element>(py: Python<'_>, values: Vec<T>, shape: [usize; 3]) -> PyResult<Bound<'_, PyAny>> {
    Ok(PyArray1::from_vec(py, values).reshape(shape)?.into_any())
}

/// A NumPy array as the core's [`Voxels`], without a copy.
pub struct View<'a, T>(ArrayView3<'a, T>);

impl<'a, T> View<'a, T> {
    pub fn new(array: ArrayView3<'a, T>) -> Self {
        Self(array)
    }
}

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

/// Bytes as truth values: what is not 0 is true.
pub struct Truth<'a>(View<'a, u8>);

impl<'a> Truth<'a> {
    pub fn new(array: ArrayView3<'a, u8>) -> Self {
        Self(View::new(array))
    }
}

impl Voxels for Truth<'_> {
    type Element = bool;
    fn shape(&self) -> [usize; 3] {
        self.0.shape()
    }
    fn get(&self, index: [usize; 3]) -> bool {
        self.0.get(index) != 0
    }
    fn row(&self, _: usize, _: usize) -> Option<&[bool]> {
        None
    }
    fn visit(&self, k: usize, j: usize, range: Range<usize>, mut visit: impl FnMut(usize, bool)) {
        self.0.visit(k, j, range, |i, byte| visit(i, byte != 0));
    }
    fn is_blank(&self, k: usize, j: usize) -> bool {
        self.0.row(k, j).is_some_and(|row| all_of(row, |byte| byte == 0))
    }
}

/// A structure on its grid: booleans, bytes or fractions, in any memory order.
pub enum Mask<'py> {
    Bool(PyReadonlyArray3<'py, u8>),
    Byte(PyReadonlyArray3<'py, u8>),
    Single(PyReadonlyArray3<'py, f32>),
    Double(PyReadonlyArray3<'py, f64>),
}

/// A map of float32 or float64, in any memory order.
pub enum Map<'py> {
    Single(PyReadonlyArray3<'py, f32>),
    Double(PyReadonlyArray3<'py, f64>),
}

/// Evaluates an expression with a view of whichever array a [`Mask`] is.
macro_rules! with_mask {
    ($mask:expr, |$view:ident| $call:expr) => {
        match &$mask {
            Mask::Bool(array) => {
                let $view = &Truth::new(array.as_array());
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
pub(crate) use with_mask;

/// Evaluates an expression with a view of whichever array a [`Map`] is.
macro_rules! with_map {
    ($map:expr, |$view:ident| $call:expr) => {
        match &$map {
            Map::Single(array) => {
                let $view = &View::new(array.as_array());
                $call
            }
            Map::Double(array) => {
                let $view = &View::new(array.as_array());
                $call
            }
        }
    };
}
pub(crate) use with_map;

impl<'py> Mask<'py> {
    /// Borrows bool, uint8, float32 or float64; a `TypeError` for any other array.
    pub fn borrowed(array: &Bound<'py, PyAny>) -> PyResult<Self> {
        Ok(if array.cast::<PyArray3<bool>>().is_ok() {
            Self::Bool(bytes(array)?)
        } else if array.cast::<PyArray3<u8>>().is_ok() {
            Self::Byte(borrowed(array)?)
        } else if array.cast::<PyArray3<f32>>().is_ok() {
            Self::Single(borrowed(array)?)
        } else {
            Self::Double(borrowed(array)?)
        })
    }
}

impl<'py> Map<'py> {
    /// Borrows float32 or float64; a `TypeError` for any other array.
    pub fn borrowed(array: &Bound<'py, PyAny>) -> PyResult<Self> {
        Ok(if array.cast::<PyArray3<f32>>().is_ok() {
            Self::Single(borrowed(array)?)
        } else {
            Self::Double(borrowed(array)?)
        })
    }
}
