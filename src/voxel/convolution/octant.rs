//! A kernel that is even along each axis, stored as its octant.

use crate::error::{Error, Result};
use crate::memory;

/// Mirrored voxels may differ by this share of the largest one, because they come from a calculation that rounds. The
/// octant holds their mean.
pub const SYMMETRY_TOLERANCE: f64 = 1e-12;

/// Exchanged voxels may differ by this share of the largest one. One of them is then used for both.
const EXCHANGE_TOLERANCE: f64 = 4.0 * f64::EPSILON;

/// The octant `K[dk, dj, di]`, `0 <= d <= h`, of a kernel `K[|dk|, |dj|, |di|]`, in `f64`. Outer planes of zeros are
/// cut.
#[derive(Debug, Clone, PartialEq)]
pub struct Octant {
    half: [usize; 3],
    values: Vec<f64>,
}

impl Octant {
    /// Makes the octant from the whole kernel in C order.
    ///
    /// Returns an error unless the shape is odd, the values are finite, and the kernel is its own mirror image along
    /// each axis within [`SYMMETRY_TOLERANCE`].
    pub fn new(shape: [usize; 3], kernel: &[f64]) -> Result<Self> {
        let length = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        if shape.iter().any(|n| n % 2 == 0) || length != Some(kernel.len()) {
            return Err(Error::Shape {
                quantity: "kernel".into(),
                shape: shape.to_vec(),
                requirement: "odd along each axis".into(),
            });
        }
        if let Some(bad) = kernel.iter().find(|k| !k.is_finite()) {
            return Err(Error::out_of_range("kernel value", *bad, "finite"));
        }
        let largest = kernel.iter().fold(0.0f64, |m, k| m.max(k.abs()));
        let half = shape.map(|n| n / 2);
        let mut values = memory::reserved("convolution kernel", half.iter().map(|h| h + 1).product())?;
        for d in indices(half.map(|h| h + 1)) {
            let mirrored = std::array::from_fn::<f64, 8, _>(|m| {
                let at = |axis: usize| {
                    if m >> axis & 1 == 0 {
                        half[axis] + d[axis]
                    } else {
                        half[axis] - d[axis]
                    }
                };
                kernel[(at(0) * shape[1] + at(1)) * shape[2] + at(2)]
            });
            let first = mirrored[0];
            if let Some(other) = mirrored.iter().find(|k| (*k - first).abs() > SYMMETRY_TOLERANCE * largest) {
                return Err(Error::out_of_range(
                    format!("kernel value at offset {d:?} from the centre"),
                    first,
                    format!("equal to its mirror image, {other}"),
                ));
            }
            // Equal values must not change, and the mean of eight equal numbers is exact only without overflow.
            let equal = mirrored.iter().all(|k| *k == first);
            values.push(if equal {
                first
            } else {
                mirrored.iter().map(|k| k / 8.0).sum()
            });
        }
        Ok(Self { half, values }.cut())
    }

    /// Half sizes `h`; the kernel reaches from `-h` to `h`.
    pub fn half(&self) -> [usize; 3] {
        self.half
    }

    /// Number of voxels of the octant along each axis, `h + 1`.
    pub fn shape(&self) -> [usize; 3] {
        self.half.map(|h| h + 1)
    }

    /// The whole kernel in C order, with its shape.
    pub fn whole(&self) -> Result<(Vec<f64>, [usize; 3])> {
        let shape = self.half().map(|half| 2 * half + 1);
        let mut values = memory::reserved("convolution kernel", shape.iter().product())?;
        for d in indices(shape) {
            values.push(self.at([0, 1, 2].map(|axis| d[axis] as isize - (shape[axis] / 2) as isize)));
        }
        Ok((values, shape))
    }

    /// The octant in C order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The kernel at an offset from its center; zero outside the kernel.
    pub fn at(&self, offset: [isize; 3]) -> f64 {
        let d = offset.map(isize::unsigned_abs);
        let [_, m, n] = self.shape();
        if (0..3).any(|axis| d[axis] > self.half[axis]) {
            0.0
        } else {
            self.values[(d[0] * m + d[1]) * n + d[2]]
        }
    }

    /// The kernel with each value squared, which propagates the variance of independent voxels.
    pub fn squared(&self) -> Self {
        Self {
            half: self.half,
            values: self.values.iter().map(|k| k * k).collect(),
        }
        .cut()
    }

    /// Whether the first two axes can be exchanged, as they can if the voxels are isotropic in their plane.
    pub(super) fn exchange_first_two(&self) -> bool {
        let largest = self.values.iter().fold(0.0f64, |m, k| m.max(k.abs()));
        let swapped = |[a, b, c]: [usize; 3]| self.at([b, a, c].map(|d| d as isize));
        self.half[0] == self.half[1]
            && indices(self.shape())
                .zip(&self.values)
                .all(|(d, k)| (swapped(d) - k).abs() <= EXCHANGE_TOLERANCE * largest)
    }

    /// The octant cut to the offsets that occur within an array of this shape.
    pub(super) fn clipped(&self, shape: [usize; 3]) -> Self {
        self.shrunk(std::array::from_fn(|axis| self.half[axis].min(shape[axis].saturating_sub(1))))
    }

    /// The octant without outer planes of zeros.
    fn cut(&self) -> Self {
        let mut half = [0; 3];
        for (d, value) in indices(self.shape()).zip(&self.values) {
            if *value != 0.0 {
                half = std::array::from_fn(|axis| half[axis].max(d[axis]));
            }
        }
        self.shrunk(half)
    }

    fn shrunk(&self, half: [usize; 3]) -> Self {
        let values = indices(half.map(|h| h + 1)).map(|d| self.at(d.map(|d| d as isize))).collect();
        Self { half, values }
    }
}

fn indices([a, b, c]: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..a).flat_map(move |i| (0..b).flat_map(move |j| (0..c).map(move |k| [i, j, k])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asymmetric_kernel_says_where() {
        let mut kernel = vec![1.0; 3 * 5 * 7];
        kernel[0] = 2.0;
        let text = Octant::new([3, 5, 7], &kernel).unwrap_err().to_string();
        assert!(
            text.starts_with("kernel value at offset [1, 2, 3] from the centre must be equal to its mirror"),
            "{text}"
        );
        assert!(Octant::new([3, 5, 6], &[0.0; 90]).is_err());
        assert!(Octant::new([1, 1, 1], &[f64::NAN]).is_err());
    }

    #[test]
    fn outer_zeros_are_cut() {
        let mut kernel = vec![0.0; 5 * 5 * 5];
        for (at, value) in [(62, 3.0), (61, 1.0), (63, 1.0)] {
            kernel[at] = value;
        }
        let octant = Octant::new([5, 5, 5], &kernel).unwrap();
        assert_eq!((octant.half(), octant.values()), ([0, 0, 1], [3.0, 1.0].as_slice()));
        assert_eq!(octant.clipped([9, 9, 1]).half(), [0, 0, 0]);
    }
}
