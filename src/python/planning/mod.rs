//! The models that decide an activity, forward and inverse: one file per stem, registered here.

use pyo3::prelude::*;

mod body_surface_area;
mod combined_shunt;
mod decay;
mod delivery;
mod energy_balance;
mod linear_program;
mod lung;
mod mass;
mod quantity;
mod resin_activity;
mod scores;
mod single_compartment;
mod treatment;
mod treatment_arrays;
mod tumor_to_normal;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    body_surface_area::register(module)?;
    combined_shunt::register(module)?;
    decay::register(module)?;
    delivery::register(module)?;
    energy_balance::register(module)?;
    linear_program::register(module)?;
    lung::register(module)?;
    mass::register(module)?;
    quantity::register(module)?;
    resin_activity::register(module)?;
    scores::register(module)?;
    single_compartment::register(module)?;
    treatment::register(module)?;
    treatment_arrays::register(module)?;
    tumor_to_normal::register(module)?;
    Ok(())
}
