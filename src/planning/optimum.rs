//! The activities of several injections that are best by a stated objective, under every limit at once.
//!
//! All doses are linear in the activities (see [`Treatment`]), so this is a linear programme. Objectives give different
//! optima: there is no default.

use crate::error::{Error, Result, check};
use crate::planning::linear_program::{LinearProgram, Outcome, Price};
use crate::planning::quantity;
use crate::planning::territories::{Overlap, Tissue, Treatment};

/// Gy or J per GBq below which an injection counts as giving nothing: 1e-10 for the largest one.
const NOTHING: f64 = 1e-12;

/// More than any vial holds: the activity of a territory that reaches it is held by no limit.
const ANY_ACTIVITY_GBQ: f64 = 100.0;

/// What is made best.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// The smallest tumor dose, each lesion's over its weight, is made as large as possible.
    MaxMinTumorDose,
    /// The energy imparted to all tumors together is made as large as possible.
    MaxTumorEnergy,
    /// The energy imparted to the lungs is made as small as the target doses allow.
    MinLungEnergy,
}

impl Objective {
    /// "max_min_tumor_dose", "max_tumor_energy" or "min_lung_energy".
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "max_min_tumor_dose" => Ok(Self::MaxMinTumorDose),
            "max_tumor_energy" => Ok(Self::MaxTumorEnergy),
            "min_lung_energy" => Ok(Self::MinLungEnergy),
            _ => Err(unknown("objective", name, &["max_min_tumor_dose", "max_tumor_energy", "min_lung_energy"])),
        }
    }
}

/// Which dose of a lesion targets and the max-min objective mean.
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
            _ => Err(unknown("tumor dose", name, &["portion", "perfused_mean", "whole_mean"])),
        }
    }
}

/// Limits and targets; `None` where there is none. Doses in Gy, activities in GBq.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bounds {
    /// Maximum lung dose of this treatment.
    pub lung_single_gy: Option<f64>,
    /// Maximum lung dose with what the lungs had before.
    pub lung_cumulative_gy: Option<f64>,
    /// What the lungs had before.
    pub lung_prior_gy: f64,
    /// Maximum dose of each territory's normal liver.
    pub normal_perfused_gy: Vec<Option<f64>>,
    /// Maximum mean dose of all normal liver.
    pub normal_whole_gy: Option<f64>,
    /// Maximum activity delivered into each territory.
    pub activity_gbq: Vec<Option<f64>>,
    /// Minimum dose of each lesion.
    pub target_gy: Vec<Option<f64>>,
    /// Weight of each lesion in the max-min objective.
    pub weights: Vec<f64>,
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
    /// What the activities give in that unit, prior dose included; zero where there is no optimum.
    pub value: f64,
    /// Change of the objective per unit of the limit, if it is relaxed and if it is tightened: made larger and smaller
    /// for a maximum, the reverse for a target.
    pub price: Price,
    row: Vec<f64>,
    prior: f64,
    is_target: bool,
    is_implied: bool,
}

impl Constraint {
    /// Whether the activities meet it as an equation, to 1e-9 of its size.
    pub fn binds(&self) -> bool {
        (self.value - self.limit).abs() <= 1e-9 * self.limit.abs().max(1e-6)
    }
}

/// The best activities.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// Activity delivered into each territory in GBq; of equally good ones, those with the smallest sum.
    pub activities_gbq: Vec<f64>,
    /// Smallest and largest activity of each territory over all equally good plans, in GBq.
    pub ranges_gbq: Vec<(f64, f64)>,
    /// Smallest tumor dose over weight in Gy, or energy in J.
    pub objective: f64,
    /// Every limit and target.
    pub constraints: Vec<Constraint>,
    /// Lesions whose dose over weight is the smallest one; empty for other objectives.
    pub lowest_lesions: Vec<usize>,
}

/// What became of the question.
#[derive(Debug, Clone, PartialEq)]
pub enum Optimum {
    /// There is a best plan.
    Best(Best),
    /// No activities meet these limits and targets; they would if any one of them were given up.
    Infeasible(Vec<Constraint>),
}

