use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use super::errors::raise;

/// The argument `threads`. The core checks its range; a number that it cannot even be given is out of range as well.
pub struct Threads(pub usize);

impl FromPyObject<'_, '_> for Threads {
    type Error = PyErr;

    fn extract(threads: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let py = threads.py();
        threads.extract::<usize>().map(Self).map_err(|error| {
            if error.is_instance_of::<PyOverflowError>(py) {
                let message = format!("threads must be within [1, 1024], got {}", *threads);
                raise(py, "OutOfRangeError", &message).unwrap_or_else(|failure| failure)
            } else {
                error
            }
        })
    }
}
