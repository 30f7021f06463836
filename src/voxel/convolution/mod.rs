//! Zero-padded "same" convolution of a voxel map with an even kernel: `out[n] = sum_d K[d] in[n - d]`.
//!
//! A [`ConvolutionPlan`] is made once per shape, kernel, element type and thread count, and shared freely. Each form of
//! the sum is a [`Form`] in its own file: [`definition`], what it means; [`direct`], folded, for short kernels;
//! [`fft_direct`] and [`fft2_direct`], with transforms along one and two axes, for longer ones. A call is one pass over
//! the input that finds its [`Support`], then the form. The result depends neither on the number of threads nor on who
//! else uses the plan.

mod complex;
mod definition;
mod direct;
mod fft2_direct;
mod fft_direct;
mod lane_fft;
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
use crate::simd::{Element, Path};

pub use octant::{Octant, SYMMETRY_TOLERANCE};
pub use selection::Selection;
pub use support::{Support, hull};
pub use workspace::{Buffer, Pool};

/// A way to compute the sum. All agree to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The direct sum in `f64`, without a trick: what the others are held against.
    Definition,
    /// Mirror images added first, then the direct sum: for short kernels.
    Direct,
    /// FFT along one axis, direct along the two others: for kernels of half size 4 to 8.
    FftDirect,
    /// FFT along two axes, direct along the slowest: for half sizes above 8.
    Fft2Direct,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Definition, Self::Direct, Self::FftDirect, Self::Fft2Direct];

    /// The name that [`Method::from_name`] knows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Direct => "direct",
            Self::FftDirect => "fft_direct",
            Self::Fft2Direct => "fft2_direct",
        }
    }

    /// By name; `None` for "auto", the choice of the cost model in [`ConvolutionPlan::new`].
    pub fn from_name(name: &str) -> Result<Option<Self>> {
        if name == "auto" {
            return Ok(None);
        }
        Self::ALL
            .into_iter()
            .find(|method| method.name() == name)
            .map(Some)
            .ok_or_else(|| Error::UnknownName {
                quantity: "convolution method".into(),
                name: name.into(),
                known: std::iter::once("auto").chain(Self::ALL.map(Self::name)).map(String::from).collect(),
            })
    }
}

impl Method {
    /// The cost model: nanoseconds per 64 bytes of map, on one core.
    ///
    /// Fitted to dense maps of 128 x 192 x 200 with kernels of half sizes 2 to 10 that are zero outside an ellipsoid, in
    /// `f32` and `f64` with AVX-512, and to one of 109 x 200 x 200 with half sizes 4, 3 and 3, where the direct sum is
    /// ahead. What counts is the order (crossovers between 3 and 4 and between 8 and 10); the times themselves may be
    /// off by a third. A map of zeros mostly scales all of them alike. A transform is longer than its axis by a half
    /// size, and computes one column at a time where there are fewer than lanes.
    fn cheapest(shape: [usize; 3], half: [usize; 3]) -> Self {
        let [hk, hj, hi] = half.map(|h| (h + 1) as f64);
        let padding = |axis: usize| 1.0 + half[axis] as f64 / shape[axis] as f64;
        let thin = if shape[2] < 16 { 16.0 } else { 1.0 };
        let mut costs = vec![(Self::Direct, 18.0 + 0.45 * hk * hj * hi)];
        if 2 * half[1] < fft_direct::LONGEST {
            costs.push((Self::FftDirect, thin * padding(1) * (43.0 + 0.6 * hk * hi)));
        }
        if 2 * half[1] < fft2_direct::LONGEST && shape[2] + half[2] <= fft2_direct::LONGEST {
            costs.push((Self::Fft2Direct, thin * padding(1) * padding(2) * (50.0 + 5.0 * hk)));
        }
        let cheapest = costs.into_iter().min_by(|a, b| a.1.total_cmp(&b.1));
        cheapest.map_or(Self::Direct, |(method, _)| method)
    }
}

/// What a [`Form`] computes from, besides its own tables.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a, T: Element> {
    /// The map, in C order, all of it finite.
    pub input: &'a [T],
    pub shape: [usize; 3],
    /// Where the map is not zero.
    pub support: &'a Support,
    /// The output is known to hold zeros already: what the kernel does not reach need not be written.
    pub out_is_zero: bool,
    pub threads: usize,
    pub path: Path,
    pub pool: &'a Pool<T>,
    /// To be asked every few milliseconds.
    pub cancellation: &'a Cancellation<'a>,
}

/// One form of the sum, with tables made for a shape and a kernel.
pub(crate) trait Form<T: Element>: Send + Sync {
    /// Scratch memory of one call in bytes, all threads together.
    fn workspace_bytes(&self, threads: usize) -> u64;

