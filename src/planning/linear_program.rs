//! A small dense linear programme with more results than the optimum: other points that are as good, the value of a
//! limit on either side of it, and limits that contradict each other.
//!
//! `maximize c x` subject to `A x <= b`, `x >= 0`. The crate microlp solves it. It reports no dual values, so the dual
//! programme is solved with it too, and the two objectives must agree. With an optimal pair `x`, `y` at hand,
//! complementary slackness describes *all* optima exactly, without a tolerance on the objective: the optimal `x` are
//! those that meet the rows with `y_i > 0` as equations and vanish where the reduced cost is positive, and the optimal
//! `y` are those that vanish on the slack rows and meet the columns with `x_j > 0` as equations.

use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOptions};

use crate::error::{Error, Result};

/// Tolerance for zero of a programme scaled to one, and for the agreement of primal and dual objective.
const ZERO: f64 = 1e-9;
const GAP: f64 = 1e-8;

/// `maximize objective x` subject to `rows x <= limits`, `x >= 0`.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearProgram {
    /// One coefficient per variable.
    pub objective: Vec<f64>,
    /// One coefficient per variable for each constraint.
    pub rows: Vec<Vec<f64>>,
    /// The right-hand sides.
    pub limits: Vec<f64>,
}

/// Change of the objective per unit of one right-hand side; zero for a constraint that does not bind.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Price {
    /// If the right-hand side grows.
    pub relaxed: f64,
    /// If it shrinks; larger than `relaxed` at a degenerate optimum, infinite if nothing feasible is left.
    pub tightened: f64,
}

/// An optimum.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Of all optimal points, the one with the smallest weighted sum of the variables.
    pub x: Vec<f64>,
    /// Smallest and largest value of each variable over all optimal points; infinite where there is none.
    pub ranges: Vec<(f64, f64)>,
    /// One for each constraint.
    pub prices: Vec<Price>,
}

/// Outcome of a programme.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// There is an optimum.
    Optimal(Solution),
    /// No point meets the constraints. The listed ones contradict each other, but would not if any one of them were
    /// left out.
    Infeasible(Vec<usize>),
    /// The objective is unbounded.
    Unbounded,
}

enum Found {
    Point(Vec<f64>),
    Infeasible,
    Unbounded,
}

impl LinearProgram {
    /// Only an optimal point, checked by the dual programme; ranges and prices are empty, and so is a conflict.
    pub fn solve_for_point(&self) -> Result<Outcome> {
        let scale = Scale::of(self);
        let scaled = scale.apply(self);
        Ok(match scaled.primal(&scaled.objective, &[], &[])? {
            Found::Point(x) => {
                scaled.checked_dual(&x)?;
                Outcome::Optimal(Solution {
                    x: x.iter().zip(&scale.columns).map(|(x, s)| x * s).collect(),
                    ranges: Vec::new(),
                    prices: Vec::new(),
                })
            }
            Found::Unbounded => Outcome::Unbounded,
            Found::Infeasible => Outcome::Infeasible(Vec::new()),
        })
    }

