use numpy::PyArray1;
use numpy::ndarray::Ix1;
use pyo3::prelude::*;

use crate::evaluation::{self, Doses, Interpolation};
use crate::python::arrays::{Map, View, borrowed, numbers, with_map};
use crate::python::errors::OrRaise;
use crate::python::geometry::PyVoxelFractions;
use crate::python::threads::{Threads, detached, shared_out};

/// Content of a pickle: doses, volumes colder than each, volume in voxels, voxel volume.
type State<'py> = (Bound<'py, PyAny>, Option<Bound<'py, PyAny>>, f64, f64);
type Curve<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

/// Exact cumulative dose-volume histogram of one structure, as `dose_volume_histograms` makes it.
#[pyclass(name = "DoseVolumeHistogram", module = "yttria.evaluation", frozen, eq)]
#[derive(PartialEq)]
pub struct PyDoseVolumeHistogram(pub evaluation::DoseVolumeHistogram);

#[pymethods]
impl PyDoseVolumeHistogram {
    /// Volume in mL.
    #[getter]
    fn volume_ml(&self) -> f64 {
        self.0.volume_ml()
    }
    /// Mean dose in Gy.
    #[getter]
    fn mean_gy(&self) -> f64 {
        self.0.mean_gy()
    }
    /// Lowest dose in Gy.
    #[getter]
    fn minimum_gy(&self) -> f64 {
        self.0.minimum_gy()
    }
    /// Highest dose in Gy.
    #[getter]
    fn maximum_gy(&self) -> f64 {
        self.0.maximum_gy()
    }
    /// Standard deviation of the dose over the volume in Gy.
    #[getter]
    fn standard_deviation_gy(&self) -> f64 {
        self.0.standard_deviation_gy()
    }
    /// Read the minimum dose of the hottest part of the volume, D_x.
    ///
    /// Parameters
    /// ----------
    /// percent : float
    ///     Share x of the volume in percent, above 0 and at most 100.
    /// interpolation : str
    ///     "rank" gives the highest dose that at least x % of the volume receives. "linear" interpolates between
    ///     the doses of neighboring ranks.
    ///
    /// Returns
    /// -------
    /// float
    ///     Dose in Gy.
    ///
    /// Raises
    /// ------
    /// OutOfRangeError
    ///     If the share is outside (0, 100].
    /// UnknownNameError
    ///     If `interpolation` is not one of the two.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from yttria.evaluation import dose_volume_histograms
    /// >>> dose_gy = np.arange(100.0).reshape(4, 5, 5)
    /// >>> whole = np.ones(dose_gy.shape, dtype=bool)
    /// >>> dvh = dose_volume_histograms(dose_gy, {"Liver": whole}, voxel_volume_ml=0.1)["Liver"]
    /// >>> dvh.dose_at_volume_percent(95.0)
    /// 5.0
    #[pyo3(signature = (percent, *, interpolation = "rank"))]
    fn dose_at_volume_percent(&self, py: Python<'_>, percent: f64, interpolation: &str) -> PyResult<f64> {
        let interpolation = Interpolation::from_name(interpolation).or_raise(py)?;
        self.0.dose_at_volume_percent(percent, interpolation).or_raise(py)
    }
    /// Read the minimum dose of the hottest volume, D_xmL.
    ///
    /// Parameters
    /// ----------
    /// volume_ml : float
    ///     Volume x in mL, above 0 and at most that of the structure.
    /// interpolation : str
    ///     "rank" or "linear", as in `dose_at_volume_percent`.
    ///
    /// Returns
    /// -------
    /// float
    ///     Dose in Gy.
    ///
    /// Raises
    /// ------
    /// OutOfRangeError
    ///     If the volume is outside its range.
    /// UnknownNameError
    ///     If `interpolation` is not one of the two.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from yttria.evaluation import dose_volume_histograms
    /// >>> dose_gy = np.arange(100.0).reshape(4, 5, 5)
    /// >>> whole = np.ones(dose_gy.shape, dtype=bool)
    /// >>> dvh = dose_volume_histograms(dose_gy, {"Liver": whole}, voxel_volume_ml=0.1)["Liver"]
    /// >>> dvh.dose_at_volume_ml(1.0)
    /// 90.0
    #[pyo3(signature = (volume_ml, *, interpolation = "rank"))]
    fn dose_at_volume_ml(&self, py: Python<'_>, volume_ml: f64, interpolation: &str) -> PyResult<f64> {
        let interpolation = Interpolation::from_name(interpolation).or_raise(py)?;
        self.0.dose_at_volume_ml(volume_ml, interpolation).or_raise(py)
    }
    /// Read the share of the volume that receives at least a dose, V_d.
    ///
    /// Parameters
    /// ----------
    /// dose_gy : float
    ///     Dose d in Gy.
    /// strict : bool
    ///     Whether the share must receive more than d. The default counts doses equal to d.
    ///
    /// Returns
    /// -------
    /// float
    ///     Share in percent.
    ///
    /// Raises
    /// ------
    /// OutOfRangeError
    ///     If the dose is not finite.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from yttria.evaluation import dose_volume_histograms
    /// >>> dose_gy = np.arange(100.0).reshape(4, 5, 5)
    /// >>> whole = np.ones(dose_gy.shape, dtype=bool)
    /// >>> dvh = dose_volume_histograms(dose_gy, {"Liver": whole}, voxel_volume_ml=0.1)["Liver"]
    /// >>> dvh.volume_at_dose_percent(70.0), dvh.volume_at_dose_percent(70.0, strict=True)
    /// (30.0, 29.0)
    #[pyo3(signature = (dose_gy, *, strict = false))]
    fn volume_at_dose_percent(&self, py: Python<'_>, dose_gy: f64, strict: bool) -> PyResult<f64> {
        self.0.volume_at_dose_percent(dose_gy, strict).or_raise(py)
    }
    /// Read the volume that receives at least a dose.
    ///
    /// Parameters
    /// ----------
    /// dose_gy : float
    ///     Dose d in Gy.
    /// strict : bool
    ///     Whether the volume must receive more than d. The default counts doses equal to d.
    ///
    /// Returns
    /// -------
    /// float
    ///     Volume in mL.
    ///
    /// Raises
    /// ------
    /// OutOfRangeError
    ///     If the dose is not finite.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from yttria.evaluation import dose_volume_histograms
    /// >>> dose_gy = np.arange(100.0).reshape(4, 5, 5)
    /// >>> whole = np.ones(dose_gy.shape, dtype=bool)
    /// >>> dvh = dose_volume_histograms(dose_gy, {"Liver": whole}, voxel_volume_ml=0.1)["Liver"]
    /// >>> round(dvh.volume_at_dose_ml(70.0), 9)
    /// 3.0
    #[pyo3(signature = (dose_gy, *, strict = false))]
    fn volume_at_dose_ml(&self, py: Python<'_>, dose_gy: f64, strict: bool) -> PyResult<f64> {
        self.0.volume_at_dose_ml(dose_gy, strict).or_raise(py)
    }
    /// Give the cumulative histogram as a curve.
    ///
    /// Parameters
    /// ----------
    /// doses_gy : array, optional
    ///     Doses in Gy at which the curve is read. Every step of the exact curve if not given.
    ///
    /// Returns
    /// -------
    /// doses_gy, volumes_ml : float64 arrays
    ///     Doses in Gy, and the volume in mL that receives at least each.
    ///
    /// Raises
    /// ------
    /// OutOfRangeError
    ///     If a dose is not finite.
    /// InsufficientMemoryError
    ///     If there is no room for the curve.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from yttria.evaluation import dose_volume_histograms
    /// >>> dose_gy = np.arange(100.0).reshape(4, 5, 5)
    /// >>> whole = np.ones(dose_gy.shape, dtype=bool)
    /// >>> dvh = dose_volume_histograms(dose_gy, {"Liver": whole}, voxel_volume_ml=0.1)["Liver"]
    /// >>> doses_gy, volumes_ml = dvh.curve(doses_gy=[0.0, 50.0])
    /// >>> [round(float(volume), 9) for volume in volumes_ml]
    /// [10.0, 5.0]
    #[pyo3(signature = (*, doses_gy = None))]
    fn curve<'py>(&self, py: Python<'py>, doses_gy: Option<&Bound<'py, PyAny>>) -> PyResult<Curve<'py>> {
        let (doses, volumes) = match doses_gy {
            None => detached(py, || self.0.curve())?,
            Some(doses) => {
                let doses = numbers("doses_gy", doses)?;
                detached(py, || self.0.curve_at(&doses).map(|volumes| (doses, volumes)))?
            }
        };
        Ok((PyArray1::from_vec(py, doses), PyArray1::from_vec(py, volumes)))
    }
    /// Give the doses that occur, each with its volume.
    ///
    /// Returns
    /// -------
    /// doses_gy, volumes_ml : float64 arrays
    ///     Doses in Gy in ascending order, and the volume in mL of each.
    ///
    /// Raises
    /// ------
    /// InsufficientMemoryError
    ///     If there is no room for the arrays.
    ///
    /// Examples
    /// --------
    /// >>> import numpy as np
    /// >>> from yttria.evaluation import dose_volume_histograms
    /// >>> dose_gy = np.arange(100.0).reshape(4, 5, 5)
    /// >>> whole = np.ones(dose_gy.shape, dtype=bool)
    /// >>> dvh = dose_volume_histograms(dose_gy, {"Liver": whole}, voxel_volume_ml=0.1)["Liver"]
    /// >>> doses_gy, volumes_ml = dvh.differential()
    /// >>> len(doses_gy), round(float(volumes_ml.sum()), 9)
    /// (100, 10.0)
    fn differential<'py>(&self, py: Python<'py>) -> PyResult<Curve<'py>> {
        let (doses, volumes) = detached(py, || self.0.differential())?;
        Ok((PyArray1::from_vec(py, doses), PyArray1::from_vec(py, volumes)))
    }
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, State<'py>)> {
        let (py, this) = (slf.py(), &slf.get().0);
        let (doses, colder) = detached(py, || this.samples())?;
        let doses = match doses {
            Doses::Single(doses) => PyArray1::from_vec(py, doses).into_any(),
            Doses::Double(doses) => PyArray1::from_vec(py, doses).into_any(),
        };
        let colder = colder.map(|colder| PyArray1::from_vec(py, colder).into_any());
        let (total, voxel_ml) = (this.volume_voxels(), this.voxel_volume_ml());
        Ok((slf.get_type().getattr("_rebuild")?, (doses, colder, total, voxel_ml)))
    }
    #[staticmethod]
    fn _rebuild(
        py: Python<'_>,
        doses: &Bound<'_, PyAny>,
        colder: Option<&Bound<'_, PyAny>>,
        total: f64,
        voxel_volume_ml: f64,
    ) -> PyResult<Self> {
        let colder = colder.map(borrowed::<f64, Ix1>).transpose()?;
        let colder = colder.as_ref().map(|colder| colder.as_slice()).transpose()?;
        let rebuilt = if doses.cast::<PyArray1<f32>>().is_ok() {
            let doses = borrowed::<f32, Ix1>(doses)?;
            let doses = doses.as_slice()?;
            detached(py, || evaluation::DoseVolumeHistogram::from_samples(doses, colder, total, voxel_volume_ml))
        } else {
            let doses = borrowed::<f64, Ix1>(doses)?;
            let doses = doses.as_slice()?;
            detached(py, || evaluation::DoseVolumeHistogram::from_samples(doses, colder, total, voxel_volume_ml))
        };
        rebuilt.map(Self)
    }
    fn __repr__(&self) -> String {
        format!(
            "DoseVolumeHistogram({:.2} mL, mean {:.2} Gy, {:.2} to {:.2} Gy)",
            self.0.volume_ml(),
            self.0.mean_gy(),
            self.0.minimum_gy(),
            self.0.maximum_gy()
        )
    }
}

