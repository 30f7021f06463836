use numpy::ndarray::Ix1;
use pyo3::prelude::*;

use crate::planning::lung;
use crate::python::arrays::borrowed;
use crate::python::errors::OrRaise;
use crate::python::nuclide::PyNuclide;
use crate::python::threads::detached;

#[pyfunction]
fn geometric_mean_counts(
    py: Python<'_>,
    region: &str,
    counts: [f64; 2],
    background_per_pixel: [f64; 2],
    pixels: f64,
) -> PyResult<f64> {
    py.detach(|| lung::geometric_mean(region, counts, background_per_pixel, pixels)).or_raise(py)
}

#[pyfunction]
fn lung_shunt_fraction(
    py: Python<'_>,
    lung_counts: f64,
    liver_counts: f64,
    lung_fraction_in_view: f64,
) -> PyResult<f64> {
    py.detach(|| lung::shunt_fraction(lung_counts, liver_counts, lung_fraction_in_view)).or_raise(py)
}

#[pyfunction]
fn scatter_corrected_counts(
    py: Python<'_>,
    main: f64,
    lower: f64,
    main_width_kev: f64,
    lower_width_kev: f64,
) -> PyResult<f64> {
    py.detach(|| lung::scatter_corrected_counts(main, lower, main_width_kev, lower_width_kev))
        .or_raise(py)
}

/// Mass in kg, volume in mL, voxels clipped low and high.
#[pyfunction]
fn lung_mass_from_ct(
    py: Python<'_>,
    hounsfield_units: &Bound<'_, PyAny>,
    inside: Option<&Bound<'_, PyAny>>,
    voxel_volume_ml: f64,
    clip_g_per_ml: [f64; 2],
) -> PyResult<(f64, f64, usize, usize)> {
    let values = borrowed::<f64, Ix1>(hounsfield_units)?;
    let values = values.as_slice()?;
    let inside = inside.map(borrowed::<f64, Ix1>).transpose()?;
    let inside = inside.as_ref().map(|weights| weights.as_slice()).transpose()?;
    let lungs = detached(py, || lung::mass_from_ct(values, inside, voxel_volume_ml, clip_g_per_ml))?;
    Ok((lungs.mass_kg, lungs.volume_ml, lungs.clipped_low, lungs.clipped_high))
}

#[pyfunction]
fn lung_dose_gy(
    py: Python<'_>,
    activity_gbq: f64,
    lung_shunt_fraction: f64,
    lung_mass_kg: f64,
    nuclide: &PyNuclide,
) -> PyResult<f64> {
    py.detach(|| lung::dose_gy(activity_gbq, lung_shunt_fraction, lung_mass_kg, &nuclide.0))
        .or_raise(py)
}

#[pyfunction]
fn lung_mass_for_dose_kg(
    py: Python<'_>,
    activity_gbq: f64,
    lung_shunt_fraction: f64,
    lung_dose_gy: f64,
    nuclide: &PyNuclide,
) -> PyResult<f64> {
    py.detach(|| lung::mass_for_dose_kg(activity_gbq, lung_shunt_fraction, lung_dose_gy, &nuclide.0))
        .or_raise(py)
}

#[pyfunction]
fn lung_shunt_for_dose(
    py: Python<'_>,
    activity_gbq: f64,
    lung_mass_kg: f64,
    lung_dose_gy: f64,
    nuclide: &PyNuclide,
) -> PyResult<f64> {
    py.detach(|| lung::shunt_for_dose(activity_gbq, lung_mass_kg, lung_dose_gy, &nuclide.0))
        .or_raise(py)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(geometric_mean_counts, module)?)?;
    module.add_function(wrap_pyfunction!(lung_shunt_fraction, module)?)?;
    module.add_function(wrap_pyfunction!(scatter_corrected_counts, module)?)?;
    module.add_function(wrap_pyfunction!(lung_mass_from_ct, module)?)?;
    module.add_function(wrap_pyfunction!(lung_dose_gy, module)?)?;
    module.add_function(wrap_pyfunction!(lung_mass_for_dose_kg, module)?)?;
    module.add_function(wrap_pyfunction!(lung_shunt_for_dose, module)?)
}
