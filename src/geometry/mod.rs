//! Grids and structures: where voxels lie, which share of each a structure fills, and images carried between grids.
//!
//! Files, in the order in which they may use each other: `affine`, `grid`, `voxels` <- `mask`, `axis_overlap`,
//! `sample_points`, `sub_voxel` <- `voxel_fractions`, `resampling` <- `contours`.

pub mod affine;
mod axis_overlap;
pub mod contours;
pub mod grid;
mod mask;
pub mod resampling;
mod sample_points;
pub(crate) mod sub_voxel;
pub mod voxel_fractions;
pub mod voxels;

pub use affine::Affine;
pub use contours::Contours;
pub use grid::VoxelGrid;
pub use resampling::{Resampled, Resampling, Sample, resample};
pub use voxel_fractions::{VoxelFractions, voxel_fractions};
pub use voxels::{Contiguous, Fraction, Voxels, all_of};
