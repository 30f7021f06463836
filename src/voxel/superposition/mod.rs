//! Absorbed dose in tissue of any density: parallel rays in many directions carry the energy of the beta particles.
//!
//! In a uniform medium the dose is the exact convolution with voxel S values. Elsewhere an electron's energy is taken
//! to be deposited along straight rays by the dose point kernel per mass depth, `dE = F(t) rho eta ds`, where `t` is
//! the mass depth from the source along the ray and `eta` a factor of the medium ([`composition`]). The two are blended:
//!
//! `dose = (E(rho) - b E(rho_ref)) / (rho V) + b (rho_ref / rho) D`
//!
//! with `E` the energy that the rays deposit, `D` the convolution at the reference density, and `b` the [`blend`] of
//! the voxel. At the reference density the rays cancel, and with them the noise of their finite number.
//!
//! - [`modes`]: the kernel as a sum of two damped oscillations, so that a ray carries four numbers;
//! - [`rays`]: directions and lattices; [`sweep`]: all rays of one direction at once; [`step`]: one voxel;
//! - [`sheet`]: maps as rows that vectors run along.
//!
//! The result does not depend on the number of threads: directions are dealt out to groups whose deposits are summed
//! in order.

mod composition;
mod modes;
mod rays;
mod sheet;
mod step;
mod sweep;
#[cfg(test)]
mod tests;

use std::sync::Mutex;

use crate::error::{Error, Result, check};
use crate::kernels::{self, VoxelSValues};
use crate::memory;
use crate::nuclide::Nuclide;
use crate::parallel::{Cancellation, Workers, try_for_each};
use crate::simd::InstructionSet;
use crate::voxel::convolution::{ConvolutionPlan, Octant, Output, Selection};

use sheet::{Deposits, Order, Rows, Sources};
use step::Constants;
use sweep::{Medium, Sweep};

pub use composition::{LEAST_DENSITY_G_PER_ML, MediumFactor, blend};
pub use modes::Modes;
pub use rays::Setting;
pub use rays::{Rays, rays};
pub use step::Precision;

/// Voxels per item of work.
const PIECE: usize = 1 << 16;

/// Directions per group, of which each has a sum of its own.
const GROUP: usize = 8;

/// How a plan computes.
#[derive(Debug, Clone)]
pub struct Options {
    /// The medium of the dose point kernel and of the convolution.
    pub medium: kernels::Medium,
    /// Its density, in g/mL; that of its table if not given.
    pub reference_density_g_per_ml: Option<f64>,
    /// How many rays.
    pub setting: Setting,
    /// Whether the exact convolution takes part near the reference density.
    pub blended: bool,
    /// The dose is 0 in voxels below this density in g/mL, where no kernel predicts it; electrons still cross them.
    pub gas_density_g_per_ml: f64,
    /// The nuclide.
    pub nuclide: Nuclide,
}

/// What a call reports besides the dose.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Balance {
    /// Sum of the activity concentrations times the fraction of the energy within the kernel's support.
    pub emitted: f64,
    /// What was deposited in the map, in the same unit.
    pub deposited: f64,
    /// What the rays carried out of it.
    pub left: f64,
}

/// The dose in maps of activity on one density. Immutable; share it between threads.
pub struct SuperpositionPlan<T: Precision> {
    shape: [usize; 3],
    voxel_size_mm: [f64; 3],
    density: Vec<T>,
    reference_density_g_per_ml: f64,
    medium: kernels::Medium,
    setting: Setting,
    gas_voxels: usize,
    gas_density_g_per_ml: f64,
    media: [Medium<T>; 2],
    groups: Vec<Vec<Rays>>,
    constants: Constants,
    modes: Modes,
    convolution: Option<ConvolutionPlan<T>>,
    gy_per_mbq_per_ml: f64,
    threads: usize,
    instruction_set: InstructionSet,
    idle: Mutex<Vec<Scratch<T>>>,
}

