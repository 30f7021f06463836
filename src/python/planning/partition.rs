use numpy::ndarray::IxDyn;
use numpy::{PyReadonlyArrayDyn, PyReadwriteArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::planning::broadcast::Operand;
use crate::planning::partition::{Doses, Limit, Partition, Tumor};
use crate::planning::partition_batch::{DosesOut, Invalid, Territories};
use crate::python::arrays::{borrowed, writable};
use crate::python::errors::OrRaise;
use crate::python::nuclide::PyNuclide;
use crate::python::threads::{Threads, shared_out};

/// Perfused and whole normal liver, tumors, everything perfused, lungs in Gy; energy in the liver in J.
type Row = (Option<f64>, Option<f64>, Vec<f64>, f64, f64, f64);

fn row(doses: Doses) -> Row {
    (
        doses.normal_perfused_gy,
        doses.normal_whole_gy,
        doses.tumors_gy,
        doses.perfused_mean_gy,
        doses.lung_gy,
        doses.liver_energy_j,
    )
}

#[pyclass(name = "Partition", module = "yttria._core", frozen)]
pub struct PyPartition(Partition);

#[pymethods]
impl PyPartition {
    #[new]
    fn new(
        py: Python<'_>,
        tumors: Vec<(f64, Option<f64>)>,
        normal_perfused_mass_kg: f64,
        normal_total_mass_kg: Option<f64>,
        lung_shunt_fraction: f64,
        lung_mass_kg: f64,
        nuclide: &PyNuclide,
    ) -> PyResult<Self> {
        let tumors: Vec<_> = tumors.into_iter().map(|(mass_kg, ratio)| Tumor { mass_kg, ratio }).collect();
        Partition::new(
            &tumors,
            normal_perfused_mass_kg,
            normal_total_mass_kg,
            lung_shunt_fraction,
            lung_mass_kg,
            &nuclide.0,
        )
        .or_raise(py)
        .map(Self)
    }

    fn doses(&self, py: Python<'_>, delivered_activity_gbq: f64) -> PyResult<Row> {
        self.0.doses(delivered_activity_gbq).or_raise(py).map(row)
    }

    fn activity_for_tumor_dose(&self, py: Python<'_>, target_dose_gy: f64, tumor: usize) -> PyResult<(f64, Row)> {
        let (activity, doses) = self.0.activity_for_tumor_dose_gbq(target_dose_gy, tumor).or_raise(py)?;
        Ok((activity, row(doses)))
    }

    /// Limits as (kind, limit, prior); activity at each, the least, which bind, the doses there.
    #[allow(clippy::type_complexity)]
    fn maximum_activity(
        &self,
        py: Python<'_>,
        limits: Vec<(String, f64, f64)>,
    ) -> PyResult<(Vec<Option<f64>>, Option<f64>, Vec<usize>, Option<Row>)> {
        let found = limits
            .into_iter()
            .map(|(kind, limit, prior)| Limit::from_name(&kind, limit, prior))
            .collect::<Result<Vec<_>, _>>()
            .and_then(|limits| self.0.maximum_activity(&limits));
        let (maximum, doses) = found.or_raise(py)?;
        Ok((maximum.at_limits_gbq, maximum.activity_gbq, maximum.binding, doses.map(row)))
    }
}

fn operand<'a>(quantity: &'static str, array: &'a PyReadonlyArrayDyn<'_, f64>) -> PyResult<Operand<'a>> {
    Ok(Operand {
        quantity,
        values: array.as_slice()?,
        shape: array.shape(),
    })
}

/// Tumor mass, tumor-to-normal ratio, perfused normal liver mass, lung shunt fraction, lung mass.
type Arrays<'py> = [Bound<'py, PyAny>; 5];

fn borrow_all<'py>(arrays: &Arrays<'py>) -> PyResult<Vec<PyReadonlyArrayDyn<'py, f64>>> {
    arrays.iter().map(borrowed::<f64, IxDyn>).collect()
}

fn borrow<'a>(arrays: &'a [PyReadonlyArrayDyn<'_, f64>]) -> PyResult<Territories<'a>> {
    let [mass, ratio, normal, shunt, lung] = arrays else {
        unreachable!("five arrays were borrowed")
    };
    Ok(Territories {
        tumor_mass_kg: operand("tumor mass in kg", mass)?,
        tumor_to_normal_ratio: operand("tumor-to-normal ratio", ratio)?,
        normal_perfused_mass_kg: operand("perfused normal liver mass in kg", normal)?,
        lung_shunt_fraction: operand("lung shunt fraction", shunt)?,
        lung_mass_kg: operand("lung mass in kg", lung)?,
    })
}

fn invalid(to_nan: bool) -> Invalid {
    if to_nan { Invalid::Nan } else { Invalid::Raise }
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn partition_doses(
    py: Python<'_>,
    delivered_activity_gbq: &Bound<'_, PyAny>,
    territories: Arrays<'_>,
    normal_gy: &Bound<'_, PyAny>,
    tumors_gy: &Bound<'_, PyAny>,
    lung_gy: &Bound<'_, PyAny>,
    nuclide: &PyNuclide,
    invalid_to_nan: bool,
    threads: Option<Threads>,
) -> PyResult<usize> {
    let territories = borrow_all(&territories)?;
    let territories = borrow(&territories)?;
    let activity = borrowed(delivered_activity_gbq)?;
    let activity = operand("delivered activity in GBq", &activity)?;
    let [mut normal_gy, mut tumors_gy, mut lung_gy]: [PyReadwriteArrayDyn<'_, f64>; 3] =
        [writable(normal_gy)?, writable(tumors_gy)?, writable(lung_gy)?];
    let shape = tumors_gy.shape().to_vec();
    let (tumors, shape) = shape.split_last().unwrap_or((&0, &[]));
    let out = DosesOut {
        normal_gy: normal_gy.as_slice_mut()?,
        tumors_gy: tumors_gy.as_slice_mut()?,
        lung_gy: lung_gy.as_slice_mut()?,
    };
    shared_out(py, threads, |workers| {
        territories.doses(activity, shape, *tumors, out, &nuclide.0, invalid(invalid_to_nan), workers)
    })
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn partition_activities(
    py: Python<'_>,
    target_dose_gy: &Bound<'_, PyAny>,
    tumor: usize,
    tumors: usize,
    territories: Arrays<'_>,
    activity_gbq: &Bound<'_, PyAny>,
    nuclide: &PyNuclide,
    invalid_to_nan: bool,
    threads: Option<Threads>,
) -> PyResult<usize> {
    let territories = borrow_all(&territories)?;
    let territories = borrow(&territories)?;
    let target = borrowed(target_dose_gy)?;
    let target = operand("target tumor dose in Gy", &target)?;
    let mut activity_gbq: PyReadwriteArrayDyn<'_, f64> = writable(activity_gbq)?;
    let shape = activity_gbq.shape().to_vec();
    let out = activity_gbq.as_slice_mut()?;
    shared_out(py, threads, |workers| {
        territories.activities(target, tumor, &shape, tumors, out, &nuclide.0, invalid(invalid_to_nan), workers)
    })
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyPartition>()?;
    module.add_function(wrap_pyfunction!(partition_doses, module)?)?;
    module.add_function(wrap_pyfunction!(partition_activities, module)?)
}
