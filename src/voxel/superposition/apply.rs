//! One map of activity: the convolution, the sweeps, and the dose from both.

use super::plan::{Balance, PIECE, Scratch, SuperpositionPlan};
use super::sheet::{Deposits, Order, Sources};
use super::step::Precision;
use super::sweep::Sweep;
use crate::error::{Error, Result};
use crate::memory;
use crate::parallel::{Cancellation, try_for_each};
use crate::voxel::convolution::{Output, Selection};

impl<T: Precision> SuperpositionPlan<T> {
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
