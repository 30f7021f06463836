//! Glue of the evaluation room, one file per stem.

use pyo3::prelude::*;

mod dose_bins;
mod dvh;
mod gamma;
mod radiobiology;
mod uncertainty;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    dvh::register(module)?;
    dose_bins::register(module)?;
    gamma::register(module)?;
    radiobiology::register(module)?;
    uncertainty::register(module)
}
