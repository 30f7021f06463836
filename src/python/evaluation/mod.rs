//! Glue of the evaluation room, one file per stem.

use pyo3::prelude::*;

mod arrays;
mod dvh;
mod occupancy;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    occupancy::register(module)?;
    dvh::register(module)
}
