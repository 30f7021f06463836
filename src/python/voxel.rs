//! Absorbed dose voxel by voxel: one file per stem, registered here.

use pyo3::prelude::*;

mod convolution;
mod local_deposition;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    convolution::register(module)?;
    local_deposition::register(module)
}
