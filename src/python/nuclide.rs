use pyo3::prelude::*;

use super::errors::OrRaise;
use crate::nuclide::Nuclide;

/// What pickle keeps: half-life, dose factor, name, source.
type State = (f64, f64, String, String);

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
    #[staticmethod]
    #[pyo3(signature = (half_life_h, mean_energy_mev, *, name = "explicit", source = "given by the caller"))]
    fn from_energy(py: Python<'_>, half_life_h: f64, mean_energy_mev: f64, name: &str, source: &str) -> PyResult<Self> {
        Nuclide::from_energy(name, half_life_h, mean_energy_mev, source).or_raise(py).map(Self)
    }
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
    #[staticmethod]
    fn presets() -> Vec<&'static str> {
        Nuclide::PRESETS.to_vec()
    }
    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }
    #[getter]
    fn half_life_h(&self) -> f64 {
        self.0.half_life_h()
    }
    #[getter]
    fn mean_energy_mev(&self) -> f64 {
        self.0.mean_energy_mev()
    }
    #[getter]
    fn dose_factor_gy_kg_per_gbq(&self) -> f64 {
        self.0.dose_factor_gy_kg_per_gbq()
    }
    #[getter]
    fn source(&self) -> &str {
        self.0.source()
    }
    #[getter]
    fn mean_life_s(&self) -> f64 {
        self.0.mean_life_s()
    }
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
