//! Arrays of inputs, broadcast against each other by NumPy's rules and read in short runs without being expanded.
//!
//! [`evaluate`] is the one loop: it cuts the results into spans for the workers and into runs for the cache, hands a
//! kernel its checked inputs, and compiles the kernel for each instruction set; the widest one is taken at run time.
//! Wider vectors round as narrow ones do, as long as a kernel sums nothing across elements and fuses nothing.

use pulp::Arch;

use crate::error::{Error, Result};
use crate::memory;
use crate::parallel::Workers;
pub use crate::planning::broadcast_view::Operand;
use crate::planning::broadcast_view::{View, multi_index};

/// Numbers of elements that one thread takes at a time, and that it holds in its cache at once.
const SPAN: usize = 16 * RUN;
const RUN: usize = 1024;

/// Policy for an element outside its domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// The call is an error that names the quantity, the value and the index.
    Raise,
    /// Values computed from it are NaN; all others are the same as without it.
    Nan,
}

/// A domain as a closed interval against which a loop tests many values, and the check that makes the error.
#[derive(Clone, Copy)]
pub(super) struct Domain {
    pub low: f64,
    pub high: f64,
    pub check: fn(f64) -> Result<f64>,
}

/// Settings of one evaluation.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The results' shape, which every input broadcasts to.
    pub shape: &'a [usize],
    /// Policy for an element outside its domain.
    pub invalid: Invalid,
    /// Threads that work on it.
    pub workers: &'a Workers<'a>,
}

/// An input in the results' shape, or with one more axis of `per_element` values, its last.
pub(super) struct Input<'a> {
    view: View<'a>,
    shape: Vec<usize>,
    per_element: usize,
    domain: Domain,
    invalid: Invalid,
}

impl<'a> Input<'a> {
    /// An input of one value for each element of the results.
    pub fn new(operand: Operand<'a>, domain: Domain, run: &Run<'_>) -> Result<Self> {
        check_broadcast(&operand, operand.shape, run.shape)?;
        Ok(Self::seen(operand, run.shape.to_vec(), 1, domain, run.invalid))
    }

    /// An input whose last axis, not broadcast against the results, has `per_element` values.
    pub fn with_last_axis(operand: Operand<'a>, per_element: usize, domain: Domain, run: &Run<'_>) -> Result<Self> {
        let (batch, last) = operand.split_last()?;
        check_broadcast(&operand, batch, run.shape)?;
        check_broadcast(&operand, &[last], &[per_element])?;
        let shape = [run.shape, &[per_element]].concat();
        Ok(Self::seen(operand, shape, per_element, domain, run.invalid))
    }

    fn seen(operand: Operand<'a>, shape: Vec<usize>, per_element: usize, domain: Domain, invalid: Invalid) -> Self {
        Self {
            view: View::new(operand, &shape),
            shape,
            per_element,
            domain,
            invalid,
        }
    }

    /// The elements from the flat index `start`, in place if they lie in a row and are all inside their domain.
    fn read<'b>(&'b self, arch: Arch, start: usize, buffer: &'b mut [f64], found: &mut usize) -> Result<&'b [f64]> {
        if let Some(values) = self.view.in_place(&self.shape, start, buffer.len())
            && self.are_inside(arch, values)
        {
            return Ok(values);
        }
        self.view.read(&self.shape, start, buffer);
        if !self.are_inside(arch, buffer) {
            *found += self.outside(start, buffer)?;
        }
        Ok(buffer)
    }

    fn are_inside(&self, arch: Arch, values: &[f64]) -> bool {
        let Domain { low, high, .. } = self.domain;
        let outside = arch.dispatch(
            #[inline(always)]
            || values.iter().fold(0_u64, |outside, x| outside | u64::from(!((*x >= low) & (*x <= high)))),
        );
        outside == 0
    }

    fn outside(&self, start: usize, values: &mut [f64]) -> Result<usize> {
        let mut found = 0;
        for (i, value) in values.iter_mut().enumerate() {
            match ((self.domain.check)(*value), self.invalid) {
                (Ok(_), _) => {}
                (Err(_), Invalid::Nan) => {
                    *value = f64::NAN;
                    found += 1;
                }
                (Err(error), Invalid::Raise) if self.view.is_constant() => return Err(error),
                (Err(error), Invalid::Raise) => return Err(at_index(error, &multi_index(&self.shape, start + i))),
            }
        }
        Ok(found)
    }
}

