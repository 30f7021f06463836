use numpy::ndarray::Ix3;
use pyo3::prelude::*;

use super::super::arrays::{borrowed, writable};
use super::super::errors::OrRaise;
use super::super::nuclide::PyNuclide;
use super::super::threads::{Threads, detached, interruptible, shared_out};
use crate::isotope::Isotope;
use crate::kernels::Medium;
use crate::voxel::superposition::{LEAST_DENSITY_G_PER_ML, Modes, Options, Setting, SuperpositionPlan, rays};

enum Plan {
    F32(SuperpositionPlan<f32>),
    F64(SuperpositionPlan<f64>),
}

/// The same expression for either type of plan.
macro_rules! either {
    ($plan:expr, $name:ident => $do:expr) => {
        match $plan {
            Plan::F32($name) => $do,
            Plan::F64($name) => $do,
        }
    };
}

#[pyclass(name = "SuperpositionPlan", module = "yttria._core", frozen)]
pub struct PySuperpositionPlan(Plan);

#[pymethods]
impl PySuperpositionPlan {
    #[new]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        density_g_per_ml: &Bound<'_, PyAny>,
        voxel_size_mm: [f64; 3],
        medium: &str,
        reference_density_g_per_ml: Option<f64>,
        setting: &str,
        blended: bool,
        gas_density_g_per_ml: f64,
        nuclide: &PyNuclide,
        single_precision: bool,
        threads: Option<Threads>,
    ) -> PyResult<Self> {
        let options = Options {
            medium: Medium::from_name(medium).or_raise(py)?,
            reference_density_g_per_ml,
            setting: Setting::from_name(setting).or_raise(py)?,
            blended,
            gas_density_g_per_ml,
            nuclide: nuclide.0.clone(),
        };
        macro_rules! plan {
            ($type:ty, $variant:ident) => {{
                let density = borrowed::<$type, Ix3>(density_g_per_ml)?;
                let shape = density.as_array().dim().into();
                let density = density.as_slice()?;
                Plan::$variant(shared_out(py, threads, |workers| {
                    SuperpositionPlan::new(density, shape, voxel_size_mm, &options, workers)
                })?)
            }};
        }
        Ok(Self(if single_precision {
            plan!(f32, F32)
        } else {
            plan!(f64, F64)
        }))
    }

    #[getter]
    fn shape(&self) -> (usize, usize, usize) {
        either!(&self.0, plan => plan.shape().into())
    }
    #[getter]
    fn single_precision(&self) -> bool {
        matches!(self.0, Plan::F32(_))
    }
    #[getter]
    fn medium(&self) -> &'static str {
        either!(&self.0, plan => plan.medium().name())
    }
    #[getter]
    fn reference_density_g_per_ml(&self) -> f64 {
        either!(&self.0, plan => plan.reference_density_g_per_ml())
    }
    #[getter]
    fn setting(&self) -> &'static str {
        either!(&self.0, plan => plan.setting().name())
    }
    #[getter]
    fn directions(&self) -> usize {
        either!(&self.0, plan => plan.directions())
    }
    #[getter]
    fn gas_voxels(&self) -> usize {
        either!(&self.0, plan => plan.gas_voxels())
    }
    #[getter]
    fn kernel_error_fraction(&self) -> f64 {
        either!(&self.0, plan => plan.kernel_error())
    }
    #[getter]
    fn threads(&self) -> usize {
        either!(&self.0, plan => plan.threads())
    }
    fn estimate_memory_bytes(&self) -> u64 {
        either!(&self.0, plan => plan.estimate_memory())
    }

    /// Energies emitted within the support of the kernel, deposited, and carried out of the map.
    fn apply(&self, py: Python<'_>, activity: &Bound<'_, PyAny>, out: &Bound<'_, PyAny>) -> PyResult<(f64, f64, f64)> {
        let balance = either!(&self.0, plan => {
            let (activity, mut out) = (borrowed::<_, Ix3>(activity)?, writable::<_, Ix3>(out)?);
            let (activity, out) = (activity.as_slice()?, out.as_slice_mut()?);
            interruptible(py, |cancellation| plan.apply(activity, out, cancellation))
        })?;
        Ok((balance.emitted, balance.deposited, balance.left))
    }
}

/// For each ray lattice of a setting: direction, weight, slab axis and offset.
#[pyfunction]
#[allow(clippy::type_complexity)]
fn _superposition_rays(
    py: Python<'_>,
    setting: &str,
    shape: [usize; 3],
    voxel_size_mm: [f64; 3],
) -> PyResult<Vec<([f64; 3], f64, usize, [f64; 3])>> {
    let setting = Setting::from_name(setting).or_raise(py)?;
    let all = rays(setting, shape, voxel_size_mm);
    Ok(all.into_iter().map(|rays| (rays.direction, rays.weight, rays.slab, rays.offset)).collect())
}

/// For each mode of a kernel: the real and imaginary parts of its rate and of its size, per mm at 1 g/mL; and the fraction
/// of the energy that stays in the voxel of the source.
#[pyfunction]
#[allow(clippy::type_complexity)]
fn _kernel_modes(py: Python<'_>, medium: &str, isotope: &str) -> PyResult<(Vec<(f64, f64, f64, f64)>, f64)> {
    let isotope = Isotope::from_name(isotope).or_raise(py)?;
    let medium = Medium::from_name(medium).or_raise(py)?;
    let modes = detached(py, || Modes::fit(medium.kernel_of(isotope)?, isotope.has_conversion()))?;
    let terms = modes.terms.iter().map(|mode| (mode.lambda.re, mode.lambda.im, mode.c.re, mode.c.im));
    Ok((terms.collect(), modes.local_fraction))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PySuperpositionPlan>()?;
    module.add("LEAST_DENSITY_G_PER_ML", LEAST_DENSITY_G_PER_ML)?;
    module.add_function(wrap_pyfunction!(_superposition_rays, module)?)?;
    module.add_function(wrap_pyfunction!(_kernel_modes, module)?)
}
