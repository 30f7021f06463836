use pyo3::prelude::*;

use super::errors::OrRaise;
use crate::nuclide::Nuclide;

/// What pickle keeps: half-life, dose factor, name, source.
type State = (f64, f64, String, String);

/// Half-life, mean energy per decay, and their product, the dose factor, with their source.
///
/// Parameters
/// ----------
/// nuclide : str
///     Name of a preset, one of `Nuclide.presets()`. The default is "EANM2022".
///
/// Raises
/// ------
/// UnknownNameError
///     If there is no such preset.
///
/// Examples
/// --------
/// >>> from yttria import Nuclide
/// >>> round(Nuclide().dose_factor_gy_kg_per_gbq, 2), Nuclide().half_life_h
/// (49.67, 64.1)
#[pyclass(name = "Nuclide", module = "yttria", frozen, eq, from_py_object)]
#[derive(Clone, PartialEq)]
pub struct PyNuclide(pub Nuclide);

#[pymethods]
impl PyNuclide {
    #[new]
    #[pyo3(signature = (nuclide = "EANM2022"))]
    fn new(py: Python<'_>, nuclide: &str) -> PyResult<Self> {
        Nuclide::preset(nuclide).or_raise(py).map(Self)
    }
    /// Make a nuclide from its half-life and mean energy per decay.
    ///
    /// Parameters
    /// ----------
    /// half_life_h : float
    ///     Half-life in h, 63 to 66 (other nuclides than yttrium-90 are refused).
    /// mean_energy_mev : float
    ///     Mean energy that a decay deposits in MeV, positive.
    /// name, source : str
    ///     Name and source that results state.
    ///
    /// Returns
    /// -------
    /// Nuclide
    ///     With the dose factor that follows.
    ///
    /// Raises
    /// ------
    /// OutOfRangeError
    ///     If a number is outside its range.
    ///
    /// Notes
    /// -----
    /// The dose factor is `T / ln 2 x E`, in Gy kg/GBq.
    ///
    /// Examples
    /// --------
    /// >>> round(Nuclide.from_energy(64.1, 0.9267).dose_factor_gy_kg_per_gbq, 2)
    /// 49.43
    #[staticmethod]
    #[pyo3(signature = (half_life_h, mean_energy_mev, *, name = "explicit", source = "given by the caller"))]
    fn from_energy(py: Python<'_>, half_life_h: f64, mean_energy_mev: f64, name: &str, source: &str) -> PyResult<Self> {
        Nuclide::from_energy(name, half_life_h, mean_energy_mev, source).or_raise(py).map(Self)
    }
    /// Make a nuclide from its half-life and dose factor.
    ///
    /// Parameters
    /// ----------
    /// half_life_h : float
    ///     Half-life in h, 63 to 66 (other nuclides than yttrium-90 are refused).
    /// dose_factor_gy_kg_per_gbq : float
    ///     Dose in Gy to 1 kg from complete decay of 1 GBq.
    /// name, source : str
    ///     Name and source that results state.
    ///
    /// Returns
    /// -------
    /// Nuclide
    ///     With the mean energy that follows.
    ///
    /// Raises
    /// ------
    /// OutOfRangeError
    ///     If a number is outside its range.
    ///
    /// Examples
    /// --------
    /// >>> Nuclide.from_dose_factor(64.2, 50.0).dose_factor_gy_kg_per_gbq
    /// 50.0
    #[staticmethod]
    #[pyo3(signature = (half_life_h, dose_factor_gy_kg_per_gbq, *, name = "explicit", source = "given by the caller"))]
    fn from_dose_factor(
        py: Python<'_>,
        half_life_h: f64,
        dose_factor_gy_kg_per_gbq: f64,
        name: &str,
        source: &str,
    ) -> PyResult<Self> {
        Nuclide::from_dose_factor(name, half_life_h, dose_factor_gy_kg_per_gbq, source)
            .or_raise(py)
            .map(Self)
    }
    /// List the names of the presets.
    ///
    /// Returns
    /// -------
    /// list of str
    ///     Names that the constructor takes.
    ///
    /// Examples
    /// --------
    /// >>> "EANM2022" in Nuclide.presets()
    /// True
    #[staticmethod]
    fn presets() -> Vec<&'static str> {
        Nuclide::PRESETS.to_vec()
    }
    /// Name of the preset, or the one given.
    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }
    /// Half-life in h.
    #[getter]
    fn half_life_h(&self) -> f64 {
        self.0.half_life_h()
    }
    /// Mean energy per decay in MeV.
    #[getter]
    fn mean_energy_mev(&self) -> f64 {
        self.0.mean_energy_mev()
    }
    /// Dose in Gy to 1 kg from complete decay of 1 GBq.
    #[getter]
    fn dose_factor_gy_kg_per_gbq(&self) -> f64 {
        self.0.dose_factor_gy_kg_per_gbq()
    }
    /// Where the numbers come from.
    #[getter]
    fn source(&self) -> &str {
        self.0.source()
    }
    /// Mean life in s: the half-life divided by ln 2.
    #[getter]
    fn mean_life_s(&self) -> f64 {
        self.0.mean_life_s()
    }
    /// Compute the share of the activity that is left after a time.
    ///
    /// Parameters
    /// ----------
    /// elapsed_h : float
    ///     Time in h; negative for a time before.
    ///
    /// Returns
    /// -------
    /// float
    ///     `2^(-t / T)`, above 1 for a negative time.
    ///
    /// Raises
    /// ------
    /// OutOfRangeError
    ///     If the time is not finite or so long that the factor leaves the range of numbers.
    ///
    /// Examples
    /// --------
    /// >>> Nuclide().decay_factor(64.1)
    /// 0.5
    fn decay_factor(&self, py: Python<'_>, elapsed_h: f64) -> PyResult<f64> {
        self.0.decay_factor(elapsed_h).or_raise(py)
    }
    fn __repr__(&self) -> String {
        format!(
            "Nuclide({}: {:.2} Gy kg/GBq, {:.6} MeV per decay, {} h)",
            self.0.name(),
            self.0.dose_factor_gy_kg_per_gbq(),
            self.0.mean_energy_mev(),
            self.0.half_life_h()
        )
    }
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, State)> {
        let n = &slf.get().0;
        let rebuild = slf.get_type().getattr("_rebuild")?;
        Ok((rebuild, (n.half_life_h(), n.dose_factor_gy_kg_per_gbq(), n.name().into(), n.source().into())))
    }
    #[staticmethod]
    fn _rebuild(py: Python<'_>, half_life_h: f64, dose_factor: f64, name: &str, source: &str) -> PyResult<Self> {
        Nuclide::from_dose_factor(name, half_life_h, dose_factor, source).or_raise(py).map(Self)
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyNuclide>()
}
