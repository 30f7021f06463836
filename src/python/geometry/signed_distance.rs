use pyo3::prelude::*;

use super::PyVoxelFractions;
use crate::geometry::{Displacement, SignedDistance};
use crate::python::threads::{Threads, shared_out};

/// The depth of voxels below the surface of a structure, from which displaced voxel fractions are made.
#[pyclass(name = "SignedDistance", module = "yttria._core", frozen)]
pub struct PySignedDistance(SignedDistance);

#[pymethods]
impl PySignedDistance {
    #[new]
    #[pyo3(signature = (structure, voxel_size_mm, reach_mm, threads = None))]
    fn new(
        py: Python<'_>,
        structure: Py<PyVoxelFractions>,
        voxel_size_mm: [f64; 3],
        reach_mm: f64,
        threads: Option<Threads>,
    ) -> PyResult<Self> {
        let structure = &structure.get().0;
        shared_out(py, threads, |workers| SignedDistance::new(structure, voxel_size_mm, reach_mm, workers)).map(Self)
    }

    /// The surface displaced everywhere by the same distance, and the whole shifted along (k, j, i).
    #[pyo3(signature = (displacement_mm, shift_mm, threads = None))]
    fn displaced(
        &self,
        py: Python<'_>,
        displacement_mm: f64,
        shift_mm: [f64; 3],
        threads: Option<Threads>,
    ) -> PyResult<PyVoxelFractions> {
        let by = Displacement::Uniform(displacement_mm);
        shared_out(py, threads, |workers| self.0.displaced(by, shift_mm, workers)).map(PyVoxelFractions)
    }

    /// The surface displaced by a Gaussian random field, and the whole shifted along (k, j, i).
    #[pyo3(signature = (standard_deviation_mm, correlation_mm, seed, stream, shift_mm, threads = None))]
    #[expect(clippy::too_many_arguments, reason = "the fields of a displacement")]
    fn rippled(
        &self,
        py: Python<'_>,
        standard_deviation_mm: f64,
        correlation_mm: f64,
        seed: u64,
        stream: u64,
        shift_mm: [f64; 3],
        threads: Option<Threads>,
    ) -> PyResult<PyVoxelFractions> {
        let by = Displacement::Correlated {
            standard_deviation_mm,
            correlation_mm,
            seed,
            stream,
        };
        shared_out(py, threads, |workers| self.0.displaced(by, shift_mm, workers)).map(PyVoxelFractions)
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySignedDistance>()
}
