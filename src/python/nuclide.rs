use numpy::PyArray1;
use numpy::ndarray::Ix1;
use pyo3::prelude::*;

use super::arrays::borrowed;
use super::errors::OrRaise;
use crate::isotope::Isotope;
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
    ///     Half-life in h. It decides the isotope: 63 to 66 is Y-90, and `decay_data` lists the other isotopes. Any
    ///     other half-life is refused.
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
    ///     If a number is outside its range, or the energy is not plausible for the isotope.
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
    ///     Half-life in h. It decides the isotope: 63 to 66 is Y-90, and `decay_data` lists the other isotopes. Any
    ///     other half-life is refused.
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
    ///     If a number is outside its range, or the energy is not plausible for the isotope.
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
    /// Isotope that has the half-life, such as "Ho-166".
    #[getter]
    fn isotope(&self) -> &'static str {
        self.0.isotope().name()
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

/// Half-life in h; charge and mass number of the daughter; branches; energies in MeV of beta particles, conversion
/// electrons, relaxation and photons; probability and energy in MeV of each line of photons.
type DecayRow = (f64, (u32, u32), Vec<(f64, f64, &'static str)>, [f64; 4], Vec<[f64; 2]>);

#[pyfunction]
fn _decay_data(py: Python<'_>, isotope: &str) -> PyResult<DecayRow> {
    let isotope = Isotope::from_name(isotope).or_raise(py)?;
    let branches = isotope.branches().iter().map(|b| (b.endpoint_mev, b.probability, b.shape.name()));
    let daughter = (isotope.daughter().charge as u32, isotope.daughter().mass_number as u32);
    let energies = [
        isotope.beta_mev(),
        isotope.conversion_mev(),
        isotope.relaxation_mev(),
        isotope.photon_mev(),
    ];
    Ok((isotope.half_life_h(), daughter, branches.collect(), energies, isotope.photon_lines()))
}

#[pyfunction]
fn _beta_spectrum<'py>(
    py: Python<'py>,
    isotope: &str,
    energies_mev: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let isotope = Isotope::from_name(isotope).or_raise(py)?;
    let energies = borrowed::<f64, Ix1>(energies_mev)?;
    let energies = energies.as_slice()?;
    Ok(PyArray1::from_vec(py, py.detach(|| isotope.beta_spectrum(energies))))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_decay_data, module)?)?;
    module.add_function(wrap_pyfunction!(_beta_spectrum, module)?)?;
    module.add_class::<PyNuclide>()
}
