//! The dose by convolution with voxel S values, for a page in a browser.
//!
//! `cargo build --release --example webassembly --target wasm32-unknown-unknown` makes a module whose functions
//! take and return numbers and the addresses of arrays (docs/browser.md).
// Only an exported name can be called from outside. Exporting one is unsafe because another library could have it too.
#![allow(unsafe_code)]

use std::sync::{Mutex, PoisonError};

use yttria::kernels::{Medium, VoxelSValues};
use yttria::parallel::{Cancellation, Workers};
use yttria::voxel::convolution::{ConvolutionPlan, Octant, Output, Selection};
use yttria::{Nuclide, VoxelGrid};

/// The arrays and the message that the page reads, at the address that it was told.
struct Shared {
    activity_mbq_per_ml: Vec<f64>,
    dose_gy: Vec<f64>,
    message: String,
}

static SHARED: Mutex<Shared> = Mutex::new(Shared {
    activity_mbq_per_ml: Vec::new(),
    dose_gy: Vec::new(),
    message: String::new(),
});

/// Makes room for the activity concentrations of `count` voxels, and returns its address.
#[unsafe(no_mangle)]
pub extern "C" fn activity_concentration(count: usize) -> *mut f64 {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.activity_mbq_per_ml = vec![0.0; count];
    shared.activity_mbq_per_ml.as_mut_ptr()
}

/// Convolves the activity concentrations with the voxel S values of liver; shape and voxel size are in the order k, j, i.
///
/// Returns the address of the doses in Gy, or 0 if the core refused: then `message` and `message_length` say why.
#[unsafe(no_mangle)]
pub extern "C" fn dose(
    nk: usize,
    nj: usize,
    ni: usize,
    dk: f64,
    dj: f64,
    di: f64,
    density_g_per_ml: f64,
) -> *const f64 {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    match convolved([nk, nj, ni], [dk, dj, di], density_g_per_ml, &shared.activity_mbq_per_ml) {
        Ok(dose_gy) => {
            shared.dose_gy = dose_gy;
            shared.dose_gy.as_ptr()
        }
        Err(error) => {
            shared.message = error.to_string();
            std::ptr::null()
        }
    }
}

/// The address of the message of the last refusal, in UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn message() -> *const u8 {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner).message.as_ptr()
}

/// The number of bytes of the message.
#[unsafe(no_mangle)]
pub extern "C" fn message_length() -> usize {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner).message.len()
}

fn convolved(
    shape: [usize; 3],
    voxel_size_mm: [f64; 3],
    density_g_per_ml: f64,
    activity_mbq_per_ml: &[f64],
) -> yttria::Result<Vec<f64>> {
    let grid = VoxelGrid::new(shape, voxel_size_mm)?;
    let nuclide = Nuclide::default();
    let never = Cancellation::never();
    let workers = Workers::new(Some(1), &never)?;
    let s = VoxelSValues::new(voxel_size_mm, Medium::Liver, density_g_per_ml, &nuclide, false, &workers)?;
    let scale = grid.voxel_volume_ml() * nuclide.mean_life_s() / 1000.0;
    let kernel: Vec<f64> = s.values().iter().map(|value| value * scale).collect();
    let plan = ConvolutionPlan::new(shape, &Octant::new(s.shape(), &kernel)?, Some(1), None)?;
    let mut dose_gy = vec![0.0; grid.len()];
    plan.apply(activity_mbq_per_ml, Output::new(&mut dose_gy), &Selection::default(), &never)?;
    Ok(dose_gy)
}
