//! Factor of a voxel's medium, and its share of the exact convolution, by its density.

use super::modes::fraction_within;
use crate::error::{Error, Result};
use crate::isotope::Isotope;
use crate::kernels::Medium;

/// Least density of a voxel in g/mL, near that of air.
pub const LEAST_DENSITY_G_PER_ML: f64 = 1e-3;

/// Up to this density in g/mL a voxel is treated as soft tissue or lung, whose kernels per mass depth agree within 0.1
/// %.
const SOFT_TISSUE_UP_TO_G_PER_ML: f64 = 1.1;

/// Mass depth in mm at 1 g/mL within which media are compared. The surface of bone toward the activity is of interest,
/// and at larger depths the ratio approaches 1.
const SURFACE_MM: f64 = 1.5;

/// Ratio of the energy that a voxel absorbs to that of the same mass of a reference medium, from the energies of their
/// kernels within 0.15 g/cm2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MediumFactor {
    bone: f64,
}

impl MediumFactor {
    /// Relative to `medium`, for the electrons of an isotope. Errors for an isotope that has no kernel.
    pub fn new(medium: Medium, isotope: &Isotope) -> Result<Self> {
        let within = |medium: Medium| Ok::<_, Error>(fraction_within(medium.kernel_of(isotope)?, SURFACE_MM));
        Ok(Self {
            bone: within(Medium::Bone)? / within(medium)?,
        })
    }

    /// 1 for soft tissue and lung; from 1.1 g/mL it falls in proportion to the density to that of cortical bone (0.952 of
    /// liver) at 1.92 g/mL.
    pub fn at(self, density_g_per_ml: f64) -> f64 {
        let bone = Medium::Bone.reference_density_g_per_ml();
        let share = (density_g_per_ml - SOFT_TISSUE_UP_TO_G_PER_ML) / (bone - SOFT_TISSUE_UP_TO_G_PER_ML);
        1.0 + share.clamp(0.0, 1.0) * (self.bone - 1.0)
    }
}

/// The share of the exact convolution in a voxel, by its density over the reference density: 1 from 0.85 to 1.15, 0
/// below 0.47 and above 1.3, straight lines between.
pub fn blend(density_ratio: f64) -> f64 {
    let rise = (density_ratio - 0.47) / (0.85 - 0.47);
    let fall = (1.3 - density_ratio) / (1.3 - 1.15);
    rise.min(fall).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_tissue_is_the_reference_and_bone_stops_less() {
        let of = |medium: Medium| MediumFactor::new(medium, Isotope::y90()).unwrap();
        let factor = of(Medium::Liver);
        for rho in [1e-3, 0.26, 1.0, 1.06, 1.1] {
            assert_eq!(factor.at(rho), 1.0);
        }
        let bone = factor.at(1.92);
        assert!((0.95..0.955).contains(&bone), "{bone}");
        for medium in [Medium::Water, Medium::SoftTissue, Medium::Lung] {
            let ratio = of(medium).at(1.92) / bone;
            assert!((ratio - 1.0).abs() < 0.012, "{medium:?} {ratio}");
        }
        assert_eq!(factor.at(3.0), bone);
        assert!((factor.at(1.51) - 0.5 * (1.0 + bone)).abs() < 1e-12);
        assert_eq!(of(Medium::Bone).at(1.92), 1.0);
    }

    #[test]
    fn the_convolution_takes_part_around_the_reference_density() {
        for (ratio, share) in [
            (0.0, 0.0),
            (0.47, 0.0),
            (0.66, 0.5),
            (0.85, 1.0),
            (1.0, 1.0),
            (1.15, 1.0),
            (1.225, 0.5),
            (1.8, 0.0),
        ] {
            assert!((blend(ratio) - share).abs() < 1e-12, "{ratio}");
        }
    }
}