    /// Solves it; `tie_weights` choose among equally good points.
    pub fn solve(&self, tie_weights: &[f64]) -> Result<Outcome> {
        let scale = Scale::of(self);
        let scaled = scale.apply(self);
        let x = match scaled.primal(&scaled.objective, &[], &[])? {
            Found::Point(x) => x,
            Found::Unbounded => return Ok(Outcome::Unbounded),
            Found::Infeasible => return Ok(Outcome::Infeasible(scaled.conflict()?)),
        };
        let y = scaled.checked_dual(&x)?;
        let binding: Vec<usize> = (0..y.len()).filter(|&i| y[i] > ZERO).collect();
        let absent: Vec<usize> =
            (0..x.len()).filter(|&j| scaled.column_dot(j, &y) - scaled.objective[j] > ZERO).collect();
        let on_face = |objective: &[f64]| scaled.primal(objective, &binding, &absent);
        let ties: Vec<f64> = tie_weights.iter().zip(&scale.columns).map(|(w, s)| -w * s).collect();
        let x = match on_face(&ties)? {
            Found::Point(best) => best,
            _ => x,
        };
        let mut ranges = Vec::with_capacity(x.len());
        for j in 0..x.len() {
            let mut unit = vec![0.0; x.len()];
            let mut end = |sign: f64| -> Result<f64> {
                unit[j] = sign;
                Ok(match on_face(&unit)? {
                    Found::Point(point) => point[j] * scale.columns[j],
                    Found::Unbounded => f64::INFINITY,
                    Found::Infeasible => x[j] * scale.columns[j],
                })
            };
            ranges.push((end(-1.0)?, end(1.0)?));
        }
        let slack: Vec<usize> = (0..y.len()).filter(|&i| scaled.limits[i] - dot(&scaled.rows[i], &x) > ZERO).collect();
        let present: Vec<usize> = (0..x.len()).filter(|&j| x[j] > ZERO).collect();
        let mut prices = vec![Price::default(); y.len()];
        for i in (0..y.len()).filter(|i| !slack.contains(i)) {
            let end = |sign: f64| -> Result<f64> {
                Ok(match scaled.dual(Some((i, sign)), &slack, &present)? {
                    Found::Point(point) => point[i] * scale.price(i),
                    Found::Unbounded => f64::INFINITY,
                    Found::Infeasible => y[i] * scale.price(i),
                })
            };
            prices[i] = Price {
                relaxed: end(1.0)?,
                tightened: end(-1.0)?,
            };
        }
        let x = x.iter().zip(&scale.columns).map(|(x, s)| x * s).collect();
        Ok(Outcome::Optimal(Solution { x, ranges, prices }))
    }

    /// An optimal point of the dual programme, whose objective must be that of the optimal `x`.
    fn checked_dual(&self, x: &[f64]) -> Result<Vec<f64>> {
        let Found::Point(y) = self.dual(None, &[], &[])? else {
            return Err(failed("a feasible and bounded problem has no dual solution"));
        };
        let (value, bound) = (dot(&self.objective, x), dot(&self.limits, &y));
        if (value - bound).abs() > GAP * (1.0 + value.abs()) {
            return Err(failed(&format!("primal and dual objective differ, {value} and {bound}")));
        }
        Ok(y)
    }

    /// The rows `equal` as equations, the variables `absent` fixed at zero.
    fn primal(&self, objective: &[f64], equal: &[usize], absent: &[usize]) -> Result<Found> {
        let mut problem = Problem::new(OptimizationDirection::Maximize);
        let variables: Vec<_> = (0..objective.len())
            .map(|j| problem.add_var(objective[j], (0.0, if absent.contains(&j) { 0.0 } else { f64::INFINITY })))
            .collect();
        for (i, (row, &limit)) in self.rows.iter().zip(&self.limits).enumerate() {
            let op = if equal.contains(&i) {
                ComparisonOp::Eq
            } else {
                ComparisonOp::Le
            };
            let terms: Vec<_> = variables.iter().copied().zip(row.iter().copied()).filter(|&(_, a)| a != 0.0).collect();
            problem.add_constraint(terms, op, limit);
        }
        run(&problem, &variables)
    }

    /// `minimize limits y` (or `sign y_i` for `of`) subject to `rows' y >= objective`, `y >= 0`; the columns `equal` as
    /// equations, the variables `absent` fixed at zero.
    fn dual(&self, of: Option<(usize, f64)>, absent: &[usize], equal: &[usize]) -> Result<Found> {
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        let variables: Vec<_> = (0..self.limits.len())
            .map(|i| {
                let cost = match of {
                    None => self.limits[i],
                    Some((row, sign)) if row == i => sign,
                    Some(_) => 0.0,
                };
                problem.add_var(cost, (0.0, if absent.contains(&i) { 0.0 } else { f64::INFINITY }))
            })
            .collect();
        for (j, &gain) in self.objective.iter().enumerate() {
            let op = if equal.contains(&j) {
                ComparisonOp::Eq
            } else {
                ComparisonOp::Ge
            };
            let terms: Vec<_> =
                variables.iter().zip(&self.rows).map(|(&v, row)| (v, row[j])).filter(|&(_, a)| a != 0.0).collect();
            problem.add_constraint(terms, op, gain);
        }
        run(&problem, &variables)
    }

