//! Mass density from CT numbers by a piecewise linear curve.
//!
//! The curve is written as a sum of ramps, `rho_0 + sum_s slope_s clamp(H - H_s, 0, H_{s+1} - H_s)`. The sum needs
//! neither a search for the segment nor a branch, so that the compiler can compute many voxels at once. No term falls
//! with H, and therefore the sum never falls, even with rounding. The time is limited by the ramps (some ten operations
//! for each voxel and segment), and with curves of few segments by the bandwidth of memory.

use pulp::{Simd, WithSimd};

use crate::error::{Error, Result, check};
use crate::memory;
use crate::parallel::Workers;
use crate::simd::{Float, InstructionSet};

/// Voxels of one item of work, and of one pass over the ramps. The voxels of a pass stay in the first cache.
const VOXELS: usize = 1 << 15;
const BLOCK: usize = 512;

/// Largest number of nodes of a curve.
const NODES: usize = 4096;

/// Type of the CT numbers in an array.
pub trait CtNumber: Copy + Send + Sync {
    /// The same number. It is exact, because no array of CT numbers has integers of 64 bits.
    fn hounsfield(self) -> f64;
}

macro_rules! ct_number {
    ($($number:ty),*) => { $(
        impl CtNumber for $number {
            #[inline(always)]
            fn hounsfield(self) -> f64 {
                f64::from(self)
            }
        }
    )* };
}
ct_number!(i16, i32, f32, f64);

/// Treatment of CT numbers beyond the ends of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// Such a number is an error.
    Refuse,
    /// The voxel takes the density of the nearer end.
    Clamp,
}

/// Number of voxels beyond each end of the curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Beyond {
    /// Below the first node.
    pub below: u64,
    /// Above the last node.
    pub above: u64,
}

/// A piecewise linear curve from CT number in HU to mass density in g/mL, which never falls.
#[derive(Debug, Clone, PartialEq)]
pub struct DensityCurve {
    low: f64,
    high: f64,
    first_density: f64,
    ramps: Vec<Ramp>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Ramp {
    start: f64,
    width: f64,
    slope: f64,
}

impl DensityCurve {
    /// Makes a curve from its nodes.
    ///
    /// Returns an error if there are fewer than 2 or more than 4096 nodes, if the two lists differ in length, if the CT
    /// numbers do not rise or exceed 1e6 HU in magnitude, or if the densities fall or are not within [0, 30] g/mL.
    pub fn new(hounsfield_units: &[f64], density_g_per_ml: &[f64]) -> Result<Self> {
        let nodes = hounsfield_units.len();
        if !(2..=NODES).contains(&nodes) || density_g_per_ml.len() != nodes {
            return Err(Error::Shape {
                quantity: "nodes of a CT density curve".into(),
                shape: vec![nodes, density_g_per_ml.len()],
                requirement: format!("as many CT numbers as densities, 2 to {NODES}"),
            });
        }
        for (n, (&hu, &rho)) in hounsfield_units.iter().zip(density_g_per_ml).enumerate() {
            check::within(&format!("CT number in HU of node {n}"), hu, -1e6, 1e6)?;
            check::within(&format!("density in g/mL of node {n}"), rho, 0.0, 30.0)?;
        }
        let mut ramps = Vec::with_capacity(nodes - 1);
        for n in 1..nodes {
            let (hu, rho) = (hounsfield_units[n], density_g_per_ml[n]);
            let (start, bottom) = (hounsfield_units[n - 1], density_g_per_ml[n - 1]);
            let width = hu - start;
            if width <= 0.0 {
                let requirement = format!("above that of node {}, {start}", n - 1);
                return Err(Error::out_of_range(format!("CT number in HU of node {n}"), hu, requirement));
            }
            if rho < bottom {
                let requirement = format!("at least that of node {}, {bottom}: the curve must not fall", n - 1);
                return Err(Error::out_of_range(format!("density in g/mL of node {n}"), rho, requirement));
            }
            let slope = (rho - bottom) / width;
            if !slope.is_finite() {
                let requirement = "so far apart that the slope is finite";
                return Err(Error::out_of_range(format!("CT numbers of nodes {} and {n}", n - 1), width, requirement));
            }
            ramps.push(Ramp { start, width, slope });
        }
        Ok(Self {
            low: hounsfield_units[0],
            high: hounsfield_units[nodes - 1],
            first_density: density_g_per_ml[0],
            ramps,
        })
    }
}

/// Writes the density in g/mL of each voxel. Voxels may be in any order, which must be the same in both slices.
///
/// Returns an error if the lengths differ, if a CT number is not finite, or if one lies beyond the curve and `outside`
/// refuses that. The error names the first such voxel, and in the last case their number. The result does not depend
/// on the number of threads.
pub fn density_from_ct<H: CtNumber, T: Float>(
    ct: &[H],
    curve: &DensityCurve,
    outside: Outside,
    out_g_per_ml: &mut [T],
    workers: &Workers<'_>,
) -> Result<Beyond> {
    if out_g_per_ml.len() != ct.len() {
        return Err(Error::Shape {
            quantity: "density".into(),
            shape: vec![out_g_per_ml.len()],
            requirement: format!("of as many voxels as the CT, {}", ct.len()),
        });
    }
    let mut counts = memory::filled("density", Counts::default(), ct.len().div_ceil(VOXELS))?;
    let instruction_set = InstructionSet::best();
    let items = ct.chunks(VOXELS).zip(out_g_per_ml.chunks_mut(VOXELS)).zip(&mut counts);
    workers.for_each(items, |((ct, out), counts)| {
        *counts = instruction_set.run(Item { ct, curve, out });
        Ok(())
    })?;
    let total = counts.iter().fold(Counts::default(), |sum, c| Counts {
        below: sum.below + c.below,
        above: sum.above + c.above,
        invalid: sum.invalid + c.invalid,
    });
    let beyond = total.below + total.above;
    if total.invalid > 0 || (outside == Outside::Refuse && beyond > 0) {
        return Err(first_error(ct, curve, total));
    }
    Ok(Beyond {
        below: total.below,
        above: total.above,
    })
}

fn first_error<H: CtNumber>(ct: &[H], curve: &DensityCurve, total: Counts) -> Error {
    let first = |wrong: &dyn Fn(f64) -> bool| {
        let found = ct.iter().map(|h| h.hounsfield()).enumerate().find(|&(_, h)| wrong(h));
        found.unwrap_or((0, f64::NAN))
    };
    if total.invalid > 0 {
        let (at, value) = first(&|h| !h.is_finite());
        return Error::out_of_range(format!("CT number of voxel {at} (in memory order)"), value, "finite");
    }
    let (low, high) = (curve.low, curve.high);
    let (at, value) = first(&|h| !(low..=high).contains(&h));
    let requirement = format!("within the curve, [{low}, {high}] HU ({} below, {} above)", total.below, total.above);
    Error::out_of_range(format!("CT number of voxel {at} (in memory order)"), value, requirement)
        .with_hint("out_of_range='clamp' takes the density of the nearer end and reports how often")
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    below: u64,
    above: u64,
    invalid: u64,
}

struct Item<'a, H, T> {
    ct: &'a [H],
    curve: &'a DensityCurve,
    out: &'a mut [T],
}

