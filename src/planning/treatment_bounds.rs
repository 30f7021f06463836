//! Limits and targets of a treatment, as constraints that are linear in its activities.

use crate::error::{Error, Result, check};
use crate::planning::linear_program::Price;
use crate::planning::quantity;
use crate::planning::treatment::{Overlap, Tissue, Treatment};

/// Gy or J per GBq below which the effect of an injection counts as 0, relative to the largest one.
const NOTHING: f64 = 1e-12;

/// More than any vial holds. If the activity of a territory reaches it, no limit bounds it.
pub(super) const ANY_ACTIVITY_GBQ: f64 = 100.0;

/// The dose of a lesion that targets and the max-min objective use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TumorDose {
    /// Each portion on its own (of the same tissue, their sum).
    Portion,
    /// The mean over what is perfused of the lesion.
    PerfusedMean,
    /// The mean over the whole lesion.
    WholeMean,
}

impl TumorDose {
    /// "portion", "perfused_mean" or "whole_mean".
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "portion" => Ok(Self::Portion),
            "perfused_mean" => Ok(Self::PerfusedMean),
            "whole_mean" => Ok(Self::WholeMean),
            _ => Err(Error::unknown_name("tumor dose", name, &["portion", "perfused_mean", "whole_mean"])),
        }
    }
}

/// Limits and targets; `None` if there is none. Doses in Gy, activities in GBq.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bounds {
    /// Maximum lung dose of this treatment.
    pub lung_gy: Option<f64>,
    /// Maximum lung dose together with earlier treatments.
    pub lung_cumulative_gy: Option<f64>,
    /// Dose of the lungs from earlier treatments.
    pub prior_lung_dose_gy: f64,
    /// Maximum dose of each territory's normal liver.
    pub normal_perfused_gy: Vec<Option<f64>>,
    /// Dose of each territory's normal liver from earlier treatments.
    pub prior_normal_perfused_dose_gy: Vec<f64>,
    /// Maximum mean dose of all normal liver.
    pub normal_whole_gy: Option<f64>,
    /// Mean dose of all normal liver from earlier treatments.
    pub prior_normal_whole_dose_gy: f64,
    /// Maximum activity delivered into each territory.
    pub activity_gbq: Vec<Option<f64>>,
    /// Minimum dose of each lesion.
    pub target_gy: Vec<Option<f64>>,
    /// Weight of each lesion in the max-min objective.
    pub weights: Vec<f64>,
}

impl Bounds {
    /// An error for lists that do not follow the territories, or targets that do not follow the lesions.
    pub(super) fn check_counts(&self, territories: usize, lesions: usize) -> Result<()> {
        fits("perfused normal liver limits", self.normal_perfused_gy.len(), territories)?;
        fits("prior doses to perfused normal liver", self.prior_normal_perfused_dose_gy.len(), territories)?;
        fits("activity limits", self.activity_gbq.len(), territories)?;
        fits("target doses", self.target_gy.len(), lesions)
    }
}

/// A limit or target as the caller stated it.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    /// "lung", "lung_cumulative", "normal_perfused:<territory>", "normal_whole", "activity:<territory>",
    /// "target:<lesion>" or "target:<lesion>:<territory>".
    pub name: String,
    /// The limit.
    pub limit: f64,
    /// Its unit.
    pub unit: &'static str,
    /// Value that the activities give in that unit, prior dose included; zero if there is no optimum.
    pub value: f64,
    /// Change of the objective per unit of the limit, if it is relaxed and if it is tightened: made larger and smaller
    /// for a maximum, the reverse for a target.
    pub price: Price,
    pub(super) row: Vec<f64>,
    pub(super) prior: f64,
    pub(super) is_target: bool,
    pub(super) is_implied: bool,
}

impl Constraint {
    /// Whether the activities meet it as an equation, to 1e-9 of its size.
    pub fn binds(&self) -> bool {
        (self.value - self.limit).abs() <= 1e-9 * self.limit.abs().max(1e-6)
    }
}

/// The rows whose smallest dose counts, each with its lesion.
pub(super) fn tumor_rows(
    treatment: &Treatment,
    tumor_dose: TumorDose,
    bounds: &Bounds,
) -> Result<Vec<(usize, Vec<f64>)>> {
    let lesions = treatment.lesions();
    fits("weights", bounds.weights.len(), lesions.len())?;
    for (lesion, &weight) in lesions.iter().zip(&bounds.weights) {
        check::within(&format!("weight of lesion '{}'", lesion.name), weight, 1e-3, 1e3)?;
    }
    Ok(treatment
        .rows()
        .iter()
        .filter_map(|row| Some((counted(treatment, tumor_dose, row.tissue)?, row.gy_per_gbq.clone())))
        .collect())
}

