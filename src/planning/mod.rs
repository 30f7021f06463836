//! The models that decide an activity, forward and inverse.

pub mod body_surface_area;
pub mod broadcast;
mod broadcast_view;
pub mod combined_shunt;
pub mod decay;
pub mod delivery;
pub mod energy_balance;
pub mod linear_program;
pub mod lung;
pub mod mass;
pub mod optimum;
pub mod quantity;
pub mod resin_activity;
pub mod scores;
pub mod single_compartment;
pub mod single_territory;
pub mod territory;
pub mod treatment;
pub mod treatment_arrays;
pub mod treatment_bounds;
pub mod tumor_to_normal;
