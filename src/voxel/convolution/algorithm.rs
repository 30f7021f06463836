//! The interface of the algorithms that compute a convolution: one call, and the trait that each algorithm implements.

use super::support::Support;
use super::workspace::Pool;
use crate::error::Result;
use crate::parallel::Cancellation;
use crate::simd::{Float, InstructionSet};

/// The map of one call of an [`Algorithm`], and the resources for it.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a, T: Float> {
    /// The map in C order; every voxel is finite.
    pub input: &'a [T],
    pub shape: [usize; 3],
    /// Support of the map.
    pub support: &'a Support,
    /// The output holds zeros already: voxels that the kernel does not reach need not be written.
    pub out_is_zero: bool,
    pub threads: usize,
    pub instruction_set: InstructionSet,
    pub pool: &'a Pool<T>,
    /// To be checked every few milliseconds.
    pub cancellation: &'a Cancellation<'a>,
}

/// One way to compute the sum, with tables made for a shape and a kernel.
pub(crate) trait Algorithm<T: Float>: Send + Sync {
    /// Scratch memory of one call in bytes, for all threads together.
    fn workspace_bytes(&self, threads: usize) -> u64;

    /// Writes every voxel of `out`, or only those that the kernel reaches if `out_is_zero`. The bits must not depend on
    /// `threads`: the work is divided in the same way for any number of them.
    fn apply(&self, call: &Call<'_, T>, out: &mut [T]) -> Result<()>;
}