#[pyfunction]
#[pyo3(signature = (dose_gy, structures, voxel_volume_ml, subvoxel_counts = None, threads = None))]
fn dose_volume_histograms(
    py: Python<'_>,
    dose_gy: &Bound<'_, PyAny>,
    structures: Vec<(String, Py<PyVoxelFractions>)>,
    voxel_volume_ml: f64,
    subvoxel_counts: Option<[usize; 3]>,
    threads: Option<Threads>,
) -> PyResult<Vec<PyDoseVolumeHistogram>> {
    let structures: Vec<_> = structures.iter().map(|(name, s)| (name.clone(), &s.get().0)).collect();
    let dose = Map::borrowed(dose_gy)?;
    let histograms = with_map!(dose, |view| shared_out(py, threads, |workers| match subvoxel_counts {
        None => evaluation::dose_volume_histograms(view, &structures, voxel_volume_ml, workers),
        Some(subvoxel_counts) =>
            evaluation::sub_voxel_histograms(view, &structures, voxel_volume_ml, subvoxel_counts, workers),
    }))?;
    Ok(histograms.into_iter().map(PyDoseVolumeHistogram).collect())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyDoseVolumeHistogram>()?;
    module.add_function(wrap_pyfunction!(dose_volume_histograms, module)?)
}
