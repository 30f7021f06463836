//! Zero-padded "same" convolution of a voxel map with an even kernel: `out[n] = sum_d K[d] in[n - d]`.
//!
//! A [`ConvolutionPlan`] is made once per shape, kernel, number type and thread count; threads may share it. A call
//! reads the input once to find its [`Support`], and then runs one [`algorithm::Algorithm`]:
//!
//! - [`definition`]: the sum as it is written above;
//! - [`direct`]: the sum over mirror images that are added first, for short kernels;
//! - [`fft_direct`]: a transform along axis 1 and a direct sum along the two others, for all longer kernels.
//!
//! The result depends neither on the number of threads nor on other users of the plan.

mod algorithm;
mod complex;
mod definition;
mod direct;
mod fft_direct;
mod lane_fft;
mod method;
mod octant;
mod overlap_save;
mod planes;
mod selection;
mod support;
mod taps;
mod workspace;

use std::fmt;

use crate::error::{Error, Result};
use crate::memory;
use crate::parallel::{Cancellation, thread_count, try_for_each};
use crate::simd::{Float, InstructionSet};

use algorithm::{Algorithm, Call};

pub use method::Method;
pub use octant::{Octant, SYMMETRY_TOLERANCE};
pub use selection::Selection;
pub use support::{Support, hull};
pub use workspace::{Buffer, Pool};

/// The convolution of maps of one shape and type with one kernel. Immutable; share it between threads.
pub struct ConvolutionPlan<T: Float> {
    shape: [usize; 3],
    octant: Octant,
    threads: usize,
    method: Method,
    instruction_set: InstructionSet,
    algorithm: Box<dyn Algorithm<T>>,
    pool: Pool<T>,
}

impl<T: Float> ConvolutionPlan<T> {
    /// Makes the tables for maps of `shape`. By default `threads` is the number of processors, and the cost model
    /// chooses the `method`.
    ///
    /// Returns an error if the shape is empty or too large to address, or if a kernel value does not fit into `T`.
    pub fn new(shape: [usize; 3], kernel: &Octant, threads: Option<usize>, method: Option<Method>) -> Result<Self> {
        Self::with_instruction_set(shape, kernel, threads, method, InstructionSet::best())
    }

    /// [`ConvolutionPlan::new`] with the instruction set given, for tests and benchmarks.
    pub fn with_instruction_set(
        shape: [usize; 3],
        kernel: &Octant,
        threads: Option<usize>,
        method: Option<Method>,
        instruction_set: InstructionSet,
    ) -> Result<Self> {
        let voxels = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        let addressable = voxels.is_some_and(|n| n > 0 && n <= isize::MAX as usize / size_of::<T>());
        if !addressable || shape.iter().any(|&n| u32::try_from(n).is_err()) {
            return Err(Error::Shape {
                quantity: "map".into(),
                shape: shape.to_vec(),
                requirement: "non-empty and small enough to address".into(),
            });
        }
        if let Some(bad) = kernel.values().iter().find(|k| !T::from_f64(**k).is_finite()) {
            return Err(Error::out_of_range("kernel value", *bad, format!("within the range of {}", T::NAME)));
        }
        // Copies of the kernel and the tables made from it.
        memory::room("convolution kernel", 128usize.saturating_mul(kernel.values().len()))?;
        let octant = kernel.clipped(shape);
        let method = method.unwrap_or_else(|| Method::cheapest(shape, octant.half()));
        let algorithm: Box<dyn Algorithm<T>> = match method {
            Method::Definition => Box::new(definition::Definition::new(octant.clone())),
            Method::Direct => Box::new(direct::Direct::new(shape, &octant, instruction_set)?),
            Method::FftDirect => Box::new(fft_direct::FftDirect::new(shape, &octant, instruction_set)?),
        };
        let threads = thread_count(threads)?;
        Ok(Self {
            shape,
            octant,
            threads,
            method,
            instruction_set,
            algorithm,
            pool: Pool::default(),
        })
    }

