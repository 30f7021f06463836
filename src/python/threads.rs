use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use super::errors::{OrRaise, raise};
use crate::error::{Error, Result};
use crate::memory;
use crate::parallel::{Cancellation, Workers};

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

/// Runs without the interpreter.
pub fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    py.detach(|| guarded(work)).or_raise(py)
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
        guarded(|| {
            memory::room("the calculation", 0)?;
            work(&Cancellation::new(&poll))
        })
    });
    match (result, raised.into_inner()) {
        (Err(Error::Cancelled), Ok(Some(error))) => Err(error),
        (result, _) => result.or_raise(py),
    }
}

/// [`interruptible`], on as many threads as the caller wants.
pub fn shared_out<T: Send>(
    py: Python<'_>,
    threads: Option<Threads>,
    work: impl FnOnce(&Workers<'_>) -> Result<T> + Send,
) -> PyResult<T> {
    interruptible(py, |cancellation| work(&Workers::new(threads.map(|threads| threads.0), cancellation)?))
}

/// A panic as an error.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(Error::from_panic(&*panic)))
}
