//! Evaluation of dose distributions: dose-volume histograms, gamma index, radiobiology, uncertainty.
//!
//! ```
//! use yttria::evaluation::{DoseVolumeHistogram, Interpolation};
//!
//! # fn main() -> yttria::Result<()> {
//! // Four voxels of 0.064 mL, coldest first.
//! let histogram = DoseVolumeHistogram::from_samples(&[10.0, 20.0, 30.0, 40.0], None, 4.0, 0.064)?;
//! assert_eq!(histogram.volume_at_dose_percent(25.0, false)?, 50.0);
//! assert!(histogram.dose_at_volume_percent(50.0, Interpolation::Rank)? >= 20.0);
//! # Ok(())
//! # }
//! ```

mod dose_values;
pub mod dvh;
pub mod gamma;
pub mod radiobiology;
mod radix;
pub mod uncertainty;

pub use dose_values::{Dose, Doses};
pub use dvh::{DoseBins, DoseVolumeHistogram, Interpolation, dose_volume_histograms, sub_voxel_histograms};
