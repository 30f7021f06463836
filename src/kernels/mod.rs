//! Dose point kernels, media, and the voxel S values made from them.
