use std::sync::Mutex;

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use super::errors::{OrRaise, raise};
use crate::error::{Error, Result};
use crate::parallel::Cancellation;

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

/// Runs without the interpreter, which is asked for signals every 20 ms; what a signal raises is raised.
pub fn interruptible<T: Send>(py: Python<'_>, work: impl FnOnce(&Cancellation<'_>) -> Result<T> + Send) -> PyResult<T> {
    let raised = Mutex::new(None);
    let result = py.detach(|| {
        let poll = || {
            match Python::try_attach(|py| py.check_signals()) {
                Some(Ok(())) => false,
                Some(Err(error)) => raised.lock().is_ok_and(|mut raised| raised.replace(error).is_none()),
                // The interpreter is going away: nobody waits for the result.
                None => true,
            }
        };
        work(&Cancellation::new(&poll))
    });
    match (result, raised.into_inner()) {
        (Err(Error::Cancelled), Ok(Some(error))) => Err(error),
        (result, _) => result.or_raise(py),
    }
}
