//! Glue of the geometry room, one file per stem.

use pyo3::prelude::*;

mod contours;
mod resampling;
mod signed_distance;
mod voxel_fractions;

pub use voxel_fractions::PyVoxelFractions;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    voxel_fractions::register(module)?;
    resampling::register(module)?;
    signed_distance::register(module)?;
    contours::register(module)
}
