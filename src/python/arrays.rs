//! NumPy arrays borrowed by the core, and new ones from what it returns.

use numpy::ndarray::{Dimension, Ix3};
use numpy::{Element, PyArray, PyArray1, PyArrayMethods, PyReadonlyArray, PyReadwriteArray};
use pyo3::prelude::*;

use super::errors::raise;

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

/// A new array of the given shape, which takes the values over.
pub fn shaped<T: Element>(py: Python<'_>, values: Vec<T>, shape: [usize; 3]) -> PyResult<Bound<'_, PyAny>> {
    Ok(PyArray1::from_vec(py, values).reshape(shape)?.into_any())
}
