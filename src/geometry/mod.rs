//! Grids and structures: positions of voxels, voxel fractions of structures, and resampling of images.
//!
//! Files, in the order in which they may use each other: `affine`, `grid`, `voxels` <- `mask`, `axis_overlap`,
//! `sample_points`, `sub_voxel` <- `voxel_fractions`, `resampling` <- `contours`, `signed_distance`.
//!
//! ```
//! use yttria::geometry::{Affine, Contiguous, voxel_fractions};
//! use yttria::parallel::{Cancellation, Workers};
//!
//! # fn main() -> yttria::Result<()> {
//! let scaled = |mm: f64| [[mm, 0.0, 0.0, 0.0], [0.0, mm, 0.0, 0.0], [0.0, 0.0, mm, 0.0], [0.0, 0.0, 0.0, 1.0]];
//! let (fine, coarse) = (Affine::new("mask", scaled(1.0))?, Affine::new("dose", scaled(2.0))?);
//! let never = Cancellation::never();
//! let mask = vec![true; 64];
//! let mask = Contiguous::new(&mask, [4, 4, 4])?;
//! let found = voxel_fractions(&mask, &fine, [3, 3, 3], &coarse, &Workers::new(Some(1), &never)?)?;
//! // 64 voxels of 1 mm are 8 of 2 mm.
//! assert!((found.volume_voxels() - 8.0).abs() < 1e-6);
//! # Ok(())
//! # }
//! ```

pub mod affine;
mod axis_overlap;
pub mod contours;
pub mod grid;
mod mask;
pub mod resampling;
mod sample_points;
pub mod signed_distance;
pub(crate) mod sub_voxel;
pub mod voxel_fractions;
pub mod voxels;

pub use affine::Affine;
pub use contours::Contours;
pub use grid::VoxelGrid;
pub use resampling::{Resampled, Resampling, Sample, resample};
pub use signed_distance::{Displacement, SignedDistance};
pub use voxel_fractions::{VoxelFractions, voxel_fractions};
pub use voxels::{Contiguous, Fraction, Voxels, all_of};
