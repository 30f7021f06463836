//! The gamma index of two dose maps, the combined distance in space and dose to the nearest agreeing dose.
//!
//! For each point r of the reference grid, `gamma(r)` is the minimum over all x of `sqrt(((D_e(x) - D_r(r)) / dD)^2 +
//! (|x - r| / dx)^2)` (low1998). The evaluated dose `D_e` is trilinear between its voxel centers. Samples in steps
//! would overestimate the minimum by up to a step times the gradient. It is bounded from both sides instead
//! (`cell.rs`), so that the result depends on no step. Ju et al. (ju2008) divide the cells into simplexes for the same
//! purpose. Their choice of diagonals is not used here, because a flipped axis would change it.

mod adjoining;
mod bounds;
mod cell;
mod evaluated;
mod lanes;
mod placement;
mod search;

pub use bounds::TOLERANCE;
use evaluated::{Evaluated, extremes, reserved};
use placement::Placement;
use search::{Row, Search};

use super::dose_values::Dose;
use crate::error::{Error, Result, check};
use crate::geometry::{Affine, Voxels};
use crate::memory;
use crate::parallel::Workers;

/// The highest gamma that passes. A deviation of exactly the criterion passes, however it is rounded.
pub const PASSING: f32 = 1.0 + 1e-5;

/// Least dose criterion as a share of the largest dose.
const MINIMUM_CRITERION: f64 = 1e-9;

/// Treatment of reference points outside the evaluated grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// Such points have no gamma.
    Exclude,
    /// Such points are treated like all others, and fail if the grid is far away.
    Search,
}

/// The valid criteria of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Criteria {
    dose_difference_fraction: f64,
    distance_mm: f64,
    lower_dose_cutoff_fraction: f64,
    local: bool,
    normalization_gy: Option<f64>,
    maximum_gamma: f64,
    outside: Outside,
}

impl Criteria {
    /// The dose criterion is `dose_difference_fraction` of the normalization dose, or of the reference dose at the
    /// point if it is `local`. The cutoff is a fraction of the normalization dose in either case. The normalization
    /// dose is the maximum of the reference if it is not given.
    ///
    /// Returns an error if a fraction is not within (0, 1] or [0, 1), if the distance is not within [0.01, 1000] mm, or
    /// if the maximum gamma is not within [1.1, 100]. A lower maximum could hide that a point fails.
    pub fn new(
        dose_difference_fraction: f64,
        distance_mm: f64,
        lower_dose_cutoff_fraction: f64,
        local: bool,
        normalization_gy: Option<f64>,
        maximum_gamma: f64,
        outside: Outside,
    ) -> Result<Self> {
        check::fraction("dose difference fraction", dose_difference_fraction)?;
        check::positive("dose difference fraction", dose_difference_fraction)?;
        check::within("distance criterion in mm", distance_mm, 0.01, 1000.0)?;
        check::fraction_below_one("lower dose cutoff fraction", lower_dose_cutoff_fraction)?;
        check::within("maximum gamma", maximum_gamma, 1.1, 100.0)?;
        if let Some(dose) = normalization_gy {
            check::positive("normalization dose in Gy", dose)?;
        }
        Ok(Self {
            dose_difference_fraction,
            distance_mm,
            lower_dose_cutoff_fraction,
            local,
            normalization_gy,
            maximum_gamma,
            outside,
        })
    }
}

/// Gamma at each point of the reference grid.
#[derive(Debug, Clone, PartialEq)]
pub struct GammaMap {
    /// Gamma in C order; NaN if the point was not evaluated.
    pub gamma: Vec<f32>,
    /// The dose of which the cutoff, and a dose criterion that is not local, are fractions.
    pub normalization_gy: f64,
    /// Number of points with a gamma.
    pub evaluated: usize,
    /// Number of points that pass.
    pub passing: usize,
    /// Number of points at or above the cutoff that lie outside the evaluated grid.
    pub outside: usize,
    /// Mean gamma of the evaluated points; NaN if there is none.
    pub mean: f64,
}

