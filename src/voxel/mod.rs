//! Absorbed dose voxel by voxel.

pub mod convolution;
