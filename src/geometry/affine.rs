//! Affine of a grid: voxel index to LPS millimeters.

use crate::error::{Error, Result, check};

/// Largest cosine between two axes of a grid that still counts as a right angle.
const MAXIMUM_SHEAR: f64 = 1e-3;

/// An affine from array index (k, j, i) to LPS mm, known to be invertible and free of shear.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    /// `linear[r][a]`: mm along patient axis `r` per step along array axis `a`.
    linear: [[f64; 3]; 3],
    translation: [f64; 3],
}

impl Affine {
    /// From the 4 x 4 matrix that maps (i, j, k, 1) to (L, P, S, 1) mm.
    ///
    /// Errors if an entry is not finite or beyond 1 km, the last row is not (0, 0, 0, 1), a voxel is not 0.001 to
    /// 1000 mm long, or two axes are not at right angles within a cosine of 1e-3. Handedness is free.
    pub fn new(quantity: &str, matrix: [[f64; 4]; 4]) -> Result<Self> {
        let geometry = |reason: String| Error::Geometry {
            quantity: quantity.into(),
            reason,
        };
        for row in &matrix {
            for &value in row {
                check::within(&format!("entry of {quantity} in mm"), value, -1e6, 1e6)?;
            }
        }
        if matrix[3] != [0.0, 0.0, 0.0, 1.0] {
            return Err(geometry(format!("its last row must be (0, 0, 0, 1), got {:?}", matrix[3])));
        }
        let column = |axis: usize| [0, 1, 2].map(|r| matrix[r][2 - axis]);
        let size = [0, 1, 2].map(|axis| dot(column(axis), column(axis)).sqrt());
        if let Some(bad) = size.iter().find(|s| !(1e-3..=1e3).contains(*s)) {
            return Err(geometry(format!("it is singular: a voxel must be 0.001 to 1000 mm long, got {bad} mm")));
        }
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let cosine = dot(column(a), column(b)) / (size[a] * size[b]);
            if cosine.abs() > MAXIMUM_SHEAR {
                return Err(geometry(format!(
                    "it is sheared: its axes must be at right angles (|cosine| <= {MAXIMUM_SHEAR}), got {cosine:.4}"
                )));
            }
        }
        Ok(Self {
            linear: [0, 1, 2].map(|r| [0, 1, 2].map(|axis| column(axis)[r])),
            translation: [0, 1, 2].map(|r| matrix[r][3]),
        })
    }

    /// Voxel size per array axis.
    pub fn voxel_size_mm(&self) -> [f64; 3] {
        [0, 1, 2].map(|axis| {
            let column = [0, 1, 2].map(|r| self.linear[r][axis]);
            dot(column, column).sqrt()
        })
    }

    /// The map from this grid's array index to `other`'s array index.
    pub fn to_index_of(&self, other: &Self) -> IndexMap {
        let inverse = inverse(&other.linear);
        let offset = [0, 1, 2].map(|r| self.translation[r] - other.translation[r]);
        IndexMap {
            linear: [0, 1, 2].map(|a| [0, 1, 2].map(|b| dot(inverse[a], [0, 1, 2].map(|r| self.linear[r][b])))),
            offset: inverse.map(|row| dot(row, offset)),
        }
    }
}

/// `y = linear x + offset`, between the array indices of two grids.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndexMap {
    /// `linear[a][b]`: steps along axis `a` of the target per step along axis `b` of the source.
    pub linear: [[f64; 3]; 3],
    /// Position of the source's index (0, 0, 0).
    pub offset: [f64; 3],
}

impl IndexMap {
    /// Position of the source's (fractional) index in the target.
    pub fn apply(&self, x: [f64; 3]) -> [f64; 3] {
        [0, 1, 2].map(|a| dot(self.linear[a], x) + self.offset[a])
    }

    /// Volume of one source voxel in target voxels.
    pub fn volume_ratio(&self) -> f64 {
        determinant(&self.linear).abs()
    }

    /// For each target axis the source axis that it follows, if the two grids' axes are parallel up to a drift of
    /// `tolerance` target voxels over `extent` source voxels.
    pub fn aligned_axes(&self, extent: [usize; 3], tolerance: f64) -> Option<[usize; 3]> {
        let mut taken = [false; 3];
        let mut axes = [0; 3];
        for (a, row) in self.linear.iter().enumerate() {
            let along = (0..3).max_by(|&p, &q| row[p].abs().total_cmp(&row[q].abs()))?;
            let drift: f64 = (0..3).filter(|&b| b != along).map(|b| row[b].abs() * extent[b] as f64).sum();
            if taken[along] || drift > tolerance {
                return None;
            }
            taken[along] = true;
            axes[a] = along;
        }
        Some(axes)
    }
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

fn determinant(m: &[[f64; 3]; 3]) -> f64 {
    dot(m[0], cross(m[1], m[2]))
}

fn inverse(m: &[[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let scale = 1.0 / determinant(m);
    let columns = [cross(m[1], m[2]), cross(m[2], m[0]), cross(m[0], m[1])];
    [0, 1, 2].map(|a| [0, 1, 2].map(|b| columns[b][a] * scale))
}
