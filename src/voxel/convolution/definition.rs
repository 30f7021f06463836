//! The sum as it is defined: each output voxel is the sum of its neighbors, weighted by the kernel, in `f64`.
//!
//! All other algorithms are compared with this one. It takes one multiplication for each voxel that is not zero and
//! each kernel value, neither folded nor in blocks.

use super::algorithm::{Algorithm, Call};
use super::octant::Octant;
use crate::error::Result;
use crate::memory;
use crate::parallel::try_for_each;
use crate::simd::Float;

/// The sum as it is defined.
pub struct Definition {
    octant: Octant,
}

impl Definition {
    pub fn new(octant: Octant) -> Self {
        Self { octant }
    }
}

impl<T: Float> Algorithm<T> for Definition {
    fn workspace_bytes(&self, _threads: usize) -> u64 {
        0
    }

    fn apply(&self, call: &Call<'_, T>, out: &mut [T]) -> Result<()> {
        let [nk, nj, ni] = call.shape;
        let h = self.octant.half();
        try_for_each(out.chunks_mut(ni).enumerate(), call.threads, call.cancellation, |(row, out)| {
            let (k, j) = (row / nj, row % nj);
            let mut sum = memory::filled("row of the convolution", 0.0, ni)?;
            for kk in k.saturating_sub(h[0])..(k + h[0] + 1).min(nk) {
                for jj in j.saturating_sub(h[1])..(j + h[1] + 1).min(nj) {
                    let support = call.support.row(kk, jj);
                    let source = &call.input[(kk * nj + jj) * ni..][..ni];
                    for ii in support {
                        let x = source[ii].to_f64();
                        for (i, sum) in sum.iter_mut().enumerate().take(ii + h[2] + 1).skip(ii.saturating_sub(h[2])) {
                            let offset = [k.abs_diff(kk), j.abs_diff(jj), i.abs_diff(ii)];
                            *sum += x * self.octant.at(offset.map(|d| d as isize));
                        }
                    }
                }
                call.cancellation.check()?;
            }
            for (out, sum) in out.iter_mut().zip(sum) {
                *out = T::from_f64(sum);
            }
            Ok(())
        })
    }
}