impl<H: CtNumber, T: Float> WithSimd for Item<'_, H, T> {
    type Output = Counts;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Counts {
        let curve = self.curve;
        let mut counts = Counts::default();
        let (mut hu, mut density) = ([0.0; BLOCK], [0.0; BLOCK]);
        for (ct, out) in self.ct.chunks(BLOCK).zip(self.out.chunks_mut(BLOCK)) {
            let (hu, density) = (&mut hu[..ct.len()], &mut density[..ct.len()]);
            for (hu, ct) in hu.iter_mut().zip(ct) {
                *hu = ct.hounsfield();
                counts.below += u64::from(*hu < curve.low);
                counts.above += u64::from(*hu > curve.high);
                counts.invalid += u64::from(!hu.is_finite());
            }
            density.fill(curve.first_density);
            for &Ramp { start, width, slope } in &curve.ramps {
                for (density, hu) in density.iter_mut().zip(hu.iter()) {
                    let along = *hu - start;
                    let along = if along > 0.0 { along } else { 0.0 };
                    *density += slope * if along < width { along } else { width };
                }
            }
            for (out, density) in out.iter_mut().zip(density.iter()) {
                *out = T::from_f64(*density);
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::{Beyond, DensityCurve, Outside, density_from_ct};
    use crate::parallel::{Cancellation, Workers};

    fn curve() -> DensityCurve {
        DensityCurve::new(&[-1000.0, 0.0, 1000.0], &[0.0, 1.0, 1.5]).unwrap()
    }

    #[test]
    fn the_curve_is_exact_at_nodes_and_linear_between() {
        let mut density = [0.0; 7];
        let ct = [-1000i16, -500, 0, 200, 1000, -1024, 3071];
        let never = Cancellation::never();
        let workers = Workers::new(None, &never).unwrap();
        let beyond = density_from_ct(&ct, &curve(), Outside::Clamp, &mut density, &workers).unwrap();
        assert_eq!(density, [0.0, 0.5, 1.0, 1.1, 1.5, 0.0, 1.5]);
        assert_eq!(beyond, Beyond { below: 1, above: 1 });
        let error = density_from_ct(&ct, &curve(), Outside::Refuse, &mut density, &workers).unwrap_err().to_string();
        assert!(error.contains("voxel 5 ") && error.contains("(1 below, 1 above), got -1024"), "{error}");
    }

    #[test]
    fn the_first_number_that_is_not_finite_is_named_for_every_number_of_threads() {
        let mut ct = vec![40.0f32; 100_000];
        (ct[70_000], ct[90_000]) = (f32::NAN, f32::INFINITY);
        let mut density = vec![0.0f32; ct.len()];
        let never = Cancellation::never();
        for threads in 1..5 {
            let workers = Workers::new(Some(threads), &never).unwrap();
            let error = density_from_ct(&ct, &curve(), Outside::Clamp, &mut density, &workers).unwrap_err();
            assert!(error.to_string().contains("voxel 70000 (in memory order) must be finite, got NaN"));
        }
    }

    #[test]
    fn invalid_nodes_are_errors() {
        for (hu, rho) in [
            (&[0.0][..], &[1.0][..]),
            (&[0.0, 1.0], &[1.0]),
            (&[0.0, 0.0], &[1.0, 1.0]),
            (&[1.0, 0.0], &[1.0, 1.0]),
            (&[0.0, 1.0], &[1.0, 0.9]),
            (&[0.0, 1.0], &[-0.1, 0.9]),
            (&[0.0, f64::NAN], &[0.0, 1.0]),
            (&[0.0, 1.0], &[0.0, f64::INFINITY]),
            (&[0.0, 5e-324], &[0.0, 1.0]),
        ] {
            assert!(DensityCurve::new(hu, rho).is_err(), "{hu:?} {rho:?}");
        }
        assert!(DensityCurve::new(&vec![0.0; 5000], &vec![0.0; 5000]).is_err());
    }
}
