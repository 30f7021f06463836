//! Absorbed dose voxel by voxel.
