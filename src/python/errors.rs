//! From the core's [`Error`] to the classes of `yttria.errors`.

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::error::Error;

/// Turns a core result into a Python one.
pub trait OrRaise<T> {
    /// The value, or the Python exception that says the same as the core's error.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for Result<T, Error> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| to_exception(py, &error))
    }
}

fn to_exception(py: Python<'_>, error: &Error) -> PyErr {
    let class = match error {
        Error::OutOfRange { .. } => "OutOfRangeError",
        Error::Shape { .. } => "ShapeError",
        Error::Undefined { .. } => "UndefinedError",
        Error::Missing { .. } => "ArgumentError",
        Error::Duplicate { .. } => "DuplicateNameError",
        Error::Geometry { .. } => "GeometryError",
        Error::UnknownName { .. } => "UnknownNameError",
        Error::Contraindicated { .. } => "ContraindicatedError",
        Error::Memory { .. } => "InsufficientMemoryError",
        Error::Internal { .. } => "InternalError",
        Error::Cancelled => return PyKeyboardInterrupt::new_err(()),
    };
    raise(py, class, &error.to_string()).unwrap_or_else(|failure| failure)
}

/// An instance of a class of `yttria.errors`, to be raised.
pub fn raise(py: Python<'_>, class: &str, message: &str) -> PyResult<PyErr> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("yttria.errors").map(Bound::unbind))?;
    Ok(PyErr::from_value(module.bind(py).getattr(class)?.call1((message,))?))
}
