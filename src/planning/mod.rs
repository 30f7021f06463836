//! The models that decide an activity, forward and inverse.
//!
//! The partition model of one territory with one tumor: mean doses in Gy for each GBq that is delivered.
//!
//! ```
//! use yttria::Nuclide;
//! use yttria::planning::territory::Territory;
//! use yttria::planning::treatment::{Lesion, Overlap, Tissue, Treatment};
//!
//! # fn main() -> yttria::Result<()> {
//! // A shunt of 5 %, 1.2 kg of perfused normal liver, 0.3 kg of tumor with four times its concentration.
//! let lobe = Territory::new("", 0.05, 1.2, [(0, 0.3, Some(4.0))].into_iter())?;
//! let tumor = Lesion { name: "tumor".into(), overlap: Overlap::Disjoint, unperfused_mass_kg: 0.0 };
//! let treatment = Treatment::new(vec![lobe], vec![tumor], None, 1.0, &Nuclide::default())?;
//! let lungs = treatment.row(Tissue::Lungs).expect("every treatment has lungs");
//! assert!((lungs.gy_per_gbq[0] - 49.67 * 0.05).abs() < 1e-9);
//! # Ok(())
//! # }
//! ```

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
