use pyo3::prelude::*;

use super::super::errors::OrRaise;
use crate::planning::scores::{self, AlbiGrade, ChildPugh};

/// Of bilirubin, albumin, INR, ascites, encephalopathy.
type Points = (u8, u8, u8, u8, u8);

#[pyfunction]
fn albi_score(py: Python<'_>, bilirubin_umol_per_l: f64, albumin_g_per_l: f64) -> PyResult<f64> {
    scores::albi_score(bilirubin_umol_per_l, albumin_g_per_l).or_raise(py)
}

/// Grade 1, 2 or 3, and the modified grade.
#[pyfunction]
fn albi_grades(py: Python<'_>, score: f64) -> PyResult<(u8, &'static str)> {
    AlbiGrade::from_score(score).map(|g| (g.grade(), g.modified())).or_raise(py)
}

/// Points of the five items, and the class.
#[pyfunction]
fn child_pugh_points(
    py: Python<'_>,
    bilirubin_umol_per_l: f64,
    albumin_g_per_l: f64,
    inr: f64,
    ascites: &str,
    encephalopathy: &str,
    cholestatic: bool,
) -> PyResult<(Points, &'static str)> {
    ChildPugh::new(bilirubin_umol_per_l, albumin_g_per_l, inr, ascites, encephalopathy, cholestatic)
        .map(|score| (score.points.into(), score.class()))
        .or_raise(py)
}

#[pyfunction]
fn mrecist_category(
    py: Python<'_>,
    baseline_mm: f64,
    nadir_mm: f64,
    current_mm: f64,
    new_lesion: bool,
) -> PyResult<&'static str> {
    scores::mrecist(baseline_mm, nadir_mm, current_mm, new_lesion)
        .map(scores::Response::code)
        .or_raise(py)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(albi_score, module)?)?;
    module.add_function(wrap_pyfunction!(albi_grades, module)?)?;
    module.add_function(wrap_pyfunction!(child_pugh_points, module)?)?;
    module.add_function(wrap_pyfunction!(mrecist_category, module)?)
}
