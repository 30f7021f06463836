//! Absorbed dose voxel by voxel.

pub mod convolution;
pub mod local_deposition;
