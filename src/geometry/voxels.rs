//! Views of three-dimensional arrays: any memory order, any stride, no copy.

use std::ops::Range;

/// A three-dimensional array of `Element`s, axes (k, j, i).
pub trait Voxels: Sync {
    /// Value of a voxel.
    type Element: Copy + Send + Sync;

    /// Voxels per axis.
    fn shape(&self) -> [usize; 3];
    /// One voxel.
    fn get(&self, index: [usize; 3]) -> Self::Element;
    /// The row of voxels (k, j, ..), if it is contiguous in memory.
    fn row(&self, k: usize, j: usize) -> Option<&[Self::Element]>;

    /// Calls `visit(i, voxel)` for each `i` of `range` in the row (k, j, ..).
    fn visit(&self, k: usize, j: usize, range: Range<usize>, mut visit: impl FnMut(usize, Self::Element))
    where
        Self: Sized,
    {
        match self.row(k, j) {
            Some(row) => range.clone().zip(&row[range]).for_each(|(i, &voxel)| visit(i, voxel)),
            None => range.for_each(|i| visit(i, self.get([k, j, i]))),
        }
    }

    /// Whether the row (k, j, ..) is contiguous in memory and known to be 0 everywhere.
    fn is_blank(&self, k: usize, j: usize) -> bool
    where
        Self: Sized,
        Self::Element: Fraction,
    {
        self.row(k, j).is_some_and(|row| all_of(row, |value| value.is_zero()))
    }
}

/// Whether a condition holds for all; without an early exit inside a chunk, so that many voxels are compared at a time.
pub fn all_of<T: Copy>(row: &[T], holds: impl Fn(T) -> bool) -> bool {
    row.chunks(128).all(|chunk| chunk.iter().fold(true, |so_far, &value| so_far & holds(value)))
}

/// A slice in C order.
#[derive(Debug, Clone, Copy)]
pub struct Contiguous<'a, T> {
    data: &'a [T],
    shape: [usize; 3],
}

impl<'a, T> Contiguous<'a, T> {
    /// Errors if the slice does not have as many elements as the shape.
    pub fn new(data: &'a [T], shape: [usize; 3]) -> crate::Result<Self> {
        let voxels = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        if voxels != Some(data.len()) {
            return Err(crate::Error::Shape {
                quantity: "array".into(),
                shape: shape.to_vec(),
                requirement: format!("the shape of {} voxels", data.len()),
            });
        }
        Ok(Self { data, shape })
    }
}

impl<T: Copy + Send + Sync> Voxels for Contiguous<'_, T> {
    type Element = T;
    fn shape(&self) -> [usize; 3] {
        self.shape
    }
    fn get(&self, [k, j, i]: [usize; 3]) -> T {
        self.data[(k * self.shape[1] + j) * self.shape[2] + i]
    }
    fn row(&self, k: usize, j: usize) -> Option<&[T]> {
        let start = (k * self.shape[1] + j) * self.shape[2];
        Some(&self.data[start..start + self.shape[2]])
    }
}

/// A share of a voxel that belongs to a structure, as masks hold it.
pub trait Fraction: Copy + Send + Sync {
    /// The number; a valid one lies within [0, 1].
    fn fraction(self) -> f64;
    /// Whether it is 0.
    fn is_zero(self) -> bool;
}

impl Fraction for bool {
    fn fraction(self) -> f64 {
        f64::from(u8::from(self))
    }
    fn is_zero(self) -> bool {
        !self
    }
}

macro_rules! fraction {
    ($($number:ty),*) => { $(
        impl Fraction for $number {
            fn fraction(self) -> f64 {
                f64::from(self)
            }
            fn is_zero(self) -> bool {
                self == <$number>::default()
            }
        }
    )* };
}
fraction!(u8, f32, f64);
