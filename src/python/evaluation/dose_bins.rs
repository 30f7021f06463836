use pyo3::prelude::*;

use super::dvh::PyDoseVolumeHistogram;
use crate::evaluation::DoseBins;
use crate::python::arrays::{Map, View, with_map};
use crate::python::geometry::PyVoxelFractions;
use crate::python::threads::{Threads, detached, shared_out};

#[pyclass(name = "DoseBins", module = "yttria._core")]
pub struct PyDoseBins(DoseBins);

#[pymethods]
impl PyDoseBins {
    #[new]
    fn new(
        py: Python<'_>,
        low_gy: f64,
        high_gy: f64,
        subvoxel_counts: [usize; 3],
        voxel_volume_ml: f64,
    ) -> PyResult<Self> {
        detached(py, || DoseBins::new(low_gy, high_gy, subvoxel_counts, voxel_volume_ml)).map(Self)
    }
    #[pyo3(signature = (dose_gy, fractions, first, threads = None))]
    fn add(
        &mut self,
        py: Python<'_>,
        dose_gy: &Bound<'_, PyAny>,
        fractions: Py<PyVoxelFractions>,
        first: usize,
        threads: Option<Threads>,
    ) -> PyResult<()> {
        let dose = Map::borrowed(dose_gy)?;
        let (bins, fractions) = (&mut self.0, &fractions.get().0);
        with_map!(dose, |view| shared_out(py, threads, |workers| bins.add(view, fractions, first, workers)))
    }
    fn histogram(&self, py: Python<'_>, name: &str) -> PyResult<Option<PyDoseVolumeHistogram>> {
        Ok(detached(py, || self.0.histogram(name))?.map(PyDoseVolumeHistogram))
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyDoseBins>()
}
