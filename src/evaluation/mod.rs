//! What a dose distribution means: volumes, histograms, radiobiology, uncertainty.

pub mod affine;
mod aligned;
pub mod dvh;
mod error_function;
pub mod gamma;
mod gathering;
mod mask;
mod oblique;
pub mod occupancy;
pub mod radiobiology;
mod radix;
pub mod rasterize;
pub mod resampling;
mod samples;
pub mod sub_voxel;
pub mod sub_voxel_bins;
pub mod uncertainty;
pub mod voxels;

pub use affine::Affine;
pub use dvh::{DoseVolumeHistogram, Interpolation};
pub use gathering::dose_volume_histograms;
pub use occupancy::{Occupancy, occupancy};
pub use rasterize::Contours;
pub use resampling::{Resampled, Resampling, Sample, resampled};
pub use samples::{Dose, Doses};
pub use sub_voxel::sub_voxel_histograms;
pub use sub_voxel_bins::DoseBins;
pub use voxels::{Contiguous, Fraction, Voxels, all};
