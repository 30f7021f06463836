//! Dose of one map of activity, from the convolution and the sweeps.

use super::plan::{Balance, PIECE, Scratch, SuperpositionPlan};
use super::sheet::{Deposits, Order, Sources, is_zero, union};
use super::step::Precision;
use super::sweep::Sweep;
use crate::error::{Error, Result};
use crate::memory;
use crate::parallel::{Cancellation, try_for_each};
use crate::voxel::convolution::{Output, Selection};

/// Number of voxels that are tested together for zero.
const STRIP: usize = 64;

/// Sums of a map of activity.
#[derive(Debug, Clone, Copy, Default)]
struct Content {
    /// The largest activity per mass depth.
    largest: f64,
    /// The sum.
    total: f64,
}

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
        let content = self.content(activity, cancellation)?;
        match &self.convolution {
            Some(plan) => plan.apply(activity, Output::new(out), &Selection::default(), cancellation)?,
            None => out.fill(T::ZERO),
        }
        let [natural, transposed] = &self.media;
        let depth: [&[T]; 2] = [&natural.depth, &transposed.depth];
        let rows = [&natural.rows, &transposed.rows];
        let sources = Sources::new(rows, activity, depth, self.threads, cancellation)?;
        let mut sums = [Deposits::new(&natural.rows)?, Deposits::new(&transposed.rows)?];
        let left = self.sweep_all(content.largest, sources.each_ref(), &mut sums, cancellation)?;
        let deposited = self.finish(&sums, out, cancellation)?;
        Ok(Balance {
            emitted: content.total * self.modes.energy_fraction,
            deposited,
            left,
        })
    }

    /// Sums of the activity; an error for the first voxel that is not finite.
    fn content(&self, activity: &[T], cancellation: &Cancellation<'_>) -> Result<Content> {
        let mut parts = memory::filled("sums of activity", Content::default(), activity.len().div_ceil(PIECE))?;
        let pieces = activity.chunks(PIECE).zip(self.density.chunks(PIECE)).zip(&mut parts);
        try_for_each(pieces, self.threads, cancellation, |((activity, density), part)| {
            for (activity, density) in activity.chunks(STRIP).zip(density.chunks(STRIP)) {
                if is_zero(activity) {
                    continue;
                }
                for (a, rho) in activity.iter().map(|a| a.to_f64()).zip(density) {
                    // A value that is not finite or too large makes the largest one infinite.
                    let size = if a.abs() <= T::LARGEST.to_f64() {
                        a.abs()
                    } else {
                        f64::INFINITY
                    };
                    part.largest = part.largest.max(size / rho.to_f64());
                    part.total += a;
                }
            }
            Ok(())
        })?;
        let content = parts.iter().fold(Content::default(), |all, part| Content {
            largest: all.largest.max(part.largest),
            total: all.total + part.total,
        });
        if content.largest < f64::INFINITY {
            return Ok(content);
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
                        deepest: self.deepest,
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

    /// The dose from the energy that the rays deposited and from the convolution in `out`.
    fn finish(&self, sums: &[Deposits<T>; 2], out: &mut [T], cancellation: &Cancellation<'_>) -> Result<f64> {
        let [natural, transposed] = self.media.each_ref().map(|medium| medium.rows);
        let natural_blend = &self.media[0].blend;
        let [_, nj, ni] = self.shape;
        let mut deposited = memory::filled("energy per plane", 0.0, self.shape[0])?;
        let planes = out.chunks_mut(nj * ni).zip(&mut deposited).enumerate();
        try_for_each(planes, self.threads, cancellation, |(k, (out, deposited))| {
            let along_j = sums[1].touched[k * ni..][..ni].iter().fold(0..0, |all, lanes| union(&all, lanes));
            for (j, out) in out.chunks_mut(ni).enumerate() {
                let row = k * nj + j;
                if sums[0].touched[row].is_empty() && !along_j.contains(&(j as u32)) && is_zero(out) {
                    continue;
                }
                let [first, column] = [natural.at(row), transposed.at(k * ni) + j];
                for (i, out) in out.iter_mut().enumerate() {
                    let by_rays =
                        sums[0].values[first + i].to_f64() + sums[1].values[column + i * transposed.stride()].to_f64();
                    let convolved = out.to_f64();
                    if by_rays == 0.0 && convolved == 0.0 {
                        continue;
                    }
                    let rho = self.density[row * ni + i].to_f64();
                    let share = natural_blend[first + i].to_f64();
                    let dose = convolved * share * self.reference_density_g_per_ml / rho
                        + self.gy_per_mbq_per_ml * by_rays / rho;
                    *deposited += dose * rho / self.gy_per_mbq_per_ml;
                    *out = T::from_f64(if rho < self.gas_density_g_per_ml { 0.0 } else { dose });
                }
            }
            Ok(())
        })?;
        Ok(deposited.iter().sum())
    }
}