impl<T: Precision> SuperpositionPlan<T> {
    /// For maps of the density's shape (k, j, i), densities in g/mL.
    ///
    /// Errors if a density is not finite, not positive or above 30 g/mL, if a voxel size is outside 0.5-20 mm, or if
    /// the reference density is not one of the medium.
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
        let gas = check::non_negative("gas density in g/mL", options.gas_density_g_per_ml)?;
        let reference = options.medium.density_g_per_ml(options.reference_density_g_per_ml)?;
        let modes = Modes::fit(options.medium.dose_point_kernel())?;
        let factor = MediumFactor::new(options.medium);
        let depth = |rho: f64| rho.max(LEAST_DENSITY_G_PER_ML) * factor.at(rho);
        let share = |rho: f64| if options.blended { blend(rho / reference) } else { 0.0 };
        let each = |quantity: &str, f: &(dyn Fn(f64) -> f64 + Sync)| {
            let mut values = memory::filled(quantity, T::ZERO, density_g_per_ml.len())?;
            let pieces = values.chunks_mut(PIECE).zip(density_g_per_ml.chunks(PIECE));
            workers.for_each(pieces, |(values, density)| {
                for (value, rho) in values.iter_mut().zip(density) {
                    *value = T::from_f64(f(rho.to_f64()));
                }
                Ok(())
            })?;
            Ok(values)
        };
        let (depths, shares) = (each("mass depth", &depth)?, each("blend", &share)?);
        let media = Order::ALL.map(|order| {
            let rows = Rows::new(order, shape);
            Ok(Medium {
                rows,
                depth: rows.gather("mass depth", T::from_f64(1.0), workers, |voxel| depths[voxel])?,
                blend: rows.gather("blend", T::ZERO, workers, |voxel| shares[voxel])?,
            })
        });
        let [natural, transposed] = media;
        let blended = shares.iter().any(|share| *share > T::ZERO);
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
        let all = rays(options.setting, voxel_size_mm);
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
            media: [natural?, transposed?],
            groups: groups.collect(),
            constants: Constants::new::<T>(&modes, longest_mm * deepest),
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
    /// How many rays.
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

    /// Writes the absorbed dose in Gy after complete decay of `activity`, in MBq/mL at administration, into `out`.
    ///
    /// Errors if a length is wrong, a concentration is not finite or too large, the memory does not suffice, or the
    /// caller cancels. After an error the contents of `out` are unspecified.
    pub fn apply(&self, activity: &[T], out: &mut [T], cancellation: &Cancellation<'_>) -> Result<Balance> {
        for (quantity, length) in [("activity", activity.len()), ("output", out.len())] {
            if length != self.density.len() {
                return Err(Error::Shape {
                    quantity: quantity.into(),
                    shape: vec![length],
                    requirement: format!("of the plan's shape {:?}, {} voxels", self.shape, self.density.len()),
                });
            }
        }
        let largest = self.largest(activity, cancellation)?;
        match &self.convolution {
            Some(plan) => plan.apply(activity, Output::new(out), &Selection::default(), cancellation)?,
            None => out.fill(T::ZERO),
        }
        let [natural, transposed] = &self.media;
        let depth: [&[T]; 2] = [&natural.depth, &transposed.depth];
        let sources = Sources::new([&natural.rows, &transposed.rows], activity, depth)?;
        let mut sums = [Deposits::new(&natural.rows)?, Deposits::new(&transposed.rows)?];
        let left = self.sweep_all(largest, sources.each_ref(), &mut sums, cancellation)?;
        let deposited = self.finish(&sums, out, cancellation)?;
        let emitted: f64 = activity.iter().map(|a| a.to_f64()).sum();
        Ok(Balance {
            emitted: emitted * self.modes.energy_fraction,
            deposited,
            left,
        })
    }

    /// The largest activity per mass depth; an error for the first voxel that is not finite.
    fn largest(&self, activity: &[T], cancellation: &Cancellation<'_>) -> Result<f64> {
        let mut largest = memory::filled("largest activities", 0.0f64, activity.len().div_ceil(PIECE))?;
        let pieces = activity.chunks(PIECE).zip(self.density.chunks(PIECE)).zip(&mut largest);
        try_for_each(pieces, self.threads, cancellation, |((activity, density), largest)| {
            for (a, rho) in activity.iter().zip(density) {
                // A voxel that is not finite makes the sum so.
                let size = a.to_f64().abs();
                *largest = if size <= T::LARGEST.to_f64() {
                    largest.max(size / rho.to_f64())
                } else {
                    f64::INFINITY
                };
                if *largest == f64::INFINITY {
                    break;
                }
            }
            Ok(())
        })?;
        let largest = largest.into_iter().fold(0.0, f64::max);
        if largest < f64::INFINITY {
            return Ok(largest);
        }
        let at = activity.iter().position(|a| !a.is_finite() || a.to_f64().abs() > T::LARGEST.to_f64()).unwrap_or(0);
        Err(Error::out_of_range(
            format!("activity concentration in MBq/mL of voxel {at} (in memory order)"),
            activity[at].to_f64(),
            format!("finite and at most {:?}", T::LARGEST),
        ))
    }