    /// Shape of the maps.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }
    /// The kernel in C order and its shape, cut to the offsets that occur within a map.
    pub fn kernel(&self) -> Result<(Vec<f64>, [usize; 3])> {
        self.octant.whole()
    }
    /// The algorithm in use.
    pub fn method(&self) -> Method {
        self.method
    }
    /// Threads of one call.
    pub fn threads(&self) -> usize {
        self.threads
    }
    /// The instruction set in use.
    pub fn instruction_set(&self) -> InstructionSet {
        self.instruction_set
    }

    /// Bytes that one call needs besides its input and output: scratch memory, which the plan keeps for the next call,
    /// and the row supports. A mask or a threshold needs a copy of the map in addition.
    pub fn estimate_memory(&self) -> u64 {
        self.algorithm.workspace_bytes(self.threads) + (self.shape[0] * self.shape[1] * size_of::<(u32, u32)>()) as u64
    }

    /// The plan that propagates the variance of independent voxels: its kernel is squared.
    pub fn variance_plan(&self) -> Result<Self> {
        Self::with_instruction_set(
            self.shape,
            &self.octant.squared(),
            Some(self.threads),
            Some(self.method),
            self.instruction_set,
        )
    }

    /// Writes the convolution of `input` into `out`, both of the plan's shape in C order.
    ///
    /// Returns an error if a length is wrong, a voxel is NaN, infinite or above [`Float::LARGEST`], the memory does not
    /// suffice, or the caller cancels. After an error the contents of `out` are unspecified.
    pub fn apply(
        &self,
        input: &[T],
        out: Output<'_, T>,
        selection: &Selection<'_>,
        cancellation: &Cancellation<'_>,
    ) -> Result<()> {
        self.run(input, out, selection, self.threads, cancellation)
    }

    /// Applies the plan to each pair, one map per thread. The bits equal those of [`ConvolutionPlan::apply`].
    pub fn apply_many(&self, maps: Vec<(&[T], Output<'_, T>)>, cancellation: &Cancellation<'_>) -> Result<()> {
        try_for_each(maps, self.threads, cancellation, |(input, out)| {
            self.run(input, out, &Selection::default(), 1, cancellation)
        })
    }

    /// Writes the convolution of `sum_k weights[k] maps[k]` into `out`. The maps are added in `f64` and convolved once.
    ///
    /// Returns the errors of [`ConvolutionPlan::apply`], and one if there is not exactly one finite weight per map.
    pub fn apply_combined(
        &self,
        maps: &[&[T]],
        weights: &[f64],
        out: Output<'_, T>,
        cancellation: &Cancellation<'_>,
    ) -> Result<()> {
        const PIECE: usize = 1 << 14;
        if maps.len() != weights.len() || maps.is_empty() {
            return Err(Error::Shape {
                quantity: "weights".into(),
                shape: vec![weights.len()],
                requirement: format!("one per map ({}), at least one", maps.len()),
            });
        }
        let voxels = self.shape.iter().product();
        maps.iter().try_for_each(|map| self.check_length("map", map.len(), voxels))?;
        if let Some(bad) = weights.iter().find(|w| !w.is_finite()) {
            return Err(Error::out_of_range("weight", *bad, "finite"));
        }
        let mut sum = self.pool.take(voxels)?;
        let pieces = sum.chunks_mut(PIECE).enumerate();
        try_for_each(pieces, self.threads, cancellation, |(piece, sum)| {
            let mut total = memory::filled("sum of the maps", 0.0, sum.len())?;
            for (map, weight) in maps.iter().zip(weights) {
                for (total, x) in total.iter_mut().zip(&map[piece * PIECE..]) {
                    *total += weight * x.to_f64();
                }
            }
            for (sum, total) in sum.iter_mut().zip(total) {
                *sum = T::from_f64(total);
            }
            Ok(())
        })?;
        self.run(&sum, out, &Selection::default(), self.threads, cancellation)
    }

    fn run(
        &self,
        input: &[T],
        out: Output<'_, T>,
        selection: &Selection<'_>,
        threads: usize,
        cancellation: &Cancellation<'_>,
    ) -> Result<()> {
        let voxels: usize = self.shape.iter().product();
        self.check_length("map", input.len(), voxels)?;
        self.check_length("output", out.voxels.len(), voxels)?;
        let kept = selection.kept(input, &self.pool, threads, cancellation)?;
        let input = kept.as_deref().unwrap_or(input);
        // Lists of the rows that an algorithm works on.
        memory::room("rows of the map", 96usize.saturating_mul(self.shape[0] * self.shape[1]))?;
        let support = Support::scan(input, self.shape, threads, self.instruction_set, cancellation)?;
        let call = Call {
            input,
            shape: self.shape,
            support: &support,
            out_is_zero: out.is_zero,
            threads,
            instruction_set: self.instruction_set,
            pool: &self.pool,
            cancellation,
        };
        self.algorithm.apply(&call, out.voxels)
    }

    fn check_length(&self, quantity: &str, length: usize, voxels: usize) -> Result<()> {
        if length == voxels {
            return Ok(());
        }
        Err(Error::Shape {
            quantity: quantity.into(),
            shape: vec![length],
            requirement: format!("of the plan's shape {:?}, {voxels} voxels", self.shape),
        })
    }
}

impl<T: Float> fmt::Debug for ConvolutionPlan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConvolutionPlan")
            .field("shape", &self.shape)
            .field("half", &self.octant.half())
            .field("threads", &self.threads)
            .field("method", &self.method)
            .field("instruction_set", &self.instruction_set)
            .finish_non_exhaustive()
    }
}