/// The lesion of a tissue whose dose counts as a tumor dose.
fn counted(treatment: &Treatment, tumor_dose: TumorDose, tissue: Tissue) -> Option<usize> {
    let same = |lesion: usize| treatment.lesions()[lesion].overlap == Overlap::SameTissue;
    match (tumor_dose, tissue) {
        (TumorDose::Portion, Tissue::Portion { lesion, .. }) if !same(lesion) => Some(lesion),
        (TumorDose::Portion, Tissue::LesionPerfused(lesion)) if same(lesion) => Some(lesion),
        (TumorDose::PerfusedMean, Tissue::LesionPerfused(lesion))
        | (TumorDose::WholeMean, Tissue::LesionWhole(lesion)) => Some(lesion),
        _ => None,
    }
}

/// Every limit and target; those on activity come last, one for each territory, implied where none was given.
pub(super) fn constraints(treatment: &Treatment, tumor_dose: TumorDose, bounds: &Bounds) -> Result<Vec<Constraint>> {
    let (territories, lesions) = (treatment.territories(), treatment.lesions());
    bounds.check_counts(territories.len(), lesions.len())?;
    let prior = check::within("prior lung dose in Gy", bounds.prior_lung_dose_gy, 0.0, 1000.0)?;
    let whole_prior =
        check::within("prior whole normal liver dose in Gy", bounds.prior_normal_whole_dose_gy, 0.0, 1000.0)?;
    let mut found = Vec::new();
    let mut add = |name: String, unit, limit: f64, prior, row: &[f64], is_target| {
        found.push(Constraint {
            name,
            limit,
            unit,
            value: 0.0,
            price: Price::default(),
            row: row.iter().copied().map(something).collect(),
            prior,
            is_target,
            is_implied: false,
        });
    };
    for row in treatment.rows() {
        match row.tissue {
            Tissue::Lungs => {
                if let Some(limit) = bounds.lung_gy {
                    quantity::target_dose_gy("lung limit in Gy", limit)?;
                    add("lung".into(), "Gy", limit, 0.0, &row.gy_per_gbq, false);
                }
                if let Some(limit) = bounds.lung_cumulative_gy {
                    quantity::target_dose_gy("cumulative lung limit in Gy", limit)?;
                    add("lung_cumulative".into(), "Gy", limit, prior, &row.gy_per_gbq, false);
                }
            }
            Tissue::NormalPerfused(k) => {
                if let Some(limit) = bounds.normal_perfused_gy[k] {
                    let name = territories[k].name();
                    quantity::target_dose_gy(&format!("perfused normal liver limit in Gy of '{name}'"), limit)?;
                    let quantity = format!("prior perfused normal liver dose in Gy of '{name}'");
                    let prior = check::within(&quantity, bounds.prior_normal_perfused_dose_gy[k], 0.0, 1000.0)?;
                    add(format!("normal_perfused:{name}"), "Gy", limit, prior, &row.gy_per_gbq, false);
                }
            }
            Tissue::NormalWhole => {
                if let Some(limit) = bounds.normal_whole_gy {
                    quantity::target_dose_gy("whole normal liver limit in Gy", limit)?;
                    add("normal_whole".into(), "Gy", limit, whole_prior, &row.gy_per_gbq, false);
                }
            }
            tissue => {
                let Some(lesion) = counted(treatment, tumor_dose, tissue) else {
                    continue;
                };
                let Some(target) = bounds.target_gy[lesion] else {
                    continue;
                };
                let name = &lesions[lesion].name;
                quantity::target_dose_gy(&format!("target dose in Gy of lesion '{name}'"), target)?;
                let name = match tissue {
                    Tissue::Portion { territory, .. } => format!("target:{name}:{}", territories[territory].name()),
                    _ => format!("target:{name}"),
                };
                add(name, "Gy", target, 0.0, &row.gy_per_gbq, true);
            }
        }
    }
    if bounds.normal_whole_gy.is_some() && treatment.row(Tissue::NormalWhole).is_none() {
        return Err(undefined("a limit for all normal liver needs its mass"));
    }
    for (k, territory) in territories.iter().enumerate() {
        let name = territory.name();
        let limit = bounds.activity_gbq[k].unwrap_or(ANY_ACTIVITY_GBQ);
        check::positive(&format!("activity limit in GBq of '{name}'"), limit)?;
        quantity::activity_gbq(&format!("activity limit in GBq of '{name}'"), limit)?;
        let mut row = vec![0.0; territories.len()];
        row[k] = 1.0;
        add(format!("activity:{name}"), "GBq", limit, 0.0, &row, false);
    }
    let first = found.len() - territories.len();
    for (constraint, limit) in found[first..].iter_mut().zip(&bounds.activity_gbq) {
        constraint.is_implied = limit.is_none();
    }
    Ok(found)
}

pub(super) fn something(per_gbq: f64) -> f64 {
    if per_gbq < NOTHING { 0.0 } else { per_gbq }
}

fn fits(quantity: &str, got: usize, wanted: usize) -> Result<()> {
    if got == wanted {
        Ok(())
    } else {
        Err(Error::Shape {
            quantity: quantity.into(),
            shape: vec![got],
            requirement: format!("{wanted} values"),
        })
    }
}

pub(super) fn undefined(reason: &str) -> Error {
    Error::Undefined {
        quantity: "optimum".into(),
        reason: reason.into(),
    }
}
