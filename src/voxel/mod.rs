//! Absorbed dose voxel by voxel.
//!
//! Local deposition; the crate's first page has a convolution.
//!
//! ```
//! use yttria::Nuclide;
//! use yttria::parallel::{Cancellation, Workers};
//! use yttria::voxel::local_deposition::{Density, local_deposition};
//!
//! # fn main() -> yttria::Result<()> {
//! let never = Cancellation::never();
//! let workers = Workers::new(None, &never)?;
//! let mut dose_gy = [0.0_f64; 3];
//! local_deposition(&[1.0, 2.0, 0.0], Density::Uniform(1.05), &Nuclide::default(), &mut dose_gy, &workers)?;
//! assert!((dose_gy[1] - 2.0 * 49.67 / 1.05).abs() < 1e-9);
//! # Ok(())
//! # }
//! ```

pub mod convolution;
pub mod ct_density;
pub mod local_deposition;
pub mod noise;
pub mod superposition;
