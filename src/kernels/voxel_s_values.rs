//! Voxel S values from a dose point kernel, by the polar cloud-in-cell integral.

use super::cloud_in_cell::{Octant, Rule, half_width};
use super::dose_point_kernel::DosePointKernel;
use super::medium::Medium;
use crate::error::{Error, Result, check};
use crate::nuclide::{JOULE_PER_EV, Nuclide};
use crate::parallel::Workers;

/// Largest number of bytes of one array.
const LIMIT_BYTES: u64 = 256 << 20;

/// Mean absorbed dose per time-integrated activity from a voxel to each of its neighbors, in an infinite medium.
///
/// `S(d) = 1/(rho V) Int F(r) < Prod_i max(0, 1 - |d_i - r Omega_i| / h_i) >_Omega dr` with the energy per radius `F`
/// of the dose point kernel, voxel sizes `h_i`, `V = Prod h_i`: uniform activity in the source voxel, mean dose in the
/// other. In polar form the 1/r2 of the point kernel cancels, so that the source voxel needs no special treatment.
#[derive(Debug, Clone, PartialEq)]
pub struct VoxelSValues {
    values: Vec<f64>,
    shape: [usize; 3],
    energy_inside_fraction: f64,
    energy_beyond_fraction: f64,
}

impl VoxelSValues {
    /// For one voxel size in mm per array axis, in `medium` at `density_g_per_ml`, for decays of `nuclide`.
    ///
    /// `tail_folded` scales the values to include the energy beyond the support. Errors if a voxel size is outside
    /// 0.5-20 mm, the density is not one of the medium, or the array would pass 256 MiB.
    pub fn new(
        voxel_size_mm: [f64; 3],
        medium: Medium,
        density_g_per_ml: f64,
        nuclide: &Nuclide,
        tail_folded: bool,
        workers: &Workers<'_>,
    ) -> Result<Self> {
        let density_g_per_ml = medium.density_g_per_ml(Some(density_g_per_ml))?;
        let kernel = medium.kernel_of(nuclide.isotope())?;
        Self::of_kernel(kernel, voxel_size_mm, density_g_per_ml, nuclide, tail_folded, workers)
    }

    /// The same from any dose point kernel, at any positive density.
    pub fn of_kernel(
        kernel: &DosePointKernel,
        voxel_size_mm: [f64; 3],
        density_g_per_ml: f64,
        nuclide: &Nuclide,
        tail_folded: bool,
        workers: &Workers<'_>,
    ) -> Result<Self> {
        for size in voxel_size_mm {
            check::within("voxel size in mm", size, 0.5, 20.0)?;
        }
        let density_g_per_ml = check::positive("density in g/mL", density_g_per_ml)?;
        let beyond = kernel.fraction_beyond_support();
        // Lengths are scaled to the medium of the table, so that the voxel is scaled instead of the kernel.
        let scale = density_g_per_ml / kernel.density_g_per_ml();
        let size_mm = voxel_size_mm.map(|size| size * scale);
        let half = size_mm.map(|size| half_width(kernel, size));
        let shape = half.map(|n| 2 * n + 1);
        let bytes = shape.iter().map(|&n| n as u64).product::<u64>() * 8;
        if bytes > LIMIT_BYTES {
            return Err(Error::Memory {
                quantity: format!("an array of {shape:?} voxel S values (limit 256 MiB)"),
                bytes,
            });
        }
        let mass_kg = voxel_size_mm.iter().product::<f64>() * density_g_per_ml * 1e-6;
        let held = if tail_folded { 1.0 } else { 1.0 - beyond };
        // MeV per decay to mGy per MBq s: 1e6 eV, 1e6 decays, 1e3 mGy.
        let mgy_per_fraction = held * nuclide.mean_energy_mev() * JOULE_PER_EV * 1e15 / mass_kg;
        let octant = Octant::of(kernel, size_mm, Rule::default(), workers)?;
        Ok(Self {
            values: octant.unfold(half, mgy_per_fraction, workers)?,
            shape,
            energy_inside_fraction: held,
            energy_beyond_fraction: beyond,
        })
    }

    /// In mGy/(MBq s), C order; the source voxel is the middle one, and the mirror image along each axis is equal bit
    /// by bit.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
    /// The values, by move.
    pub fn into_values(self) -> Vec<f64> {
        self.values
    }
    /// Values per array axis, each odd.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }
    /// Fraction of the energy per decay in the values; 1 if the tail was folded in.
    pub fn energy_inside_fraction(&self) -> f64 {
        self.energy_inside_fraction
    }
    /// Fraction of the energy per decay that is absorbed beyond the support (bremsstrahlung), folded in or not.
    pub fn energy_beyond_fraction(&self) -> f64 {
        self.energy_beyond_fraction
    }
}

#[cfg(test)]
mod tests {
    use super::{Medium, VoxelSValues};
    use crate::error::Error;
    use crate::nuclide::{JOULE_PER_EV, Nuclide};
    use crate::parallel::{Cancellation, Workers};

    fn values(voxel_size_mm: [f64; 3], medium: Medium, density_g_per_ml: f64, tail_folded: bool) -> VoxelSValues {
        let never = Cancellation::never();
        let workers = Workers::new(Some(1), &never).unwrap();
        VoxelSValues::new(voxel_size_mm, medium, density_g_per_ml, &Nuclide::default(), tail_folded, &workers).unwrap()
    }

    #[test]
    fn mass_times_dose_is_the_stated_energy() {
        for (medium, tail_folded) in [(Medium::Water, false), (Medium::Lung, true), (Medium::Bone, false)] {
            let (size, density) = ([1.3, 2.0, 3.1], medium.reference_density_g_per_ml());
            let s = values(size, medium, density, tail_folded);
            let mass_kg = size.iter().product::<f64>() * density * 1e-6;
            let mev = s.values().iter().sum::<f64>() * mass_kg * 1e-15 / JOULE_PER_EV;
            let expected = s.energy_inside_fraction() * Nuclide::default().mean_energy_mev();
            assert!((mev / expected - 1.0).abs() < 1e-12, "{medium:?}: {mev} MeV, expected {expected}");
            assert_eq!(s.energy_inside_fraction() == 1.0, tail_folded);
        }
    }

    #[test]
    fn scaling_lengths_by_one_over_density_scales_the_values_by_its_square() {
        let a = values([2.0, 3.0, 2.5], Medium::Lung, 0.26, false);
        let b = values([1.0, 1.5, 1.25], Medium::Lung, 0.52, false);
        assert_eq!(a.shape(), b.shape());
        for (a, b) in a.values().iter().zip(b.values()) {
            assert!((4.0 * a - b).abs() <= 1e-13 * b);
        }
    }

    #[test]
    fn what_would_not_fit_is_refused() {
        let (nuclide, never) = (Nuclide::default(), Cancellation::never());
        let workers = Workers::new(None, &never).unwrap();
        let refused = VoxelSValues::new([0.5; 3], Medium::Lung, 0.1, &nuclide, false, &workers);
        assert!(matches!(refused, Err(Error::Memory { .. })));
        for bad in [0.49, 20.1, 0.0, -3.0, f64::NAN, f64::INFINITY] {
            let refused = VoxelSValues::new([3.0, bad, 3.0], Medium::Water, 1.0, &nuclide, false, &workers);
            assert!(matches!(refused, Err(Error::OutOfRange { .. })));
        }
    }
}
