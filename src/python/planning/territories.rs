use pyo3::prelude::*;

use super::super::errors::OrRaise;
use super::super::nuclide::PyNuclide;
use crate::planning::territories::{Lesion, Overlap, Portion, Territory, Tissue, Treatment};

/// Name, lung shunt fraction, normal liver in kg, portions as (lesion, mass in kg, ratio).
type TerritorySpec = (String, f64, f64, Vec<(usize, f64, f64)>);
/// Name, overlap, unperfused mass in kg.
type LesionSpec = (String, String, f64);
/// Kind of tissue, territory, lesion, mass in kg, Gy per GBq of each injection.
type RowParts = (&'static str, Option<usize>, Option<usize>, f64, Vec<f64>);

#[pyclass(name = "Treatment", module = "yttria._core", frozen)]
pub struct PyTreatment(pub Treatment);

#[pymethods]
impl PyTreatment {
    #[new]
    fn new(
        py: Python<'_>,
        territories: Vec<TerritorySpec>,
        lesions: Vec<LesionSpec>,
        normal_total_mass_kg: Option<f64>,
        lung_mass_kg: f64,
        nuclide: &PyNuclide,
    ) -> PyResult<Self> {
        let territories: Result<Vec<_>, _> = territories.into_iter().map(territory).collect();
        let lesions: Result<Vec<_>, _> = lesions.into_iter().map(lesion).collect();
        territories
            .and_then(|t| Treatment::new(t, lesions?, normal_total_mass_kg, lung_mass_kg, &nuclide.0))
            .or_raise(py)
            .map(Self)
    }
    fn rows(&self) -> Vec<RowParts> {
        self.0
            .rows()
            .iter()
            .map(|row| {
                let (kind, territory, lesion) = match row.tissue {
                    Tissue::Portion { territory, lesion } => ("tumor_portion", Some(territory), Some(lesion)),
                    Tissue::LesionPerfused(lesion) => ("tumor_perfused", None, Some(lesion)),
                    Tissue::LesionWhole(lesion) => ("tumor_whole", None, Some(lesion)),
                    Tissue::NormalPerfused(territory) => ("normal_perfused", Some(territory), None),
                    Tissue::NormalWhole => ("normal_whole", None, None),
                    Tissue::Lungs => ("lung", None, None),
                };
                (kind, territory, lesion, row.mass_kg, row.gy_per_gbq.clone())
            })
            .collect()
    }
    fn doses_gy(&self, py: Python<'_>, activities_gbq: Vec<f64>) -> PyResult<Vec<f64>> {
        self.0.doses_gy(&activities_gbq).or_raise(py)
    }
}

fn territory(spec: TerritorySpec) -> crate::Result<Territory> {
    let (name, shunt, normal, portions) = spec;
    let portions = portions
        .into_iter()
        .map(|(lesion, mass_kg, tumor_to_normal_ratio)| Portion {
            lesion,
            mass_kg,
            tumor_to_normal_ratio,
        })
        .collect();
    Territory::new(&name, shunt, normal, portions)
}

fn lesion(spec: LesionSpec) -> crate::Result<Lesion> {
    let (name, overlap, unperfused_mass_kg) = spec;
    Ok(Lesion {
        name,
        overlap: Overlap::from_name(&overlap)?,
        unperfused_mass_kg,
    })
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyTreatment>()
}
