//! Selection of the voxels of a map that count. A reconstruction is never exactly zero outside the liver, and only the
//! caller can state which of its voxels to ignore.

use super::workspace::{Buffer, Pool};
use crate::error::{Error, Result};
use crate::parallel::{Cancellation, try_for_each};
use crate::simd::Float;

/// Voxels to keep; the others are taken as zero. The default keeps all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// Voxels are kept if this is not zero. In C order, of the map's shape.
    pub mask: Option<&'a [u8]>,
    /// Values `>= threshold` are kept. NaN is kept too, so that it is refused later.
    pub threshold: Option<f64>,
}

impl Selection<'_> {
    /// The map with zeros instead of voxels that are not kept; `None` if all are kept.
    pub(super) fn kept<'p, T: Float>(
        &self,
        input: &[T],
        pool: &'p Pool<T>,
        threads: usize,
        cancellation: &Cancellation<'_>,
    ) -> Result<Option<Buffer<'p, T>>> {
        const PIECE: usize = 1 << 16;
        if self.mask.is_some_and(|mask| mask.len() != input.len()) {
            return Err(Error::Shape {
                quantity: "mask".into(),
                shape: vec![self.mask.map_or(0, <[u8]>::len)],
                requirement: format!("of the map's {} voxels", input.len()),
            });
        }
        if let Some(threshold) = self.threshold.filter(|t| !t.is_finite()) {
            return Err(Error::out_of_range("threshold", threshold, "finite"));
        }
        if self.mask.is_none() && self.threshold.is_none() {
            return Ok(None);
        }
        let mut kept = pool.take(input.len())?;
        let below = |x: T| self.threshold.is_some_and(|threshold| x.to_f64() < threshold);
        let items = kept.chunks_mut(PIECE).zip(input.chunks(PIECE)).enumerate();
        try_for_each(items, threads, cancellation, |(piece, (kept, input))| {
            for (kept, x) in kept.iter_mut().zip(input) {
                *kept = if below(*x) { T::ZERO } else { *x };
            }
            if let Some(mask) = self.mask {
                for (kept, keep) in kept.iter_mut().zip(&mask[piece * PIECE..]) {
                    if *keep == 0 {
                        *kept = T::ZERO;
                    }
                }
            }
            Ok(())
        })?;
        Ok(Some(kept))
    }
}
