//! Monte Carlo transport: a run that Python advances batch by batch.

use std::sync::{Mutex, MutexGuard, PoisonError};

use numpy::ndarray::Ix3;
use pyo3::prelude::*;

use super::arrays::{borrowed, writable};
use super::errors::OrRaise;
use super::threads::{Threads, detached, shared_out};
use crate::monte_carlo::{Phantom, Progress, Simulation, Substance};

/// Batches, energies in MeV (emitted, escaped), and sum and sum of squares of each structure.
type State = (u64, [f64; 2], Vec<[f64; 2]>);

#[pyclass(name = "MonteCarloSimulation", module = "yttria._core", frozen)]
pub struct PyMonteCarloSimulation(Mutex<Simulation>);

impl PyMonteCarloSimulation {
    fn locked(&self) -> MutexGuard<'_, Simulation> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
            Simulation::new(&phantom, seed, decays_per_batch)
        })?;
        Ok(Self(Mutex::new(simulation)))
    }

    fn add_region(&self, py: Python<'_>, fractions: &Bound<'_, PyAny>) -> PyResult<()> {
        let fractions = borrowed::<f32, Ix3>(fractions)?;
        let fractions = fractions.as_slice()?;
        detached(py, || self.locked().add_region(fractions))
    }

    #[getter]
    fn batches(&self) -> u64 {
        self.locked().batches()
    }
    #[getter]
    fn decays_per_batch(&self) -> u64 {
        self.locked().decays_per_batch()
    }
    #[getter]
    fn mean_energy_mev(&self) -> f64 {
        self.locked().mean_energy_mev()
    }

    fn run(&self, py: Python<'_>, batches: u64, threads: Option<Threads>) -> PyResult<()> {
        shared_out(py, threads, |workers| self.locked().run(batches, workers))
    }

    fn progress(
        &self,
        py: Python<'_>,
        out_sum: &Bound<'_, PyAny>,
        out_sum_of_squares: &Bound<'_, PyAny>,
    ) -> PyResult<State> {
        let (mut sum, mut squares) = (writable::<f64, Ix3>(out_sum)?, writable::<f64, Ix3>(out_sum_of_squares)?);
        let (sum, squares) = (sum.as_slice_mut()?, squares.as_slice_mut()?);
        let progress = detached(py, || self.locked().progress(sum, squares))?;
        Ok((progress.batches, progress.energy_mev, progress.regions))
    }

    fn restore(
        &self,
        py: Python<'_>,
        state: State,
        sum: &Bound<'_, PyAny>,
        sum_of_squares: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (sum, squares) = (borrowed::<f64, Ix3>(sum)?, borrowed::<f64, Ix3>(sum_of_squares)?);
        let (sum, squares) = (sum.as_slice()?, squares.as_slice()?);
        let (batches, energy_mev, regions) = state;
        let progress = Progress {
            batches,
            energy_mev,
            regions,
        };
        detached(py, || self.locked().restore(&progress, sum, squares))
    }

    fn dose(
        &self,
        py: Python<'_>,
        gray_kg: f64,
        out_gy: &Bound<'_, PyAny>,
        out_uncertainty_gy: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let (mut dose, mut error) = (writable::<f32, Ix3>(out_gy)?, writable::<f32, Ix3>(out_uncertainty_gy)?);
        let (dose, error) = (dose.as_slice_mut()?, error.as_slice_mut()?);
        detached(py, || self.locked().dose(gray_kg, dose, error))
    }

    fn regions(&self, gray_kg: f64) -> Vec<(f64, f64)> {
        self.locked().regions(gray_kg).iter().map(|estimate| (estimate.mean, estimate.error)).collect()
    }

    /// Energy per decay in MeV: emitted, deposited, escaped.
    fn balance(&self) -> (f64, f64, f64) {
        let balance = self.locked().balance();
        (balance.emitted_mev, balance.deposited_mev, balance.escaped_mev)
    }
}

#[pyfunction]
fn _monte_carlo_memory_bytes(voxels: usize, threads: Option<usize>) -> PyResult<u64> {
    Python::attach(|py| {
        let threads = crate::parallel::thread_count(threads).or_raise(py)?;
        Ok(Simulation::estimate_memory(voxels, threads))
    })
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyMonteCarloSimulation>()?;
    module.add_function(wrap_pyfunction!(_monte_carlo_memory_bytes, module)?)
}