    /// Deletion filter: each row is left out in turn, and permanently if the others are still contradictory.
    fn conflict(&self) -> Result<Vec<usize>> {
        let mut kept: Vec<usize> = (0..self.rows.len()).collect();
        let nothing = vec![0.0; self.objective.len()];
        for i in 0..self.rows.len() {
            let fewer: Vec<usize> = kept.iter().copied().filter(|&k| k != i).collect();
            let part = Self {
                objective: nothing.clone(),
                rows: fewer.iter().map(|&k| self.rows[k].clone()).collect(),
                limits: fewer.iter().map(|&k| self.limits[k]).collect(),
            };
            if matches!(part.primal(&nothing, &[], &[])?, Found::Infeasible) {
                kept = fewer;
            }
        }
        Ok(kept)
    }

    fn column_dot(&self, column: usize, y: &[f64]) -> f64 {
        self.rows.iter().zip(y).map(|(row, y)| row[column] * y).sum()
    }
}

/// Factors that take each variable to the largest value it could have, and each row to its limit: `x = columns x'`.
///
/// A row that cannot bind then has small coefficients in any unit, so that it does not affect tolerances.
struct Scale {
    rows: Vec<f64>,
    columns: Vec<f64>,
    objective: f64,
}

impl Scale {
    fn of(program: &LinearProgram) -> Self {
        let n = program.objective.len();
        let rows = || program.rows.iter().zip(&program.limits);
        // The largest value of each variable alone by the rows with a positive limit.
        let mut reach: Vec<Option<f64>> = (0..n)
            .map(|j| smallest(rows().filter(|(a, b)| a[j] > 0.0 && **b > 0.0).map(|(a, b)| b / a[j])))
            .collect();
        // The others are bounded by the values that those can reach.
        for j in 0..n {
            let of_others = |a: &[f64]| -> f64 { (0..n).filter_map(|k| Some((-a[k]).max(0.0) * reach[k]?)).sum() };
            let allowed = rows().filter(|(a, _)| a[j] > 0.0).map(|(a, b)| (b.max(0.0) + of_others(a)) / a[j]);
            reach[j] = reach[j].or(smallest(allowed.filter(|&x| x > 0.0)));
        }
        let columns: Vec<f64> = reach.iter().map(|x| x.filter(|x| x.is_normal()).unwrap_or(1.0)).collect();
        let largest = |values: &mut dyn Iterator<Item = f64>| {
            let largest = values.map(f64::abs).fold(0.0, f64::max);
            if largest.is_normal() { largest } else { 1.0 }
        };
        let terms = |row: &[f64], columns: &[f64]| row.iter().zip(columns).map(|(a, s)| a * s).collect::<Vec<_>>();
        let rows = rows().map(|(row, b)| 1.0 / largest(&mut terms(row, &columns).into_iter().chain([*b]))).collect();
        let objective = largest(&mut terms(&program.objective, &columns).into_iter());
        Self {
            rows,
            columns,
            objective,
        }
    }

    fn apply(&self, program: &LinearProgram) -> LinearProgram {
        let row =
            |i: usize| (0..self.columns.len()).map(|j| program.rows[i][j] * self.rows[i] * self.columns[j]).collect();
        LinearProgram {
            objective: program.objective.iter().zip(&self.columns).map(|(c, s)| c * s / self.objective).collect(),
            rows: (0..self.rows.len()).map(row).collect(),
            limits: program.limits.iter().zip(&self.rows).map(|(b, s)| b * s).collect(),
        }
    }

    /// From a dual value of the scaled programme to one of the programme.
    fn price(&self, row: usize) -> f64 {
        self.objective * self.rows[row]
    }
}

fn smallest(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.reduce(f64::min)
}

fn run(problem: &Problem, variables: &[microlp::Variable]) -> Result<Found> {
    let mut options = SolveOptions::default();
    options.tolerances.feasibility = 1e-10;
    match problem.solve_with(options) {
        Ok(outcome) => {
            let solution = outcome.into_solution().map_err(|_| failed("the solver stopped early"))?;
            Ok(Found::Point(variables.iter().map(|&v| solution.var_value(v).max(0.0)).collect()))
        }
        Err(microlp::Error::Infeasible) => Ok(Found::Infeasible),
        Err(microlp::Error::Unbounded) => Ok(Found::Unbounded),
        Err(error) => Err(failed(&error.to_string())),
    }
}

