//! Dose-volume histograms: of voxels, of sub-voxels, and of many sub-voxels in bounded memory.

mod dose_bins;
mod histogram;
mod structure_histograms;
mod sub_voxel_histograms;

pub use dose_bins::DoseBins;
pub use histogram::{DoseVolumeHistogram, Interpolation};
pub use structure_histograms::dose_volume_histograms;
pub use sub_voxel_histograms::sub_voxel_histograms;
