//! The models that decide an activity, forward and inverse: one file per stem, registered here.

use pyo3::prelude::*;

pub fn register(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
