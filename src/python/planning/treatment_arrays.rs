use numpy::ndarray::IxDyn;
use numpy::{PyReadonlyArrayDyn, PyReadwriteArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::planning::broadcast::{Invalid, Operand, Run};
use crate::planning::treatment_arrays::TerritoryArrays;
use crate::python::arrays::{borrowed, writable};
use crate::python::nuclide::PyNuclide;
use crate::python::threads::{Threads, shared_out};

fn operand<'a>(quantity: &'static str, array: &'a PyReadonlyArrayDyn<'_, f64>) -> PyResult<Operand<'a>> {
    Ok(Operand {
        quantity,
        values: array.as_slice()?,
        shape: array.shape(),
    })
}

/// Tumor mass, tumor-to-normal ratio, perfused normal liver mass, lung shunt fraction.
type Arrays<'py> = [Bound<'py, PyAny>; 4];

fn borrow_all<'py>(arrays: &Arrays<'py>) -> PyResult<Vec<PyReadonlyArrayDyn<'py, f64>>> {
    arrays.iter().map(borrowed::<f64, IxDyn>).collect()
}

fn borrow<'a>(arrays: &'a [PyReadonlyArrayDyn<'_, f64>], tumors: usize) -> PyResult<TerritoryArrays<'a>> {
    let [mass, ratio, normal, shunt] = arrays else {
        unreachable!("four arrays were borrowed")
    };
    Ok(TerritoryArrays {
        tumors,
        tumor_mass_kg: operand("tumor mass in kg", mass)?,
        tumor_to_normal_ratio: operand("tumor-to-normal ratio", ratio)?,
        normal_perfused_mass_kg: operand("perfused normal liver mass in kg", normal)?,
        lung_shunt_fraction: operand("lung shunt fraction", shunt)?,
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
    lung_mass_kg: &Bound<'_, PyAny>,
    normal_gy: &Bound<'_, PyAny>,
    tumors_gy: &Bound<'_, PyAny>,
    lung_gy: &Bound<'_, PyAny>,
    nuclide: &PyNuclide,
    invalid_to_nan: bool,
    threads: Option<Threads>,
) -> PyResult<usize> {
    let [mut normal_gy, mut tumors_gy, mut lung_gy]: [PyReadwriteArrayDyn<'_, f64>; 3] =
        [writable(normal_gy)?, writable(tumors_gy)?, writable(lung_gy)?];
    let shape = tumors_gy.shape().to_vec();
    let (tumors, shape) = shape.split_last().unwrap_or((&0, &[]));
    let territories = borrow_all(&territories)?;
    let territories = borrow(&territories, *tumors)?;
    let (activity, lung) = (borrowed(delivered_activity_gbq)?, borrowed(lung_mass_kg)?);
    let activity = operand("delivered activity in GBq", &activity)?;
    let lung = operand("lung mass in kg", &lung)?;
    let out = [
        normal_gy.as_slice_mut()?,
        tumors_gy.as_slice_mut()?,
        lung_gy.as_slice_mut()?,
    ];
    shared_out(py, threads, |workers| {
        let invalid = invalid(invalid_to_nan);
        territories.doses(
            activity,
            lung,
            out,
            &nuclide.0,
            &Run {
                shape,
                invalid,
                workers,
            },
        )
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
    let territories = borrow(&territories, tumors)?;
    let target = borrowed(target_dose_gy)?;
    let target = operand("target tumor dose in Gy", &target)?;
    let mut activity_gbq: PyReadwriteArrayDyn<'_, f64> = writable(activity_gbq)?;
    let shape = &activity_gbq.shape().to_vec();
    let out = activity_gbq.as_slice_mut()?;
    shared_out(py, threads, |workers| {
        let invalid = invalid(invalid_to_nan);
        territories.activities(
            target,
            tumor,
            out,
            &nuclide.0,
            &Run {
                shape,
                invalid,
                workers,
            },
        )
    })
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(partition_doses, module)?)?;
    module.add_function(wrap_pyfunction!(partition_activities, module)?)
}
