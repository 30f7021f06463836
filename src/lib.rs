//! Yttrium-90 radioembolization dosimetry.
//!
//! Rooms, in the order in which they may depend on each other: [`error`] <- [`memory`] <- [`nuclide`],
//! [`parallel`], [`simd`] <- [`kernels`] <- [`voxel`]; [`error`] <- [`planning`]; [`parallel`] <- [`geometry`] <-
//! [`evaluation`]; [`kernels`] <- [`monte_carlo`]. `planning`, `voxel`,
//! `monte_carlo` and `geometry` do not know each other. Nothing here knows Python, prints, or touches a file or the network; the
//! feature `python` adds the extension module on top.

pub mod error;
pub mod evaluation;
pub mod geometry;
pub mod kernels;
pub mod memory;
pub mod monte_carlo;
pub mod nuclide;
pub mod parallel;
pub mod planning;
pub mod simd;
pub mod voxel;

#[cfg(feature = "python")]
mod python;

pub use error::{Error, Result};
pub use geometry::VoxelGrid;
pub use nuclide::Nuclide;
