//! NumPy arrays as the core's [`Voxels`], in any memory order, without a copy.

use std::ops::Range;

use numpy::ndarray::{ArrayView3, Ix1, s};
use numpy::{PyArray3, PyReadonlyArray1, PyReadonlyArray3};
use pyo3::prelude::*;

use crate::geometry::{Voxels, all};
use crate::python::arrays::{borrowed, bytes};

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
        self.0.row(k, j).is_some_and(|row| all(row, |byte| byte == 0))
    }
}

/// An array that holds a structure.
pub enum Mask<'py> {
    Bool(PyReadonlyArray3<'py, u8>),
    Byte(PyReadonlyArray3<'py, u8>),
    Single(PyReadonlyArray3<'py, f32>),
    Double(PyReadonlyArray3<'py, f64>),
}

/// An array that holds absorbed doses.
pub enum Dose<'py> {
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
pub(crate) use with_dose;

impl<'a, T> View<'a, T> {
    pub fn new(array: ArrayView3<'a, T>) -> Self {
        Self(array)
    }
}

/// The mask in a type and byte order that [`Mask`] borrows; a copy only where it has another.
pub fn mask<'py>(array: &Bound<'py, PyAny>) -> PyResult<Mask<'py>> {
    let array = prepared(array, "mask_array")?;
    Ok(if array.cast::<PyArray3<bool>>().is_ok() {
        Mask::Bool(bytes(&array)?)
    } else if array.cast::<PyArray3<u8>>().is_ok() {
        Mask::Byte(borrowed(&array)?)
    } else if array.cast::<PyArray3<f32>>().is_ok() {
        Mask::Single(borrowed(&array)?)
    } else {
        Mask::Double(borrowed(&array)?)
    })
}

/// The dose map in a type and byte order that [`Dose`] borrows; a copy only where it has another.
pub fn dose<'py>(array: &Bound<'py, PyAny>) -> PyResult<Dose<'py>> {
    prepared_dose(&prepared(array, "dose_array")?)
}

/// An array of float32 or float64 that needs no preparation.
pub fn prepared_dose<'py>(array: &Bound<'py, PyAny>) -> PyResult<Dose<'py>> {
    Ok(if array.cast::<PyArray3<f32>>().is_ok() {
        Dose::Single(borrowed(array)?)
    } else {
        Dose::Double(borrowed(array)?)
    })
}

/// A list of doses.
pub fn doses<'py>(array: &Bound<'py, PyAny>) -> PyResult<PyReadonlyArray1<'py, f64>> {
    borrowed::<f64, Ix1>(&prepared(array, "dose_list")?)
}

fn prepared<'py>(array: &Bound<'py, PyAny>, how: &str) -> PyResult<Bound<'py, PyAny>> {
    array.py().import("yttria._foundation.arrays")?.call_method1(how, (array,))
}