    /// Sweeps group by group, as many at once as there are threads, and adds the deposits up in the order of the groups.
    fn sweep_all(
        &self,
        largest: f64,
        sources: [&Sources<T>; 2],
        sums: &mut [Deposits<T>; 2],
        cancellation: &Cancellation<'_>,
    ) -> Result<f64> {
        let mut left = 0.0;
        for round in self.groups.chunks(self.threads) {
            let mut done: Vec<Option<(Scratch<T>, f64)>> = Vec::new();
            done.resize_with(round.len(), || None);
            try_for_each(round.iter().zip(&mut done), self.threads, cancellation, |(group, slot)| {
                let order = Order::of_slab(group[0].slab);
                let medium = &self.media[order as usize];
                let mut scratch = self.scratch(order)?;
                let mut left = 0.0;
                for rays in group {
                    left += self.instruction_set.run(Sweep {
                        medium,
                        sources: sources[order as usize],
                        constants: &self.constants,
                        rays,
                        voxel_size_mm: self.voxel_size_mm,
                        reference: self.reference_density_g_per_ml,
                        forgotten: largest * T::FORGOTTEN,
                        deposits: &mut scratch.deposits,
                        cancellation,
                    })?;
                }
                *slot = Some((scratch, left));
                Ok(())
            })?;
            for (mut scratch, lost) in done.into_iter().flatten() {
                left += lost;
                let rows = &self.media[scratch.order as usize].rows;
                sums[scratch.order as usize].take(rows, &mut scratch.deposits, self.threads, cancellation)?;
                if let Ok(mut idle) = self.idle.lock() {
                    idle.push(scratch);
                }
            }
        }
        Ok(left)
    }

    /// Empty memory for one group.
    fn scratch(&self, order: Order) -> Result<Scratch<T>> {
        let rows = &self.media[order as usize].rows;
        let kept = self.idle.lock().ok().and_then(|mut idle| {
            let at = idle.iter().position(|scratch| scratch.order == order)?;
            Some(idle.swap_remove(at))
        });
        match kept {
            Some(scratch) => Ok(scratch),
            None => Ok(Scratch {
                order,
                deposits: Deposits::new(rows)?,
            }),
        }
    }

    /// The dose from what the rays deposited and, in `out`, the convolution.
    fn finish(&self, sums: &[Deposits<T>; 2], out: &mut [T], cancellation: &Cancellation<'_>) -> Result<f64> {
        let [natural, transposed] = self.media.each_ref().map(|medium| medium.rows);
        let natural_blend = &self.media[0].blend;
        let [_, nj, ni] = self.shape;
        let mut deposited = memory::filled("energy per plane", 0.0, self.shape[0])?;
        let planes = out.chunks_mut(nj * ni).zip(&mut deposited).enumerate();
        try_for_each(planes, self.threads, cancellation, |(k, (out, deposited))| {
            for j in 0..nj {
                for i in 0..ni {
                    let voxel = (k * nj + j) * ni + i;
                    let rho = self.density[voxel].to_f64();
                    let from = [
                        sums[0].values[natural.at(k * nj + j) + i],
                        sums[1].values[transposed.at(k * ni + i) + j],
                    ];
                    let energy = from[0].to_f64() + from[1].to_f64();
                    let convolved = out[j * ni + i].to_f64();
                    if energy == 0.0 && convolved == 0.0 {
                        continue;
                    }
                    let share = natural_blend[natural.at(k * nj + j) + i].to_f64();
                    let dose = convolved * share * self.reference_density_g_per_ml / rho
                        + self.gy_per_mbq_per_ml * energy / rho;
                    *deposited += dose * rho / self.gy_per_mbq_per_ml;
                    out[j * ni + i] = T::from_f64(if rho < self.gas_density_g_per_ml { 0.0 } else { dose });
                }
            }
            Ok(())
        })?;
        Ok(deposited.iter().sum())
    }
}

/// The memory of one group at work.
#[derive(Debug)]
struct Scratch<T> {
    order: Order,
    deposits: Deposits<T>,
}
