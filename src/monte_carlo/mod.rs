//! Monte Carlo transport of the electrons of a decay in voxels of any density and substance.
//!
//! Condensed history with a random hinge (`transport`) in steps measured by energy lost; stopping powers, scattering and
//! collisions by published formulas (`interactions`, `density_effect`, `multiple_scattering`), compositions in `substance`,
//! the spectrum by Fermi's theory with conversion electrons (`spectrum`), tabulated in `tables`. `voxels` is the
//! geometry, and `simulation` runs batches of decays. `tally` computes means and standard errors, plain or by the
//! correlated difference to the uniform medium of `uniform`. Photons carry their energy away and are counted as
//! escaped. The source of every number is stated with the number. docs/theory/monte_carlo.md lists them in one table,
//! with measured values.
//!
//! ```
//! use yttria::isotope::Isotope;
//! use yttria::monte_carlo::{Phantom, Simulation, Substance};
//! use yttria::parallel::{Cancellation, Workers};
//!
//! # fn main() -> yttria::Result<()> {
//! let phantom = Phantom {
//!     shape: [2, 2, 2],
//!     spacing_mm: [3.0; 3],
//!     density_g_per_ml: &[1.06f32; 8],
//!     medium: &[0; 8],
//!     substances: &[Substance::Liver],
//!     decays: &[1.0; 8],
//! };
//! let never = Cancellation::never();
//! let mut simulation = Simulation::new(&phantom, Isotope::y90(), 1, 100)?;
//! simulation.run(3, &Workers::new(Some(1), &never)?)?;
//! assert_eq!(simulation.batches(), 3);
//! # Ok(())
//! # }
//! ```

pub mod density_effect;
pub mod element;
pub mod interactions;
pub mod multiple_scattering;
pub mod point_source;
pub mod simulation;
pub mod spectrum;
pub mod substance;
pub mod tables;
pub mod tally;
pub mod transport;
pub mod uniform;
pub mod voxels;

pub use simulation::{Balance, Phantom, Progress, Simulation};
pub use substance::Substance;
pub use tally::Estimate;
