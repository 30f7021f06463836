//! Dose point kernels, media, and the voxel S values made from them.

mod cloud_in_cell;
mod dose_point_kernel;
mod gauss;
mod medium;
mod voxel_s_values;

pub use dose_point_kernel::{DosePointKernel, SUPPORT_G_PER_CM2};
pub use medium::Medium;
pub use voxel_s_values::VoxelSValues;
