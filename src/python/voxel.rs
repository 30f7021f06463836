//! Absorbed dose voxel by voxel: one file per stem, registered here.

use pyo3::prelude::*;

mod convolution;
mod ct_density;
mod local_deposition;
mod noise;
mod superposition;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    convolution::register(module)?;
    ct_density::register(module)?;
    local_deposition::register(module)?;
    noise::register(module)?;
    superposition::register(module)
}
