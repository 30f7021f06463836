use pyo3::prelude::*;

use crate::planning::linear_program::{LinearProgram, Outcome};
use crate::python::errors::OrRaise;

/// Point, range of each variable over all optima, price of each limit if relaxed and if tightened.
type SolutionParts = (Vec<f64>, Vec<(f64, f64)>, Vec<(f64, f64)>);

/// The optimum (without ranges and prices if there are no `tie_weights`), or nothing; the rows that contradict each other; whether the objective is unbounded.
#[pyfunction]
#[pyo3(name = "_linear_program")]
fn linear_program(
    py: Python<'_>,
    objective: Vec<f64>,
    rows: Vec<Vec<f64>>,
    limits: Vec<f64>,
    tie_weights: Option<Vec<f64>>,
) -> PyResult<(Option<SolutionParts>, Vec<usize>, bool)> {
    let program = LinearProgram {
        objective,
        rows,
        limits,
    };
    let outcome = match tie_weights {
        Some(weights) => program.solve(&weights),
        None => program.solve_for_point(),
    };
    Ok(match outcome.or_raise(py)? {
        Outcome::Optimal(found) => {
            let prices = found.prices.iter().map(|price| (price.relaxed, price.tightened)).collect();
            (Some((found.x, found.ranges, prices)), Vec::new(), false)
        }
        Outcome::Infeasible(conflict) => (None, conflict, false),
        Outcome::Unbounded => (None, Vec::new(), true),
    })
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(linear_program, module)?)
}
