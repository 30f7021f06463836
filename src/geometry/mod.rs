//! Grids and structures: where voxels lie, which share of each a structure fills, and images carried between grids.
//!
//! Files, in the order in which they may use each other: `affine`, `grid`, `voxels` <- `mask`, `axis_overlap`,
