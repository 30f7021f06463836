//! A view of an array in a larger shape to which it broadcasts, read in short runs without being expanded.

use crate::error::{Error, Result};

/// An array in C order with the name of its quantity.
#[derive(Debug, Clone, Copy)]
pub struct Operand<'a> {
    /// The quantity by its name in the field, with its unit.
    pub quantity: &'static str,
    /// The values, `shape`'s product of them.
    pub values: &'a [f64],
    /// The array's shape.
    pub shape: &'a [usize],
}

impl Operand<'_> {
    /// An error if the number of values is not that of the shape.
    pub(super) fn check(&self) -> Result<()> {
        let count = self.shape.iter().try_fold(1_usize, |count, &n| count.checked_mul(n));
        if count == Some(self.values.len()) {
            return Ok(());
        }
        Err(Error::Shape {
            quantity: self.quantity.into(),
            shape: self.shape.to_vec(),
            requirement: format!("the shape of its {} values", self.values.len()),
        })
    }

    /// The shape with its last axis taken off, and that axis's length; an error for an array without axes.
    pub(super) fn split_last(&self) -> Result<(&[usize], usize)> {
        let (last, batch) = self.shape.split_last().ok_or_else(|| Error::Shape {
            quantity: self.quantity.into(),
            shape: self.shape.to_vec(),
            requirement: "of at least one axis, the last one over the tumors".into(),
        })?;
        Ok((batch, *last))
    }
}

/// An operand seen in the common shape, which it broadcasts to.
///
/// Along the flat index of that shape the operand's values come in runs: `period` values that lie in a row, over and over.
/// The start of a run depends only on the leading axes, whose strides are kept.
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    values: &'a [f64],
    strides: Vec<usize>,
    period: usize,
    run: usize,
}

impl<'a> View<'a> {
    pub fn new(operand: Operand<'a>, common: &[usize]) -> Self {
        let first = common.len() - operand.shape.len();
        let mut strides = vec![0; common.len()];
        let mut stride = 1;
        for (axis, &length) in operand.shape.iter().enumerate().rev() {
            if length != 1 {
                strides[first + axis] = stride;
            }
            stride *= length;
        }
        let (mut period, mut leading) = (1, common.len());
        while leading > 0 && (common[leading - 1] == 1 || strides[leading - 1] == period) {
            leading -= 1;
            period *= common[leading];
        }
        let mut run = period;
        while leading > 0 && (common[leading - 1] == 1 || strides[leading - 1] == 0) {
            leading -= 1;
            run *= common[leading];
        }
        strides.truncate(leading);
        Self {
            values: operand.values,
            strides,
            period,
            run,
        }
    }

    /// Whether one value stands for every element.
    pub fn is_constant(&self) -> bool {
        self.period == 1 && self.strides.is_empty()
    }

    /// The values of the run that holds the flat index, and how far into it the index is.
    fn run_at(&self, common: &[usize], start: usize) -> (&'a [f64], usize) {
        let leading = &common[..self.strides.len()];
        let index = multi_index(leading, start / self.run);
        let base: usize = index.iter().zip(&self.strides).map(|(i, s)| i * s).sum();
        (&self.values[base..base + self.period], start % self.run)
    }

    /// The elements from the flat index `start`, if they lie in a row.
    pub fn in_place(&self, common: &[usize], start: usize, count: usize) -> Option<&'a [f64]> {
        let (values, at) = self.run_at(common, start);
        let from = at % self.period;
        values.get(from..from.checked_add(count)?)
    }

    /// Fills `out` with the values at the flat indices `start..start + out.len()` of the common shape.
    pub fn read(&self, common: &[usize], mut start: usize, mut out: &mut [f64]) {
        while !out.is_empty() {
            let (values, at) = self.run_at(common, start);
            let (now, later) = out.split_at_mut((self.run - at).min(out.len()));
            start += now.len();
            repeat(values, at % self.period, now);
            out = later;
        }
    }
}

/// Fills `out` with the values over and over, starting from the one at `from`.
fn repeat(values: &[f64], from: usize, out: &mut [f64]) {
    if let [value] = values {
        return out.fill(*value);
    }
    let (rest_of_one, out) = out.split_at_mut((values.len() - from).min(out.len()));
    rest_of_one.copy_from_slice(&values[from..from + rest_of_one.len()]);
    let mut filled = values.len().min(out.len());
    out[..filled].copy_from_slice(&values[..filled]);
    // The filled part is copied behind itself, because a short period would need many short copies.
    while filled < out.len() {
        let more = filled.min(out.len() - filled);
        out.copy_within(..more, filled);
        filled += more;
    }
}

/// The index along each axis of a flat index in C order.
pub(super) fn multi_index(shape: &[usize], mut flat: usize) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for axis in (0..shape.len()).rev() {
        index[axis] = flat % shape[axis];
        flat /= shape[axis];
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operand<'a>(values: &'a [f64], shape: &'a [usize]) -> Operand<'a> {
        Operand {
            quantity: "x",
            values,
            shape,
        }
    }

    #[test]
    fn a_view_reads_what_its_definition_says_from_every_start() {
        let values: Vec<f64> = (0..60).map(f64::from).collect();
        let common = [3, 4, 5];
        for shape in [
            vec![],
            vec![5],
            vec![4, 1],
            vec![3, 1, 5],
            vec![1, 4, 5],
            vec![3, 4, 5],
            vec![3, 1, 1],
        ] {
            let count = shape.iter().product();
            let view = View::new(operand(&values[..count], &shape), &common);
            for start in 0..60 {
                let mut got = vec![f64::NAN; (60 - start).min(17)];
                view.read(&common, start, &mut got);
                if let Some(in_place) = view.in_place(&common, start, got.len()) {
                    assert_eq!(in_place, got);
                }
                for (k, value) in got.iter().enumerate() {
                    let index = multi_index(&common, start + k);
                    let tail = &index[3 - shape.len()..];
                    let flat = tail.iter().zip(&shape).fold(0, |sum, (i, n)| sum * n + if *n == 1 { 0 } else { *i });
                    assert_eq!(*value, values[flat], "{shape:?} {start} {k}");
                }
            }
        }
    }
}
