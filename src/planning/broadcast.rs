//! Arrays of inputs, broadcast against each other by NumPy's rules and read in short runs; nothing is ever expanded.

use crate::error::{Error, Result};

/// An array in C order, and what it holds.
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
    /// An error where the number of values is not the shape's.
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
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    values: &'a [f64],
    strides: Vec<usize>,
    access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Access {
    /// One value for every element.
    Constant,
    /// The values in the order of the elements, over and over.
    Periodic,
    Strided,
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
        let ones = operand.shape.iter().take_while(|&&length| length == 1).count();
        let access = if strides.iter().all(|&s| s == 0) {
            Access::Constant
        } else if operand.shape[ones..] == common[first + ones..] {
            Access::Periodic
        } else {
            Access::Strided
        };
        Self {
            values: operand.values,
            strides,
            access,
        }
    }

    /// The elements from the flat index `start` where they lie in a row.
    pub fn in_place(&self, start: usize, count: usize) -> Option<&'a [f64]> {
        if self.access != Access::Periodic {
            return None;
        }
        let start = start % self.values.len();
        self.values.get(start..start.checked_add(count)?)
    }

    /// Whether one value stands for every element.
    pub fn is_constant(&self) -> bool {
        self.access == Access::Constant
    }

    /// Fills `out` with the values at the flat indices `start..start + out.len()` of the common shape.
    pub fn read(&self, common: &[usize], start: usize, out: &mut [f64]) {
        match self.access {
            Access::Constant => out.fill(self.values[0]),
            Access::Periodic => {
                let mut from = start % self.values.len();
                for value in out {
                    *value = self.values[from];
                    from = if from + 1 == self.values.len() { 0 } else { from + 1 };
                }
            }
            Access::Strided => self.read_strided(common, start, out),
        }
    }

    fn read_strided(&self, common: &[usize], start: usize, out: &mut [f64]) {
        let inner = common.len() - 1;
        let (length, stride) = (common[inner], self.strides[inner]);
        let mut index = multi_index(common, start);
        let mut filled = 0;
        while filled < out.len() {
            let run = (length - index[inner]).min(out.len() - filled);
            let mut from = index.iter().zip(&self.strides).map(|(i, s)| i * s).sum::<usize>();
            for value in &mut out[filled..filled + run] {
                *value = self.values[from];
                from += stride;
            }
            filled += run;
            index[inner] += run;
            for axis in (1..=inner).rev() {
                if index[axis] == common[axis] {
                    index[axis] = 0;
                    index[axis - 1] += 1;
                }
            }
        }
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
                if let Some(in_place) = view.in_place(start, got.len()) {
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
