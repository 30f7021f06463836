use numpy::PyArray1;
use pyo3::prelude::*;

use super::arrays::shaped;
use super::errors::OrRaise;
use super::nuclide::PyNuclide;
use super::threads::{Threads, shared_out};
use crate::isotope::Isotope;
use crate::kernels::{Medium, VoxelSValues};

/// Name, density, density range, support in mm, fraction beyond it, source.
type MediumRow = (&'static str, f64, [f64; 2], f64, f64, String);

#[pyfunction]
fn _media() -> Vec<MediumRow> {
    let row = |medium: Medium| {
        (
            medium.name(),
            medium.reference_density_g_per_ml(),
            medium.density_range_g_per_ml(),
            medium.dose_point_kernel().support_mm(),
            medium.dose_point_kernel().fraction_beyond_support(),
            medium.source(),
        )
    };
    Medium::ALL.map(row).to_vec()
}

#[pyfunction]
fn _density_g_per_ml(py: Python<'_>, medium: &str, density_g_per_ml: Option<f64>) -> PyResult<f64> {
    let density = Medium::from_name(medium).and_then(|medium| medium.density_g_per_ml(density_g_per_ml));
    density.or_raise(py)
}

/// Shell edges in mm, energies in MeV, energy emitted in MeV, density of the table in g/mL, passport.
type KernelColumns<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>, f64, f64, String);

#[pyfunction]
fn _dose_point_kernel<'py>(py: Python<'py>, medium: &str, isotope: &str) -> PyResult<KernelColumns<'py>> {
    let isotope = Isotope::from_name(isotope).or_raise(py)?;
    let kernel = Medium::from_name(medium).and_then(|medium| medium.kernel_of(isotope)).or_raise(py)?;
    let edge_mm = PyArray1::from_slice(py, kernel.edge_mm());
    let energy_mev = PyArray1::from_slice(py, kernel.energy_mev());
    let source = kernel.passport().join("; ");
    Ok((edge_mm, energy_mev, kernel.emitted_mev(), kernel.density_g_per_ml(), source))
}

/// Values, fraction inside, fraction beyond the support.
#[pyfunction]
fn _voxel_s_values<'py>(
    py: Python<'py>,
    voxel_size_mm: [f64; 3],
    medium: &str,
    density_g_per_ml: f64,
    nuclide: &PyNuclide,
    tail_folded: bool,
    threads: Option<Threads>,
) -> PyResult<(Bound<'py, PyAny>, f64, f64)> {
    let medium = Medium::from_name(medium).or_raise(py)?;
    let s = shared_out(py, threads, |workers| {
        VoxelSValues::new(voxel_size_mm, medium, density_g_per_ml, &nuclide.0, tail_folded, workers)
    })?;
    let (shape, inside, beyond) = (s.shape(), s.energy_inside_fraction(), s.energy_beyond_fraction());
    Ok((shaped(py, s.into_values(), shape)?, inside, beyond))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_media, module)?)?;
    module.add_function(wrap_pyfunction!(_density_g_per_ml, module)?)?;
    module.add_function(wrap_pyfunction!(_dose_point_kernel, module)?)?;
    module.add_function(wrap_pyfunction!(_voxel_s_values, module)?)
}
