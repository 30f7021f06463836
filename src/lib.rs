//! Yttrium-90 radioembolization dosimetry.
//!
//! Rooms, in the order in which they may depend on each other: [`error`] <- [`memory`] <- [`beta_spectrum`] <- [`isotope`] <-
//! [`nuclide`], [`parallel`], [`simd`] <- [`kernels`] <- [`voxel`]; [`error`] <- [`planning`]; [`parallel`], [`random`],
//! [`error_function`] <- [`geometry`] <- [`evaluation`]; [`kernels`], [`random`] <- [`monte_carlo`], [`voxel`]. `planning`, `voxel`,
//! `monte_carlo` and `geometry` do not use each other. Nothing here uses Python, prints, or accesses a file or the
//! network. The feature `python` adds the extension module.
//!
//! Arrays are slices in C order with their shape `[k, j, i]`. From an activity concentration to an absorbed dose:
//!
//! ```
//! use yttria::kernels::{Medium, VoxelSValues};
//! use yttria::parallel::{Cancellation, Workers};
//! use yttria::voxel::convolution::{ConvolutionPlan, Octant, Output, Selection};
//! use yttria::{Nuclide, VoxelGrid};
//!
//! # fn main() -> yttria::Result<()> {
//! let grid = VoxelGrid::new([24, 26, 28], [4.0, 4.0, 4.0])?;
//! let nuclide = Nuclide::default();
//! let never = Cancellation::never();
//! let workers = Workers::new(Some(1), &never)?;
//!
//! // Voxel S values in mGy/(MBq s) make Gy of the concentration in MBq/mL by volume and mean life.
//! let s = VoxelSValues::new(grid.voxel_size_mm(), Medium::Liver, 1.06, &nuclide, false, &workers)?;
//! let scale = grid.voxel_volume_ml() * nuclide.mean_life_s() / 1000.0;
//! let kernel: Vec<f64> = s.values().iter().map(|value| value * scale).collect();
//!
//! let activity_mbq_per_ml = vec![1.0; grid.len()];
//! let mut dose_gy = vec![0.0; grid.len()];
//! let plan = ConvolutionPlan::new(grid.shape(), &Octant::new(s.shape(), &kernel)?, Some(1), None)?;
//! plan.apply(&activity_mbq_per_ml, Output::new(&mut dose_gy), &Selection::default(), &never)?;
//!
//! // Far from the edge, the dose is that of a uniform medium, but for the energy beyond the kernel's support.
//! let uniform_gy = nuclide.dose_factor_gy_kg_per_gbq() / 1.06 * s.energy_inside_fraction();
//! assert!((dose_gy[(12 * 26 + 13) * 28 + 14] / uniform_gy - 1.0).abs() < 1e-9);
//! # Ok(())
//! # }
//! ```

pub mod beta_spectrum;
pub mod error;
pub mod error_function;
pub mod evaluation;
pub mod geometry;
pub mod isotope;
pub mod kernels;
pub mod memory;
pub mod monte_carlo;
pub mod nuclide;
pub mod parallel;
pub mod planning;
pub mod random;
pub mod simd;
pub mod voxel;

#[cfg(feature = "python")]
mod python;

pub use error::{Error, Result};
pub use geometry::VoxelGrid;
pub use nuclide::Nuclide;