    /// Writes every voxel of `out` (only those that the kernel reaches, if `out_is_zero`). The bits must not depend on
    /// `threads`: divide the work the same way for any number of them.
    fn apply(&self, call: &Call<'_, T>, out: &mut [T]) -> Result<()>;
}

/// The convolution of maps of one shape and type with one kernel. Immutable; share it between threads.
pub struct ConvolutionPlan<T: Element> {
    shape: [usize; 3],
    octant: Octant,
    threads: usize,
    method: Method,
    path: Path,
    form: Box<dyn Form<T>>,
    pool: Pool<T>,
}

impl<T: Element> ConvolutionPlan<T> {
    /// Tables for maps of `shape`. `threads` is every processor unless given, `method` the cost model's choice.
    ///
    /// Errors where the shape is empty or too large to address, or a kernel value does not fit into `T`.
    pub fn new(shape: [usize; 3], kernel: &Octant, threads: Option<usize>, method: Option<Method>) -> Result<Self> {
        Self::with_path(shape, kernel, threads, method, Path::best())
    }

    /// [`ConvolutionPlan::new`] with the instruction set given, for tests and benchmarks.
    pub fn with_path(
        shape: [usize; 3],
        kernel: &Octant,
        threads: Option<usize>,
        method: Option<Method>,
        path: Path,
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
        let form: Box<dyn Form<T>> = match method {
            Method::Definition => Box::new(definition::Definition::new(octant.clone())),
            Method::Direct => Box::new(direct::Direct::new(shape, &octant, path)?),
            Method::FftDirect => Box::new(fft_direct::FftDirect::new(shape, &octant, path)?),
            Method::Fft2Direct => Box::new(fft2_direct::Fft2Direct::new(shape, &octant)?),
        };
        let threads = thread_count(threads)?;
        Ok(Self {
            shape,
            octant,
            threads,
            method,
            path,
            form,
            pool: Pool::default(),
        })
    }

    /// Shape of the maps.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }
    /// The kernel in C order and its shape, without what lies farther off than the maps are long.
    pub fn kernel(&self) -> Result<(Vec<f64>, [usize; 3])> {
        self.octant.whole()
    }
    /// How the sum is computed.
    pub fn method(&self) -> Method {
        self.method
    }
    /// Threads of one call.
    pub fn threads(&self) -> usize {
        self.threads
    }
    /// The instruction set.
    pub fn path(&self) -> Path {
        self.path
    }

    /// Bytes that one call takes besides its input and output: scratch memory, which the plan keeps for the next call,
    /// and the row supports. A mask or a threshold takes a copy of the map more.
    pub fn estimate_memory(&self) -> u64 {
        self.form.workspace_bytes(self.threads) + (self.shape[0] * self.shape[1] * size_of::<(u32, u32)>()) as u64
    }

    /// The plan that carries the variance of a map of independent voxels: its kernel is squared.
    pub fn variance_plan(&self) -> Result<Self> {
        Self::with_path(self.shape, &self.octant.squared(), Some(self.threads), Some(self.method), self.path)
    }

    /// Writes the convolution of `input` into `out`, both of the plan's shape in C order.
    ///
    /// Errors where a length is wrong, a voxel is NaN, infinite or above [`Element::LARGEST`], the memory
    /// does not suffice, or the caller cancels. After an error `out` holds anything.
    pub fn apply(
        &self,
        input: &[T],
        out: Output<'_, T>,
        selection: &Selection<'_>,
        cancellation: &Cancellation<'_>,
    ) -> Result<()> {
        self.run(input, out, selection, self.threads, cancellation)
    }

    /// [`ConvolutionPlan::apply`] for each pair, one map per thread and no threads within a map; the bits are the same.
    pub fn apply_many(&self, maps: Vec<(&[T], Output<'_, T>)>, cancellation: &Cancellation<'_>) -> Result<()> {
        try_for_each(maps, self.threads, cancellation, |(input, out)| {
            self.run(input, out, &Selection::default(), 1, cancellation)
        })
    }

    /// The convolution of `sum_k weights[k] maps[k]`, added in `f64` and convolved once.
    ///
    /// Errors as [`ConvolutionPlan::apply`] does, and where there is not one finite weight per map.
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
        // Lists of the rows that a form works on.
        memory::room("rows of the map", 96usize.saturating_mul(self.shape[0] * self.shape[1]))?;
        let support = Support::scan(input, self.shape, threads, self.path, cancellation)?;
        let call = Call {
            input,
            shape: self.shape,
            support: &support,
            out_is_zero: out.is_zero,
            threads,
            path: self.path,
            pool: &self.pool,
            cancellation,
        };
        self.form.apply(&call, out.voxels)
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

impl<T: Element> fmt::Debug for ConvolutionPlan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConvolutionPlan")
            .field("shape", &self.shape)
            .field("half", &self.octant.half())
            .field("threads", &self.threads)
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Where a result goes.
#[derive(Debug)]
pub struct Output<'a, T> {
    voxels: &'a mut [T],
    is_zero: bool,
}

impl<'a, T: Element> Output<'a, T> {
    /// Memory that holds anything.
    pub fn new(voxels: &'a mut [T]) -> Self {
        Self { voxels, is_zero: false }
    }

    /// Memory fresh from the system that is all zeros: its pages need not be touched where the result is zero.
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
                // The direct forms add nothing but zeros; a transform rounds.
                let rounds = matches!(method, Method::FftDirect | Method::Fft2Direct);
                let tolerance = if rounds { 1e-6 * 42.0 } else { 0.0 };
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
