//! Dose point kernels, media, and the voxel S values made from them.
//!
//! ```
//! use yttria::kernels::Medium;
//!
//! # fn main() -> yttria::Result<()> {
//! let bone = Medium::from_name("bone")?;
//! assert_eq!(bone.reference_density_g_per_ml(), 1.92);
//! assert!(bone.dose_point_kernel().fraction_beyond_support() < 0.008);
//! # Ok(())
//! # }
//! ```

mod cloud_in_cell;
mod dose_point_kernel;
mod gauss;
mod medium;
mod voxel_s_values;

pub use dose_point_kernel::{DosePointKernel, SUPPORT_G_PER_CM2};
pub use medium::Medium;
pub use voxel_s_values::VoxelSValues;
