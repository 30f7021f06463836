//! The best activities of several injections by a stated objective, under all limits together.
//!
//! All doses are linear in the activities (see [`Treatment`]), so this is a linear programme. Objectives give different
//! optima, so there is no default.

use crate::error::{Error, Result};
use crate::planning::linear_program::{LinearProgram, Outcome, Price};
use crate::planning::treatment::{Tissue, Treatment, dot};
use crate::planning::treatment_bounds::{
    ANY_ACTIVITY_GBQ, Bounds, Constraint, TumorDose, constraints, something, tumor_rows, undefined,
};

/// Objective.
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
            _ => Err(Error::unknown_name(
                "objective",
                name,
                &["max_min_tumor_dose", "max_tumor_energy", "min_lung_energy"],
            )),
        }
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

/// Outcome of the optimization.
#[derive(Debug, Clone, PartialEq)]
pub enum Optimum {
    /// There is a best plan.
    Best(Best),
    /// No activities meet these limits and targets together; without any one of them, some would.
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
    // A lesion fed by two territories may tie in both.
    lowest_lesions.sort_unstable();
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

fn reaches_any(activity_gbq: f64) -> bool {
    activity_gbq >= ANY_ACTIVITY_GBQ * (1.0 - 1e-9)
}
