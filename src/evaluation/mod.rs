//! What a dose distribution means: dose-volume histograms, gamma index, radiobiology, uncertainty.

mod dose_values;
pub mod dvh;
mod error_function;
pub mod gamma;
pub mod radiobiology;
mod radix;
pub mod uncertainty;

pub use dose_values::{Dose, Doses};
pub use dvh::{DoseBins, DoseVolumeHistogram, Interpolation, dose_volume_histograms, sub_voxel_histograms};
