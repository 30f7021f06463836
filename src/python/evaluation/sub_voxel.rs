use pyo3::prelude::*;

use super::arrays::{self, Dose, View, with_dose};
use super::dvh::PyDoseVolumeHistogram;
use super::occupancy::PyOccupancy;
use crate::evaluation::DoseBins;
use crate::python::errors::OrRaise;
use crate::python::threads::{Threads, interruptible};

#[pyclass(name = "DoseBins", module = "yttria._core")]
pub struct PyDoseBins(DoseBins);

#[pymethods]
impl PyDoseBins {
    #[new]
    fn new(py: Python<'_>, low_gy: f64, high_gy: f64, parts: [usize; 3], voxel_volume_ml: f64) -> PyResult<Self> {
        DoseBins::new(low_gy, high_gy, parts, voxel_volume_ml).or_raise(py).map(Self)
    }
    #[pyo3(signature = (dose_gy, occupancy, first, threads = None))]
    fn add(
        &mut self,
        py: Python<'_>,
        dose_gy: &Bound<'_, PyAny>,
        occupancy: Py<PyOccupancy>,
        first: usize,
        threads: Option<Threads>,
    ) -> PyResult<()> {
        let (dose, threads) = (arrays::dose(dose_gy)?, threads.map(|threads| threads.0));
        let (bins, occupancy) = (&mut self.0, &occupancy.get().0);
        with_dose!(dose, |view| interruptible(py, |cancellation| bins.add(
            view,
            occupancy,
            first,
            threads,
            cancellation
        )))
    }
    fn histogram(&self, py: Python<'_>, name: &str) -> PyResult<Option<PyDoseVolumeHistogram>> {
        Ok(py.detach(|| self.0.histogram(name)).or_raise(py)?.map(PyDoseVolumeHistogram))
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyDoseBins>()
}
