use numpy::ndarray::{Ix1, Ix2};
use pyo3::prelude::*;

use super::voxel_fractions::PyVoxelFractions;
use crate::geometry::Affine;
use crate::geometry::contours::{ContourRules, Contours, EndCaps, Interpolation};
use crate::python::arrays::borrowed;
use crate::python::errors::OrRaise;
use crate::python::threads::{Threads, shared_out};

/// Code, message, value, limit.
type Found = (&'static str, String, f64, Option<f64>);

#[pyclass(name = "Contours", module = "yttria._core", frozen)]
pub struct PyContours(Contours);

#[pymethods]
impl PyContours {
    #[new]
    #[pyo3(signature = (points, lengths, end_caps, interpolation, slice_thickness_mm, maximum_gap_mm, threads = None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        points: &Bound<'_, PyAny>,
        lengths: &Bound<'_, PyAny>,
        end_caps: &str,
        interpolation: &str,
        slice_thickness_mm: Option<f64>,
        maximum_gap_mm: Option<f64>,
        threads: Option<Threads>,
    ) -> PyResult<Self> {
        let rules = ContourRules {
            end_caps: EndCaps::from_name(end_caps).or_raise(py)?,
            interpolation: Interpolation::from_name(interpolation).or_raise(py)?,
            slice_thickness_mm,
            maximum_gap_mm,
        };
        let (points, lengths) = (borrowed::<f64, Ix2>(points)?, borrowed::<i64, Ix1>(lengths)?);
        let (points, lengths) = (points.as_slice()?.as_chunks::<3>().0, lengths.as_slice()?);
        shared_out(py, threads, |workers| {
            let mut rest = points;
            let contours: Vec<&[[f64; 3]]> =
                lengths.iter().map(|&length| rest.split_off(..length as usize).unwrap_or_default()).collect();
            Contours::new(&contours, rules, workers)
        })
        .map(Self)
    }
    #[getter]
    fn volume_ml(&self) -> f64 {
        self.0.volume_ml()
    }
    #[getter]
    fn findings(&self) -> Vec<Found> {
        self.0.findings().iter().map(|f| (f.code, f.message.clone(), f.value, f.limit)).collect()
    }
    #[pyo3(signature = (shape, affine_lps, threads = None))]
    fn voxel_fractions(
        &self,
        py: Python<'_>,
        shape: [usize; 3],
        affine_lps: [[f64; 4]; 4],
        threads: Option<Threads>,
    ) -> PyResult<PyVoxelFractions> {
        let affine = Affine::new("affine_lps", affine_lps).or_raise(py)?;
        shared_out(py, threads, |workers| self.0.voxel_fractions(shape, &affine, workers)).map(PyVoxelFractions)
    }
    fn grid(&self, py: Python<'_>, voxel_size_mm: [f64; 3]) -> PyResult<([usize; 3], [[f64; 4]; 4])> {
        self.0.grid(voxel_size_mm).or_raise(py)
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyContours>()
}