/// An array of results in C order, `per_element` values for each element.
#[derive(Debug)]
pub struct Output<'a> {
    /// Content.
    pub quantity: &'static str,
    /// Memory for the values.
    pub values: &'a mut [f64],
    /// Values for each element of the results' shape.
    pub per_element: usize,
}

/// Fills the outputs by a kernel that gets runs of elements of every input, checked, and of every output.
///
/// Returns the number of inputs outside their domain, which is 0 where they raise; an error is that of the first
/// element, on any number of threads.
pub(super) fn evaluate<const N: usize, const M: usize>(
    run: &Run<'_>,
    inputs: &[Input<'_>; N],
    outputs: [Output<'_>; M],
    kernel: impl Fn([&[f64]; N], [&mut [f64]; M]) + Sync,
) -> Result<usize> {
    for output in &outputs {
        check_length(output, run.shape)?;
    }
    let arch = Arch::new();
    let count: usize = run.shape.iter().product();
    let per_element = outputs.each_ref().map(|output| output.per_element);
    let mut chunks = outputs.map(|output| output.values.chunks_mut(SPAN * output.per_element));
    let spans = (0..count.div_ceil(SPAN)).map(|_| chunks.each_mut().map(|chunk| chunk.next().unwrap_or_default()));
    let mut found = memory::filled("results of the workers", Ok(0), count.div_ceil(SPAN))?;
    run.workers.for_each(found.iter_mut().zip(spans).enumerate(), |(span, (slot, outputs))| {
        *slot = evaluate_span(arch, span * SPAN, inputs, outputs, per_element, &kernel);
        Ok(())
    })?;
    found.into_iter().sum()
}

fn evaluate_span<const N: usize, const M: usize>(
    arch: Arch,
    mut start: usize,
    inputs: &[Input<'_>; N],
    mut outputs: [&mut [f64]; M],
    per_element: [usize; M],
    kernel: &impl Fn([&[f64]; N], [&mut [f64]; M]),
) -> Result<usize> {
    let mut found = 0;
    let mut buffers = inputs.each_ref().map(|_| Vec::new());
    for (buffer, input) in buffers.iter_mut().zip(inputs) {
        *buffer = memory::filled("array of the partition model", 0.0, RUN * input.per_element)?;
    }
    while outputs.iter().any(|output| !output.is_empty()) {
        let count = RUN.min(outputs[0].len() / per_element[0]);
        let mut read = [&[][..]; N];
        for ((read, input), buffer) in read.iter_mut().zip(inputs).zip(&mut buffers) {
            let per = input.per_element;
            *read = input.read(arch, start * per, &mut buffer[..count * per], &mut found)?;
        }
        let mut lengths = per_element.iter().map(|per| count * per);
        let now = outputs.each_mut().map(|output| {
            let (now, later) = std::mem::take(output).split_at_mut(lengths.next().unwrap_or_default());
            *output = later;
            now
        });
        arch.dispatch(
            #[inline(always)]
            || kernel(read, now),
        );
        start += count;
    }
    Ok(found)
}

fn check_broadcast(operand: &Operand<'_>, shape: &[usize], to: &[usize]) -> Result<()> {
    operand.check()?;
    let tail = to.len().checked_sub(shape.len()).map(|first| &to[first..]);
    if tail.is_some_and(|tail| shape.iter().zip(tail).all(|(n, of)| n == of || *n == 1)) {
        return Ok(());
    }
    Err(Error::Shape {
        quantity: operand.quantity.into(),
        shape: operand.shape.to_vec(),
        requirement: format!("of a shape that broadcasts to {to:?}"),
    })
}

fn check_length(output: &Output<'_>, shape: &[usize]) -> Result<()> {
    let count = shape.iter().chain([&output.per_element]).try_fold(1_usize, |count, &n| count.checked_mul(n));
    if count == Some(output.values.len()) {
        return Ok(());
    }
    Err(Error::Shape {
        quantity: format!("array for the {}", output.quantity),
        shape: vec![output.values.len()],
        requirement: format!("of the elements of {shape:?}, {} values each", output.per_element),
    })
}

fn at_index(mut error: Error, index: &[usize]) -> Error {
    if let Error::OutOfRange { quantity, .. } = &mut error {
        *quantity = format!("{quantity} at {index:?}");
    }
    error
}
