//! Absorbed dose voxel by voxel.

pub mod convolution;
pub mod ct_density;
pub mod local_deposition;
pub mod superposition;