/// The best activities. An activity that no limit holds is an error that names its territory.
pub fn optimum(treatment: &Treatment, objective: Objective, tumor_dose: TumorDose, bounds: &Bounds) -> Result<Optimum> {
    let count = treatment.territories().len();
    let mut constraints = constraints(treatment, tumor_dose, bounds)?;
    let tumors = tumor_rows(treatment, tumor_dose, bounds)?;
    let energy = |keep: fn(Tissue) -> bool| -> Vec<f64> {
        let rows = treatment.rows().iter().filter(|row| keep(row.tissue));
        rows.fold(vec![0.0; count], |mut sum, row| {
            sum.iter_mut().zip(&row.gy_per_gbq).for_each(|(s, d)| *s += something(d * row.mass_kg));
            sum
        })
    };
    let with_z = objective == Objective::MaxMinTumorDose;
    let mut gain = match objective {
        Objective::MaxMinTumorDose => vec![0.0; count],
        Objective::MaxTumorEnergy => energy(|tissue| matches!(tissue, Tissue::Portion { .. })),
        Objective::MinLungEnergy => energy(|tissue| tissue == Tissue::Lungs).iter().map(|e| -e).collect(),
    };
    if objective == Objective::MinLungEnergy && !constraints.iter().any(|c| c.is_target) {
        return Err(undefined("the least lung energy without a target dose is that of no treatment"));
    }
    if objective != Objective::MinLungEnergy && tumors.is_empty() {
        return Err(undefined("there is no tumor"));
    }
    let mut rows = Vec::new();
    let mut limits = Vec::new();
    for c in &constraints {
        let sign = if c.is_target { -1.0 } else { 1.0 };
        let mut row: Vec<f64> = c.row.iter().map(|a| sign * a).collect();
        row.extend(with_z.then_some(0.0));
        rows.push(row);
        limits.push(sign * (c.limit - c.prior));
    }
    let mut tie_weights = vec![1.0; count];
    if with_z {
        gain.push(1.0);
        tie_weights.push(0.0);
        for (lesion, row) in &tumors {
            rows.push(row.iter().map(|d| -d).chain([bounds.weights[*lesion]]).collect());
            limits.push(0.0);
        }
    }
    let program = LinearProgram {
        objective: gain,
        rows,
        limits,
    };
    let solution = match program.solve(&tie_weights)? {
        Outcome::Optimal(solution) => solution,
        Outcome::Unbounded => return Err(undefined("nothing holds the objective")),
        Outcome::Infeasible(conflict) => {
            let named = constraints.iter().enumerate().filter(|(i, _)| conflict.contains(i));
            return Ok(Optimum::Infeasible(named.map(|(_, c)| c.clone()).collect()));
        }
    };
    let activities = solution.x[..count].to_vec();
    for (constraint, price) in constraints.iter_mut().zip(&solution.prices) {
        constraint.value = dot(&constraint.row, &activities) + constraint.prior;
        let sign = if objective == Objective::MinLungEnergy {
            -1.0
        } else {
            1.0
        };
        constraint.price = Price {
            // Plus zero, so that no limit is worth -0.
            relaxed: sign * price.relaxed + 0.0,
            tightened: -sign * price.tightened + 0.0,
        };
    }
    // The constraints on activity come last, one for each territory.
    let open: Vec<bool> = constraints[constraints.len() - count..].iter().map(|c| c.is_implied).collect();
    let free: Vec<&str> = (0..count)
        .filter(|&k| open[k] && reaches_any(activities[k]))
        .map(|k| treatment.territories()[k].name())
        .collect();
    if !free.is_empty() {
        let below = format!("no limit holds the activity of {} below {ANY_ACTIVITY_GBQ} GBq", free.join(", "));
        return Err(undefined(&below));
    }
    constraints.retain(|c| !c.is_implied);
    let ranges_gbq = (0..count)
        .map(|k| match solution.ranges[k] {
            (low, high) if open[k] && reaches_any(high) => (low, f64::INFINITY),
            range => range,
        })
        .collect();
    let lesion_doses: Vec<(usize, f64)> = tumors
        .iter()
        .map(|(lesion, row)| (*lesion, dot(row, &activities) / bounds.weights[*lesion]))
        .collect();
    let lowest = lesion_doses.iter().map(|&(_, dose)| dose).fold(f64::INFINITY, f64::min);
    let mut lowest_lesions: Vec<usize> = lesion_doses
        .iter()
        .filter(|&&(_, dose)| with_z && dose <= lowest + 1e-9 * lowest.abs().max(1e-6))
        .map(|&(lesion, _)| lesion)
        .collect();
    lowest_lesions.dedup();
    let objective = match objective {
        Objective::MaxMinTumorDose => lowest,
        Objective::MaxTumorEnergy => dot(&program.objective, &activities),
        Objective::MinLungEnergy => -dot(&program.objective, &activities),
    };
    Ok(Optimum::Best(Best {
        activities_gbq: activities,
        ranges_gbq,
        objective,
        constraints,
        lowest_lesions,
    }))
}

/// The rows whose smallest dose counts, each with its lesion.
fn tumor_rows(treatment: &Treatment, tumor_dose: TumorDose, bounds: &Bounds) -> Result<Vec<(usize, Vec<f64>)>> {
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

fn constraints(treatment: &Treatment, tumor_dose: TumorDose, bounds: &Bounds) -> Result<Vec<Constraint>> {
    let (territories, lesions) = (treatment.territories(), treatment.lesions());
    fits("perfused normal liver limits", bounds.normal_perfused_gy.len(), territories.len())?;
    fits("activity limits", bounds.activity_gbq.len(), territories.len())?;
    fits("target doses", bounds.target_gy.len(), lesions.len())?;
    let prior = check::within("prior lung dose in Gy", bounds.lung_prior_gy, 0.0, 1000.0)?;
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
                if let Some(limit) = bounds.lung_single_gy {
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
                    add(format!("normal_perfused:{name}"), "Gy", limit, 0.0, &row.gy_per_gbq, false);
                }
            }
            Tissue::NormalWhole => {
                if let Some(limit) = bounds.normal_whole_gy {
                    quantity::target_dose_gy("whole normal liver limit in Gy", limit)?;
                    add("normal_whole".into(), "Gy", limit, 0.0, &row.gy_per_gbq, false);
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

fn reaches_any(activity_gbq: f64) -> bool {
    activity_gbq >= ANY_ACTIVITY_GBQ * (1.0 - 1e-9)
}

fn something(per_gbq: f64) -> f64 {
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

fn undefined(reason: &str) -> Error {
    Error::Undefined {
        quantity: "optimum".into(),
        reason: reason.into(),
    }
}

fn unknown(quantity: &str, name: &str, known: &[&str]) -> Error {
    Error::UnknownName {
        quantity: quantity.into(),
        name: name.into(),
        known: known.iter().map(ToString::to_string).collect(),
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
