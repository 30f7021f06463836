//! Plan of the calculation, with all data that maps of activity on one density share.

use std::sync::Mutex;

use super::composition::{LEAST_DENSITY_G_PER_ML, MediumFactor, blend};
use super::modes::Modes;
use super::rays::{Rays, Setting, rays};
use super::sheet::{Deposits, Order, Rows};
use super::step::{Constants, Precision};
use super::sweep::Medium;
use crate::error::{Error, Result, check};
use crate::kernels::{self, VoxelSValues};
use crate::memory;
use crate::nuclide::Nuclide;
use crate::parallel::Workers;
use crate::simd::InstructionSet;
use crate::voxel::convolution::{ConvolutionPlan, Octant};

/// Voxels per item of work.
pub(super) const PIECE: usize = 1 << 16;

/// Number of directions per group; each group has its own sum.
const GROUP: usize = 8;

/// Settings of a plan.
#[derive(Debug, Clone)]
pub struct Options {
    /// The medium of the dose point kernel and of the convolution.
    pub medium: kernels::Medium,
    /// Its density, in g/mL; that of its table if not given.
    pub reference_density_g_per_ml: Option<f64>,
    /// Number of rays.
    pub setting: Setting,
    /// Whether the exact convolution is included near the reference density.
    pub blended: bool,
    /// The dose is 0 in voxels below this density in g/mL, because kernels do not predict it there; electrons still
    /// cross them.
    pub gas_density_g_per_ml: f64,
    /// The nuclide.
    pub nuclide: Nuclide,
}

/// Energy balance of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Balance {
    /// Sum of the activity concentrations times the fraction of the energy within the kernel's support.
    pub emitted: f64,
    /// Energy deposited in the map, in the same unit.
    pub deposited: f64,
    /// Energy that the rays carried out of it.
    pub left: f64,
}

/// The dose in maps of activity on one density. Immutable; share it between threads.
pub struct SuperpositionPlan<T: Precision> {
    pub(super) shape: [usize; 3],
    pub(super) voxel_size_mm: [f64; 3],
    pub(super) density: Vec<T>,
    pub(super) reference_density_g_per_ml: f64,
    pub(super) medium: kernels::Medium,
    pub(super) setting: Setting,
    pub(super) gas_voxels: usize,
    pub(super) gas_density_g_per_ml: f64,
    pub(super) media: [Medium<T>; 2],
    pub(super) groups: Vec<Vec<Rays>>,
    pub(super) constants: Constants,
    pub(super) deepest: f64,
    pub(super) modes: Modes,
    pub(super) convolution: Option<ConvolutionPlan<T>>,
    pub(super) gy_per_mbq_per_ml: f64,
    pub(super) threads: usize,
    pub(super) instruction_set: InstructionSet,
    pub(super) idle: Mutex<Vec<Scratch<T>>>,
}

