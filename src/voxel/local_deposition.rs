//! Local deposition: the energy of each decay is absorbed in the voxel where it happens.

use crate::error::{Error, Result, check};
use crate::nuclide::Nuclide;
use crate::parallel::Workers;
use crate::simd::Float;

/// Voxels of one item of work, which takes some tens of microseconds.
const VOXELS: usize = 1 << 15;

/// The density of a map in g/mL: one for all voxels, or one for each.
#[derive(Debug, Clone, Copy)]
pub enum Density<'a, T> {
    /// The same density in all voxels.
    Uniform(f64),
    /// One density for each voxel, in the order of the voxels.
    PerVoxel(&'a [T]),
}

/// Writes the absorbed dose in Gy after complete decay, `D = C c / rho`.
///
/// `c` is the concentration at administration in MBq/mL, `C` the dose factor in Gy kg/GBq and `rho` the density in
/// g/mL. MBq/mL divided by g/mL is GBq/kg. Voxels may be in any order, which must be the same in all slices.
///
/// Returns an error if the lengths differ, if a concentration is not finite, if a density is not finite and positive,
/// or if a dose does not fit into `T`. If several apply, it returns the first in this order.
pub fn local_deposition<T: Float>(
    activity_mbq_per_ml: &[T],
    density_g_per_ml: Density<'_, T>,
    nuclide: &Nuclide,
    out_gy: &mut [T],
    workers: &Workers<'_>,
) -> Result<()> {
    let voxels = activity_mbq_per_ml.len();
    for (quantity, len) in [
        ("result", out_gy.len()),
        (
            "density",
            if let Density::PerVoxel(rho) = density_g_per_ml {
                rho.len()
            } else {
                voxels
            },
        ),
    ] {
        if len != voxels {
            return Err(Error::Shape {
                quantity: quantity.into(),
                shape: vec![len],
                requirement: format!("of as many voxels as the activity, {voxels}"),
            });
        }
    }
    let c = nuclide.dose_factor_gy_kg_per_gbq();
    if let Density::Uniform(rho) = density_g_per_ml {
        check::positive("density in g/mL", rho)?;
    }
    let done = workers.for_each(out_gy.chunks_mut(VOXELS).enumerate(), |(item, out)| {
        let voxels = item * VOXELS..item * VOXELS + out.len();
        let activity = &activity_mbq_per_ml[voxels.clone()];
        let mut valid = true;
        match density_g_per_ml {
            Density::Uniform(rho) => {
                for (out, a) in out.iter_mut().zip(activity) {
                    *out = dose(c, *a, rho);
                    valid &= out.is_finite();
                }
            }
            Density::PerVoxel(rho) => {
                for ((out, a), rho) in out.iter_mut().zip(activity).zip(&rho[voxels]) {
                    *out = dose(c, *a, rho.to_f64());
                    valid &= out.is_finite() & rho.is_finite() & (*rho > T::ZERO);
                }
            }
        }
        if valid { Ok(()) } else { Err(Error::Cancelled) }
    });
    // The error that is found first depends on the threads. The first one in the order of voxels does not.
    done.map_err(|error| {
        if error != Error::Cancelled || workers.check().is_err() {
            return error;
        }
        let invalid = (0..voxels).find_map(|at| {
            let voxel = format!("of voxel {at} (in memory order)");
            let activity = activity_mbq_per_ml[at];
            let rho = match density_g_per_ml {
                Density::Uniform(rho) => rho,
                Density::PerVoxel(rho) => rho[at].to_f64(),
            };
            let finite = |quantity: &str, value: f64, requirement: String| {
                let quantity = format!("{quantity} {voxel}");
                (!value.is_finite()).then(|| Error::out_of_range(quantity, value, requirement))
            };
            finite("activity concentration in MBq/mL", activity.to_f64(), "finite".into())
                .or_else(|| check::positive(&format!("density in g/mL {voxel}"), rho).err())
                .or_else(|| {
                    finite(
                        "absorbed dose in Gy",
                        dose(c, activity, rho).to_f64(),
                        format!("within the range of {}", T::NAME),
                    )
                })
        });
        invalid.unwrap_or(error)
    })
}

#[inline(always)]
fn dose<T: Float>(dose_factor_gy_kg_per_gbq: f64, activity_mbq_per_ml: T, density_g_per_ml: f64) -> T {
    T::from_f64(dose_factor_gy_kg_per_gbq * activity_mbq_per_ml.to_f64() / density_g_per_ml)
}

#[cfg(test)]
mod tests {
    use super::{Density, local_deposition};
    use crate::error::Result;
    use crate::nuclide::Nuclide;
    use crate::parallel::{Cancellation, Workers};
    use crate::simd::Float;

    fn dose<T: Float>(activity: &[T], density: Density<'_, T>, out: &mut [T], threads: Option<usize>) -> Result<()> {
        let never = Cancellation::never();
        local_deposition(activity, density, &Nuclide::default(), out, &Workers::new(threads, &never).unwrap())
    }

    #[test]
    fn one_gbq_in_one_kg_gives_the_dose_factor() {
        // 1 MBq/mL at 1 g/mL is 1 GBq/kg.
        let mut out = [0.0, 0.0];
        dose(&[1.0, -2.0], Density::Uniform(1.0), &mut out, None).unwrap();
        assert_eq!(out, [49.67, -99.34]);
        dose(&[1.0, 1.0], Density::PerVoxel(&[2.0, 0.5]), &mut out, None).unwrap();
        assert_eq!(out, [24.835, 99.34]);
    }

    #[test]
    fn the_first_invalid_voxel_is_named_for_every_number_of_threads() {
        let mut activity = vec![1.0f32; 200_000];
        (activity[70_000], activity[150_000]) = (f32::NAN, f32::INFINITY);
        let mut out = vec![0.0; activity.len()];
        for threads in 1..5 {
            let error = dose(&activity, Density::Uniform(1.05), &mut out, Some(threads));
            assert!(
                error.unwrap_err().to_string().contains("of voxel 70000 (in memory order) must be finite, got NaN")
            );
        }
    }

    #[test]
    fn zero_density_and_overflow_are_errors() {
        let mut out = [0.0f32; 2];
        for rho in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            let error = dose(&[0.0, 0.0], Density::PerVoxel(&[1.0, rho]), &mut out, None);
            assert!(error.unwrap_err().to_string().starts_with("density in g/mL of voxel 1"));
        }
        let error = dose(&[0.0, 1e38], Density::Uniform(1.0), &mut out, None);
        assert!(error.unwrap_err().to_string().contains("within the range of float32"));
        assert!(dose(&[0.0], Density::Uniform(1.0), &mut out, None).is_err());
        assert!(dose(&[0.0, 1.0], Density::Uniform(f64::NAN), &mut out, None).is_err());
    }
}
