use pyo3::prelude::*;

use crate::geometry::{self, Affine};
use crate::memory;
use crate::python::arrays::{Mask, Truth, View, borrowed, shaped, with_mask};
use crate::python::errors::OrRaise;
use crate::python::threads::{Threads, detached, shared_out};

/// Content of a pickle: shape, origin, weights, outside fraction.
type State<'py> = ([usize; 3], [usize; 3], Bound<'py, PyAny>, f64);

/// Fraction of each voxel of a dose grid inside a structure, kept for the box where it is not zero.
///
/// `yttria.geometry.voxel_fractions` and `Structure.voxel_fractions_on` make it once for many maps.
#[pyclass(name = "VoxelFractions", module = "yttria.geometry", frozen, eq)]
#[derive(PartialEq)]
pub struct PyVoxelFractions(pub geometry::VoxelFractions);

#[pymethods]
impl PyVoxelFractions {
    #[staticmethod]
    #[pyo3(signature = (mask, threads = None))]
    fn _from_mask(py: Python<'_>, mask: &Bound<'_, PyAny>, threads: Option<Threads>) -> PyResult<Self> {
        let mask = Mask::borrowed(mask)?;
        let fractions = with_mask!(mask, |view| {
            shared_out(py, threads, |workers| geometry::VoxelFractions::from_mask(view, workers))
        });
        fractions.map(Self)
    }
    /// Shape (k, j, i) of the dose grid.
    #[getter]
    fn shape(&self) -> (usize, usize, usize) {
        self.0.shape().into()
    }
    /// Index (k, j, i) of the first voxel of the box.
    #[getter]
    fn origin(&self) -> (usize, usize, usize) {
        self.0.origin().into()
    }
    /// Fractions in the box, a float32 array (k, j, i); a new copy each time.
    #[getter]
    fn weights<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let weights = detached(py, || memory::copied("weights of the voxel fractions", self.0.weights()))?;
        shaped(py, weights, self.0.box_shape())
    }
    /// Share of the structure's volume that lies outside of the dose grid.
    #[getter]
    fn outside_fraction(&self) -> f64 {
        self.0.outside_fraction()
    }
    /// Compute the volume inside the dose grid.
    ///
    /// Parameters
    /// ----------
    /// voxel_volume_ml : float
    ///     Volume of a dose voxel in mL, positive.
    ///
    /// Returns
    /// -------
    /// float
    ///     Volume in mL: the sum of the fractions times the voxel volume.
    ///
    /// Raises
    /// ------
    /// OutOfRangeError
    ///     If the voxel volume is not finite and positive.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from yttria.geometry import fractions_of_mask
    /// >>> fractions_of_mask(np.ones((2, 3, 4), dtype=bool)).volume_ml(0.5)
    /// 12.0
    fn volume_ml(&self, py: Python<'_>, voxel_volume_ml: f64) -> PyResult<f64> {
        self.0.volume_ml(voxel_volume_ml).or_raise(py)
    }
    /// Write the fractions as an array of the whole dose grid.
    ///
    /// Returns
    /// -------
    /// float32 array (k, j, i)
    ///     Fractions within [0, 1], with the shape of the dose grid.
    ///
    /// Raises
    /// ------
    /// InsufficientMemoryError
    ///     If there is no room for the array.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from yttria.geometry import fractions_of_mask
    /// >>> fractions_of_mask(np.ones((2, 3, 4), dtype=bool)).to_array().shape
    /// (2, 3, 4)
    fn to_array<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let dense = detached(py, || self.0.to_dense())?;
        shaped(py, dense, self.0.shape())
    }
    fn __repr__(&self) -> String {
        format!(
            "VoxelFractions({:.3} voxels in a box {:?} at {:?} of {:?}, {:.3} % outside)",
            self.0.volume_voxels(),
            self.0.box_shape(),
            self.0.origin(),
            self.0.shape(),
            100.0 * self.0.outside_fraction()
        )
    }
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, State<'py>)> {
        let this = &slf.get().0;
        let weights = slf.get().weights(slf.py())?;
        let rebuild = slf.get_type().getattr("_rebuild")?;
        Ok((rebuild, (this.shape(), this.origin(), weights, this.outside_fraction())))
    }
    #[staticmethod]
    fn _rebuild(
        py: Python<'_>,
        shape: [usize; 3],
        origin: [usize; 3],
        weights: &Bound<'_, PyAny>,
        outside_fraction: f64,
    ) -> PyResult<Self> {
        let weights = borrowed(weights)?;
        let view = View::new(weights.as_array());
        detached(py, || geometry::VoxelFractions::from_weights(shape, origin, &view, outside_fraction)).map(Self)
    }
}

#[pyfunction]
#[pyo3(signature = (mask, mask_affine_lps, shape, affine_lps, threads = None))]
fn voxel_fractions(
    py: Python<'_>,
    mask: &Bound<'_, PyAny>,
    mask_affine_lps: [[f64; 4]; 4],
    shape: [usize; 3],
    affine_lps: [[f64; 4]; 4],
    threads: Option<Threads>,
) -> PyResult<PyVoxelFractions> {
    let from = Affine::new("mask_affine_lps", mask_affine_lps).or_raise(py)?;
    let to = Affine::new("affine_lps", affine_lps).or_raise(py)?;
    let mask = Mask::borrowed(mask)?;
    let fractions = with_mask!(mask, |view| {
        shared_out(py, threads, |workers| geometry::voxel_fractions(view, &from, shape, &to, workers))
    });
    fractions.map(PyVoxelFractions)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyVoxelFractions>()?;
    module.add_function(wrap_pyfunction!(voxel_fractions, module)?)
}
