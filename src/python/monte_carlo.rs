//! Monte Carlo transport: a run that Python advances batch by batch.

use std::sync::{Mutex, MutexGuard, PoisonError};

use numpy::ndarray::{Ix3, Ix4};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;

use super::arrays::{borrowed, shaped, writable};
use super::errors::OrRaise;
use super::nuclide::PyNuclide;
use super::threads::{Threads, detached, shared_out};
use crate::monte_carlo::{Phantom, Progress, Simulation, Substance, uniform};

/// Batches, energies in MeV (emitted, escaped), and the sums of the structures.
type State = (u64, [f64; 2], Vec<f64>);

#[pyclass(name = "MonteCarloSimulation", module = "yttria._core", frozen)]
pub struct PyMonteCarloSimulation(Mutex<Simulation>);

impl PyMonteCarloSimulation {
    /// For work without the interpreter.
    fn locked(&self) -> MutexGuard<'_, Simulation> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For work with the interpreter, which is let go while another thread has the simulation. That thread needs the
    /// interpreter to look for signals, so that both would wait forever.
    fn locked_attached(&self, py: Python<'_>) -> MutexGuard<'_, Simulation> {
        self.0.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PyMonteCarloSimulation {
    #[new]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        voxel_size_mm: [f64; 3],
        density_g_per_ml: &Bound<'_, PyAny>,
        medium: &Bound<'_, PyAny>,
        media: Vec<String>,
        activity: &Bound<'_, PyAny>,
        nuclide: &PyNuclide,
        seed: u64,
        decays_per_batch: u64,
    ) -> PyResult<Self> {
        let (density, medium) = (borrowed::<f32, Ix3>(density_g_per_ml)?, borrowed::<u8, Ix3>(medium)?);
        let activity = borrowed::<f64, Ix3>(activity)?;
        let shape = density.as_array().dim().into();
        let (density, medium, activity) = (density.as_slice()?, medium.as_slice()?, activity.as_slice()?);
        let simulation = detached(py, || {
            let substances = media.iter().map(|name| Substance::from_name(name)).collect::<Result<Vec<_>, _>>()?;
            let phantom = Phantom {
                shape,
                spacing_mm: voxel_size_mm,
                density_g_per_ml: density,
                medium,
                substances: &substances,
                decays: activity,
            };
            Simulation::new(&phantom, nuclide.0.isotope(), seed, decays_per_batch)
        })?;
        Ok(Self(Mutex::new(simulation)))
    }

    fn add_region(&self, py: Python<'_>, fractions: &Bound<'_, PyAny>) -> PyResult<()> {
        let fractions = borrowed::<f32, Ix3>(fractions)?;
        let fractions = fractions.as_slice()?;
        detached(py, || self.locked().add_region(fractions))
    }

    #[getter]
    fn batches(&self, py: Python<'_>) -> u64 {
        self.locked_attached(py).batches()
    }
    #[getter]
    fn decays_per_batch(&self, py: Python<'_>) -> u64 {
        self.locked_attached(py).decays_per_batch()
    }
    #[getter]
    fn mean_energy_mev(&self, py: Python<'_>) -> f64 {
        self.locked_attached(py).mean_energy_mev()
    }

    fn run(&self, py: Python<'_>, batches: u64, threads: Option<Threads>) -> PyResult<()> {
        shared_out(py, threads, |workers| self.locked().run(batches, workers))
    }

    /// Follow the decays in voxels of this medium a second time, in a uniform medium of this density.
    fn correlate(&self, py: Python<'_>, medium: u8, density_g_per_ml: f64) -> PyResult<()> {
        self.locked_attached(py).correlate(medium, density_g_per_ml).or_raise(py)
    }

    #[getter]
    fn sums_per_voxel(&self, py: Python<'_>) -> usize {
        self.locked_attached(py).sums_per_voxel()
    }

    /// Writes the sums of the voxels, shape (sums, k, j, i).
    fn progress(&self, py: Python<'_>, out_sums: &Bound<'_, PyAny>) -> PyResult<State> {
        let mut sums = writable::<f64, Ix4>(out_sums)?;
        let sums = sums.as_slice_mut()?;
        let progress = detached(py, || self.locked().progress(sums))?;
        Ok((progress.batches, progress.energy_mev, progress.regions))
    }

    fn restore(&self, py: Python<'_>, state: State, sums: &Bound<'_, PyAny>) -> PyResult<()> {
        let sums = borrowed::<f64, Ix4>(sums)?;
        let sums = sums.as_slice()?;
        let (batches, energy_mev, regions) = state;
        let progress = Progress {
            batches,
            energy_mev,
            regions,
        };
        detached(py, || self.locked().restore(&progress, sums))
    }

    /// `uniform_gy`: the dose in the uniform medium, with no voxels if there is none.
    fn dose(
        &self,
        py: Python<'_>,
        gray_kg: f64,
        uniform_gy: &Bound<'_, PyAny>,
        out_gy: &Bound<'_, PyAny>,
        out_uncertainty_gy: &Bound<'_, PyAny>,
        out_difference_weight: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let uniform = borrowed::<f64, Ix3>(uniform_gy)?;
        let uniform = uniform.as_slice()?;
        let (mut dose, mut error) = (writable::<f32, Ix3>(out_gy)?, writable::<f32, Ix3>(out_uncertainty_gy)?);
        let mut weight = writable::<f32, Ix3>(out_difference_weight)?;
        let maps = [dose.as_slice_mut()?, error.as_slice_mut()?, weight.as_slice_mut()?];
        detached(py, || self.locked().dose(gray_kg, uniform, maps))
    }

    /// Mean, standard error and weight of the correlated difference of each structure.
    fn regions(&self, py: Python<'_>, gray_kg: f64, uniform_gy: &Bound<'_, PyAny>) -> PyResult<Vec<(f64, f64, f64)>> {
        let uniform = borrowed::<f64, Ix3>(uniform_gy)?;
        let uniform = uniform.as_slice()?;
        let found = detached(py, || self.locked().regions(gray_kg, uniform))?;
        Ok(found.iter().map(|each| (each.mean, each.error, each.difference_weight)).collect())
    }

    /// Energy per decay in MeV: emitted, deposited, escaped.
    fn balance(&self, py: Python<'_>) -> (f64, f64, f64) {
        let balance = self.locked_attached(py).balance();
        (balance.emitted_mev, balance.deposited_mev, balance.escaped_mev)
    }
}

#[pyfunction]
fn _monte_carlo_memory_bytes(voxels: usize, threads: Option<usize>, is_correlated: bool) -> PyResult<u64> {
    Python::attach(|py| {
        let threads = crate::parallel::thread_count(threads).or_raise(py)?;
        Ok(Simulation::estimate_memory(voxels, threads, is_correlated))
    })
}

/// The kernel in mGy/(MBq s) of this transport in a uniform medium, and the fraction of the energy that it holds.
#[pyfunction]
fn _monte_carlo_voxel_s_values<'py>(
    py: Python<'py>,
    voxel_size_mm: [f64; 3],
    medium: &str,
    density_g_per_ml: f64,
    nuclide: &PyNuclide,
    threads: Option<Threads>,
) -> PyResult<(Bound<'py, PyAny>, f64, f64)> {
    let substance = Substance::from_name(medium).or_raise(py)?;
    let s = shared_out(py, threads, |workers| {
        uniform::voxel_s_values(voxel_size_mm, substance, density_g_per_ml, &nuclide.0, workers)
    })?;
    let (shape, inside, beyond) = (s.shape(), s.energy_inside_fraction(), s.energy_beyond_fraction());
    Ok((shaped(py, s.into_values(), shape)?, inside, beyond))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyMonteCarloSimulation>()?;
    module.add_function(wrap_pyfunction!(_monte_carlo_memory_bytes, module)?)?;
    module.add_function(wrap_pyfunction!(_monte_carlo_voxel_s_values, module)?)
}