/// The memory that a result is written to.
#[derive(Debug)]
pub struct Output<'a, T> {
    voxels: &'a mut [T],
    is_zero: bool,
}

impl<'a, T: Float> Output<'a, T> {
    /// Memory with unspecified contents.
    pub fn new(voxels: &'a mut [T]) -> Self {
        Self { voxels, is_zero: false }
    }

    /// Memory that holds only zeros, fresh from the system. Pages on which the result is zero are not written.
    pub fn zeroed(voxels: &'a mut [T]) -> Self {
        Self { voxels, is_zero: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_source_reproduces_the_kernel() {
        let kernel: Vec<f64> = (0..3 * 5).map(|i| f64::from([1, 2, 1][i / 5] * [3, 5, 7, 5, 3][i % 5])).collect();
        let octant = Octant::new([1, 3, 5], &kernel).unwrap();
        for method in Method::ALL {
            let plan = ConvolutionPlan::<f32>::new([2, 4, 7], &octant, Some(3), Some(method)).unwrap();
            let (mut map, mut out) = (vec![0.0; 56], vec![9.0; 56]);
            map[28 + 7 + 2] = 2.0;
            plan.apply(&map, Output::new(&mut out), &Selection::default(), &Cancellation::never()).unwrap();
            for (at, value) in out.iter().enumerate() {
                let offset = [at / 28, at / 7 % 4, at % 7].map(|i| i as isize);
                let expected = 2.0 * octant.at([offset[0] - 1, offset[1] - 1, offset[2] - 2]);
                // The direct sums add only zeros to the value; a transform rounds.
                let tolerance = if method == Method::FftDirect { 1e-6 * 42.0 } else { 0.0 };
                assert!((f64::from(*value) - expected).abs() <= tolerance, "{method:?} {offset:?}");
            }
        }
    }

    #[test]
    fn the_first_value_that_is_not_finite_is_named() {
        let plan = ConvolutionPlan::<f64>::new([2, 3, 40], &Octant::new([1; 3], &[1.0]).unwrap(), None, None).unwrap();
        let mut map = vec![1.0; 240];
        (map[239], map[120 + 77]) = (f64::INFINITY, f64::NAN);
        let error = plan
            .apply(&map, Output::new(&mut [0.0; 240]), &Selection::default(), &Cancellation::never())
            .unwrap_err();
        assert!(error.to_string().starts_with("array value at (1, 1, 37) must be finite"), "{error}");
    }
}