impl<T: Precision> SuperpositionPlan<T> {
    /// For maps of the density's shape (k, j, i), densities in g/mL.
    ///
    /// Errors if a density is not finite, not positive or above 30 g/mL, if a voxel size is outside 0.5-20 mm, if the
    /// reference density is not one of the medium, or if the isotope has no kernel.
    pub fn new(
        density_g_per_ml: &[T],
        shape: [usize; 3],
        voxel_size_mm: [f64; 3],
        options: &Options,
        workers: &Workers<'_>,
    ) -> Result<Self> {
        let voxels = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        if voxels != Some(density_g_per_ml.len()) || density_g_per_ml.is_empty() {
            return Err(Error::Shape {
                quantity: "density".into(),
                shape: shape.to_vec(),
                requirement: "non-empty, of as many voxels as there are densities".into(),
            });
        }
        for size in voxel_size_mm {
            check::within("voxel size in mm", size, 0.5, 20.0)?;
        }
        let mut largest = 0.0f64;
        for (at, rho) in density_g_per_ml.iter().map(|rho| rho.to_f64()).enumerate() {
            if !(rho.is_finite() && rho > 0.0 && rho <= 30.0) {
                return Err(Error::out_of_range(
                    format!("density in g/mL of voxel {at} (in memory order)"),
                    rho,
                    "within (0, 30]",
                ));
            }
            largest = largest.max(rho);
        }
        let isotope = options.nuclide.isotope();
        isotope.check_followed("superposition")?;
        let gas = check::non_negative("gas density in g/mL", options.gas_density_g_per_ml)?;
        let reference = options.medium.density_g_per_ml(options.reference_density_g_per_ml)?;
        let modes = Modes::fit(options.medium.kernel_of(isotope)?, isotope.has_conversion())?;
        let factor = MediumFactor::new(options.medium, isotope)?;
        let depth = |rho: f64| rho.max(LEAST_DENSITY_G_PER_ML) * factor.at(rho);
        let share = |rho: f64| if options.blended { blend(rho / reference) } else { 0.0 };
        let [natural, transposed] = Order::ALL.map(|order| Rows::new(order, shape));
        let one = T::from_f64(1.0);
        let depths = natural.natural("mass depth", density_g_per_ml, one, workers, depth)?;
        let shares = natural.natural("blend", density_g_per_ml, T::ZERO, workers, share)?;
        let blended = shares.iter().any(|share| *share > T::ZERO);
        let transposed = Medium {
            depth: transposed.transposed("mass depth", (&natural, &depths), one, workers)?,
            blend: transposed.transposed("blend", (&natural, &shares), T::ZERO, workers)?,
            rows: transposed,
        };
        let natural = Medium {
            rows: natural,
            depth: depths,
            blend: shares,
        };
        let convolution = if blended {
            let s_values =
                VoxelSValues::new(voxel_size_mm, options.medium, reference, &options.nuclide, false, workers)?;
            let volume_ml = voxel_size_mm.iter().product::<f64>() / 1000.0;
            let scale = volume_ml * options.nuclide.mean_life_s() / 1000.0;
            let values: Vec<f64> = s_values.values().iter().map(|s| s * scale).collect();
            let octant = Octant::new(s_values.shape(), &values)?;
            Some(ConvolutionPlan::new(shape, &octant, Some(workers.threads()), None)?)
        } else {
            None
        };
        let all = rays(options.setting, shape, voxel_size_mm);
        let longest = all.iter().map(|rays| voxel_size_mm[rays.slab] / rays.direction[rays.slab].abs());
        let longest_mm = longest.fold(0.0, f64::max);
        let groups = all.chunk_by(|a, b| a.slab == b.slab).flat_map(|slab| slab.chunks(GROUP).map(<[_]>::to_vec));
        let deepest = depth(largest).max(reference);
        Ok(Self {
            shape,
            voxel_size_mm,
            density: memory::copied("density", density_g_per_ml)?,
            reference_density_g_per_ml: reference,
            medium: options.medium,
            setting: options.setting,
            gas_voxels: density_g_per_ml.iter().filter(|rho| rho.to_f64() < gas).count(),
            gas_density_g_per_ml: gas,
            media: [natural, transposed],
            groups: groups.collect(),
            constants: Constants::new::<T>(&modes, longest_mm * deepest),
            deepest,
            modes,
            convolution,
            gy_per_mbq_per_ml: options.nuclide.dose_factor_gy_kg_per_gbq(),
            threads: workers.threads(),
            instruction_set: InstructionSet::best(),
            idle: Mutex::default(),
        })
    }

    /// Shape of the maps.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }
    /// Density in g/mL at which the result is the exact convolution.
    pub fn reference_density_g_per_ml(&self) -> f64 {
        self.reference_density_g_per_ml
    }
    /// The medium of the kernel.
    pub fn medium(&self) -> kernels::Medium {
        self.medium
    }
    /// Number of rays.
    pub fn setting(&self) -> Setting {
        self.setting
    }
    /// Directions times lattices.
    pub fn directions(&self) -> usize {
        self.groups.iter().map(Vec::len).sum()
    }
    /// Voxels of gas, whose dose is 0.
    pub fn gas_voxels(&self) -> usize {
        self.gas_voxels
    }
    /// The largest error of the energy that the fitted kernel absorbs within any mass depth, as a fraction.
    pub fn kernel_error(&self) -> f64 {
        self.modes.largest_error
    }
    /// Threads of one call.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Bytes that one call needs besides its input and output.
    pub fn estimate_memory(&self) -> u64 {
        let [natural, transposed] = self.media.each_ref().map(|medium| medium.rows.len());
        let each = size_of::<T>() * (natural + transposed);
        let [nk, nj, ni] = self.shape;
        let states = 8 * 4 * [nj * ni, nk * ni, nk * nj].into_iter().max().unwrap_or(0) * size_of::<T>();
        let sums = (self.threads.min(self.groups.len()) + 2) * each + self.threads * states;
        sums as u64 + self.convolution.as_ref().map_or(0, ConvolutionPlan::estimate_memory)
    }
}

/// The memory of one group at work.
#[derive(Debug)]
pub(super) struct Scratch<T> {
    pub(super) order: Order,
    pub(super) deposits: Deposits<T>,
}
