//! Absorbed dose voxel by voxel: one file per stem, registered here.

use pyo3::prelude::*;

mod convolution;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    convolution::register(module)
}
