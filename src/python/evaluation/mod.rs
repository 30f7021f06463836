//! Glue of the evaluation room, one file per stem.

use pyo3::prelude::*;

mod arrays;
mod contours;
mod dvh;
mod gamma;
mod occupancy;
mod radiobiology;
mod resampling;
mod sub_voxel;
mod uncertainty;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    occupancy::register(module)?;
    resampling::register(module)?;
    contours::register(module)?;
    dvh::register(module)?;
    sub_voxel::register(module)?;
    gamma::register(module)?;
    radiobiology::register(module)?;
    uncertainty::register(module)
}