/// The gamma index at each voxel of `reference`, within [`TOLERANCE`] above its least value and never below it.
///
/// Returns an error if a grid is empty, a dose is not finite, the normalization dose is not positive, a local criterion
/// is zero, the dose criterion is below 1e-9 of the largest dose, or the search would reach too many voxels.
pub fn gamma_index<T: Dose, U: Dose>(
    reference: &impl Voxels<Element = T>,
    reference_affine: &Affine,
    evaluated: &impl Voxels<Element = U>,
    evaluated_affine: &Affine,
    criteria: &Criteria,
    workers: &Workers<'_>,
) -> Result<GammaMap> {
    let [low, high] = extremes(reference, "reference", workers)?;
    let (evaluated, [evaluated_low, evaluated_high]) = Evaluated::new(evaluated, workers)?;
    let normalization_gy = match criteria.normalization_gy {
        Some(dose) => dose,
        None if high > 0.0 => high,
        None => {
            return Err(Error::Undefined {
                quantity: "normalization dose".into(),
                reason: format!("the reference dose must be positive somewhere, its maximum is {high} Gy"),
            });
        }
    };
    let cutoff = criteria.lower_dose_cutoff_fraction * normalization_gy;
    let largest = [low, high, evaluated_low, evaluated_high].iter().fold(0.0_f64, |m, d| m.max(d.abs()));
    let criterion =
        |dose: f64| criteria.dose_difference_fraction * if criteria.local { dose } else { normalization_gy };
    let lowest = if criteria.local {
        lowest_from(reference, cutoff)
    } else {
        normalization_gy
    };
    check_criterion(criterion(lowest), largest)?;
    let shape = reference.shape();
    let placement = Placement::new(shape, reference_affine, evaluated.shape, evaluated_affine);
    let search = Search::new(evaluated, &placement, criteria.distance_mm, criteria.maximum_gamma)?;

    let mut gamma = reserved(shape, "gamma map")?;
    gamma.resize(shape.iter().product(), f32::NAN);
    let mut counts = memory::filled("gamma map", Counts::default(), shape[0] * shape[1])?;
    let rows = gamma.chunks_mut(shape[2]).zip(&mut counts).enumerate();
    workers.for_each(rows, |(n, (row, counts)): (usize, (&mut [f32], &mut Counts))| {
        let (k, j) = (n / shape[1], n % shape[1]);
        let mut points = Row::default();
        reference.visit(k, j, 0..shape[2], |i, dose| {
            let dose: f64 = dose.into();
            let mut wanted = dose >= cutoff;
            if wanted && !placement.of([k, j, i]).is_within() {
                counts.outside += 1;
                wanted = criteria.outside == Outside::Search;
            }
            points.dose.push(dose);
            points.inverse.push(if wanted { 1.0 / criterion(dose) } else { 0.0 });
        });
        if points.inverse.iter().all(|inverse| *inverse == 0.0) {
            return Ok(());
        }
        search.row(&placement, [k, j], &mut points)?;
        for (i, gamma) in row.iter_mut().enumerate().filter(|(i, _)| points.inverse[*i] > 0.0) {
            *gamma = points.squared[i].sqrt() as f32;
            counts.evaluated += 1;
            counts.passing += usize::from(*gamma <= PASSING);
            counts.sum += f64::from(*gamma);
        }
        Ok(())
    })?;
    let total = counts.iter().fold(Counts::default(), |total, row| Counts {
        evaluated: total.evaluated + row.evaluated,
        passing: total.passing + row.passing,
        outside: total.outside + row.outside,
        sum: total.sum + row.sum,
    });
    Ok(GammaMap {
        gamma,
        normalization_gy,
        evaluated: total.evaluated,
        passing: total.passing,
        outside: total.outside,
        mean: total.sum / total.evaluated as f64,
    })
}

/// Counts along a row.
#[derive(Default, Clone)]
struct Counts {
    evaluated: usize,
    passing: usize,
    outside: usize,
    /// Sum of gamma.
    sum: f64,
}

/// Checks that dose differences can be divided by the criterion.
fn check_criterion(criterion: f64, largest: f64) -> Result<()> {
    // The inverse of a subnormal number is infinite.
    if criterion >= f64::MIN_POSITIVE && criterion >= MINIMUM_CRITERION * largest {
        return Ok(());
    }
    Err(Error::Undefined {
        quantity: "gamma index".into(),
        reason: format!(
            "the dose criterion must be > 0 and at least 1e-9 of the largest dose ({largest} Gy), got {criterion} Gy; \
             where it is local, a higher lower dose cutoff leaves the lowest doses out"
        ),
    })
}

/// The lowest dose at or above the cutoff; infinite if there is none.
fn lowest_from<T: Dose>(dose: &impl Voxels<Element = T>, cutoff: f64) -> f64 {
    let shape = dose.shape();
    let mut lowest = f64::INFINITY;
    for k in 0..shape[0] {
        for j in 0..shape[1] {
            dose.visit(k, j, 0..shape[2], |_, dose| {
                let dose: f64 = dose.into();
                if dose >= cutoff {
                    lowest = lowest.min(dose);
                }
            });
        }
    }
    lowest
}
