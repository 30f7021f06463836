//! Monte Carlo transport: a run that Python advances batch by batch.

use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::Duration;

use numpy::ndarray::{Ix3, Ix4};
use pyo3::prelude::*;

use super::arrays::{borrowed, shaped, writable};
use super::errors::OrRaise;
use super::nuclide::PyNuclide;
use super::threads::{Threads, detached, interruptible, shared_out};
use crate::error::Result;
use crate::monte_carlo::{Phantom, Progress, Simulation, Substance, uniform};

/// Batches, energies in MeV (emitted, escaped), and the sums of the structures.
type State = (u64, [f64; 2], Vec<f64>);

#[pyclass(name = "MonteCarloSimulation", module = "yttria._core", frozen)]
pub struct PyMonteCarloSimulation(Mutex<Simulation>);

impl PyMonteCarloSimulation {
    /// Works on the simulation without the interpreter.
    fn with<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut Simulation) -> Result<T> + Send) -> PyResult<T> {
        interruptible(py, |cancellation| work(&mut *self.taken(|| cancellation.check())?))
    }

    /// Waits while another thread has the simulation. `check` ends the wait, because a run can take hours.
    fn taken(&self, check: impl Fn() -> Result<()>) -> Result<MutexGuard<'_, Simulation>> {
        loop {
            match self.0.try_lock() {
                Ok(simulation) => return Ok(simulation),
                Err(TryLockError::Poisoned(error)) => return Ok(error.into_inner()),
                Err(TryLockError::WouldBlock) => check()?,
            }
            std::thread::sleep(Duration::from_millis(2));
        }
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
            let substances = media.iter().map(|name| Substance::from_name(name)).collect::<Result<Vec<_>>>()?;
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
        self.with(py, |simulation| simulation.add_region(fractions))
    }

    #[getter]
    fn batches(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |simulation| Ok(simulation.batches()))
    }
    #[getter]
    fn decays_per_batch(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |simulation| Ok(simulation.decays_per_batch()))
    }
    #[getter]
    fn mean_energy_mev(&self, py: Python<'_>) -> PyResult<f64> {
        self.with(py, |simulation| Ok(simulation.mean_energy_mev()))
    }

    fn run(&self, py: Python<'_>, batches: u64, threads: Option<Threads>) -> PyResult<()> {
        shared_out(py, threads, |workers| self.taken(|| workers.check())?.run(batches, workers))
    }

    /// Follow the decays in voxels of this medium a second time, in a uniform medium of this density.
    fn correlate(&self, py: Python<'_>, medium: u8, density_g_per_ml: f64) -> PyResult<()> {
        self.with(py, |simulation| simulation.correlate(medium, density_g_per_ml))
    }

    #[getter]
    fn sums_per_voxel(&self, py: Python<'_>) -> PyResult<usize> {
        self.with(py, |simulation| Ok(simulation.sums_per_voxel()))
    }

    /// Writes the sums of the voxels, shape (sums, k, j, i).
    fn progress(&self, py: Python<'_>, out_sums: &Bound<'_, PyAny>) -> PyResult<State> {
        let mut sums = writable::<f64, Ix4>(out_sums)?;
        let sums = sums.as_slice_mut()?;
        let progress = self.with(py, |simulation| simulation.progress(sums))?;
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
        self.with(py, |simulation| simulation.restore(&progress, sums))
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
        self.with(py, |simulation| simulation.dose(gray_kg, uniform, maps))
    }

    /// Mean, standard error and weight of the correlated difference of each structure.
    fn regions(&self, py: Python<'_>, gray_kg: f64, uniform_gy: &Bound<'_, PyAny>) -> PyResult<Vec<(f64, f64, f64)>> {
        let uniform = borrowed::<f64, Ix3>(uniform_gy)?;
        let uniform = uniform.as_slice()?;
        let found = self.with(py, |simulation| simulation.regions(gray_kg, uniform))?;
        Ok(found.iter().map(|each| (each.mean, each.error, each.difference_weight)).collect())
    }

    /// Energy per decay in MeV: emitted, deposited, escaped.
    fn balance(&self, py: Python<'_>) -> PyResult<(f64, f64, f64)> {
        let balance = self.with(py, |simulation| Ok(simulation.balance()))?;
        Ok((balance.emitted_mev, balance.deposited_mev, balance.escaped_mev))
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