fn failed(reason: &str) -> Error {
    Error::Undefined {
        quantity: "optimum".into(),
        reason: format!("the linear programme could not be solved: {reason}"),
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solve(objective: &[f64], rows: &[&[f64]], limits: &[f64]) -> Outcome {
        let program = LinearProgram {
            objective: objective.to_vec(),
            rows: rows.iter().map(|r| r.to_vec()).collect(),
            limits: limits.to_vec(),
        };
        program.solve(&vec![1.0; objective.len()]).unwrap()
    }

    fn optimal(outcome: Outcome) -> Solution {
        match outcome {
            Outcome::Optimal(solution) => solution,
            other => panic!("{other:?}"),
        }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-10 * (1.0 + b.abs())
    }

    #[test]
    fn a_textbook_programme() {
        // max 3x + 5y; x <= 4, 2y <= 12, 3x + 2y <= 18: (2, 6), prices 0, 1.5, 1.
        let s = optimal(solve(&[3.0, 5.0], &[&[1.0, 0.0], &[0.0, 2.0], &[3.0, 2.0]], &[4.0, 12.0, 18.0]));
        assert!(close(s.x[0], 2.0) && close(s.x[1], 6.0));
        for (price, expected) in s.prices.iter().zip([0.0, 1.5, 1.0]) {
            assert!(close(price.relaxed, expected) && close(price.tightened, expected), "{price:?}");
        }
        assert!(s.ranges.iter().zip(&s.x).all(|(r, &x)| close(r.0, x) && close(r.1, x)));
    }

    #[test]
    fn the_point_alone_is_that_of_the_whole_solution() {
        let program = LinearProgram {
            objective: vec![3.0, 5.0],
            rows: vec![vec![1.0, 0.0], vec![0.0, 2.0], vec![3.0, 2.0]],
            limits: vec![4.0, 12.0, 18.0],
        };
        let alone = optimal(program.solve_for_point().unwrap());
        assert_eq!(alone.x, optimal(program.solve(&[1.0, 1.0]).unwrap()).x);
        assert!(alone.ranges.is_empty() && alone.prices.is_empty());
        let impossible = LinearProgram {
            limits: vec![-1.0, 12.0, 18.0],
            ..program
        };
        assert_eq!(impossible.solve_for_point().unwrap(), Outcome::Infeasible(Vec::new()));
    }

    #[test]
    fn ties_go_to_the_smallest_sum_and_show_their_range() {
        // max x + 2y with x + 2y <= 4 and x <= 3: every point of the edge is optimal, (0, 2) has the smallest sum.
        let s = optimal(solve(&[1.0, 2.0], &[&[1.0, 2.0], &[1.0, 0.0]], &[4.0, 3.0]));
        assert!(close(s.x[0], 0.0) && close(s.x[1], 2.0), "{s:?}");
        assert!(close(s.ranges[0].0, 0.0) && close(s.ranges[0].1, 3.0));
        assert!(close(s.ranges[1].0, 0.5) && close(s.ranges[1].1, 2.0));
    }

    #[test]
    fn a_degenerate_optimum_has_two_prices() {
        // The same limit twice: relaxing one of them gains nothing, tightening either costs one per unit.
        let s = optimal(solve(&[1.0], &[&[1.0], &[1.0]], &[2.0, 2.0]));
        for price in &s.prices {
            assert!(close(price.relaxed, 0.0) && close(price.tightened, 1.0), "{s:?}");
        }
    }

    #[test]
    fn a_conflict_names_no_more_than_it_needs() {
        // x <= 1 and x >= 2 contradict each other; y <= 5 has no part in it.
        let outcome = solve(&[1.0, 1.0], &[&[0.0, 1.0], &[1.0, 0.0], &[-1.0, 0.0]], &[5.0, 1.0, -2.0]);
        assert_eq!(outcome, Outcome::Infeasible(vec![1, 2]));
        assert_eq!(solve(&[1.0], &[&[0.0]], &[-1.0]), Outcome::Infeasible(vec![0]));
        assert_eq!(solve(&[1.0], &[&[-1.0]], &[1.0]), Outcome::Unbounded);
        assert_eq!(solve(&[1.0], &[], &[]), Outcome::Unbounded);
    }

    #[test]
    fn coefficients_of_very_different_size() {
        let s = optimal(solve(&[1.0, 1.0], &[&[1e-7, 1.0], &[1e5, 1e3]], &[1.0, 1e12]));
        assert!(close(1e-7 * s.x[0] + s.x[1], 1.0), "{s:?}");
        assert!((s.x[0] / 1e7 - 1.0).abs() < 1e-9, "{s:?}");
    }
}
