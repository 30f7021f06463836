//! The common direction of parallel contours, and the plane coordinates that go with it.

use super::polygon::Point;
use crate::error::Result;
use crate::geometry::Affine;

pub(super) type Vector = [f64; 3];

/// Direction cosines closer to an axis than this are the axis.
const SNAP: f64 = 1e-7;

/// Plane axes `u`, `v` and the normal `n`: orthonormal, right-handed, LPS mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PlaneAxes {
    u: Vector,
    v: Vector,
    n: Vector,
}

impl PlaneAxes {
    /// Axes whose normal is the given direction (not zero) or its opposite.
    pub fn across(normal: Vector) -> Self {
        let mut n = unit(normal);
        let main = (0..3).fold(0, |best, a| if n[a].abs() > n[best].abs() { a } else { best });
        if n[main] < 0.0 {
            n = n.map(|x| -x);
        }
        if (0..3).all(|a| a == main || n[a].abs() < SNAP) {
            n = [0, 1, 2].map(|a| f64::from(u8::from(a == main)));
        }
        let first = usize::from(main == 0);
        let along = n[first];
        let u = unit([0, 1, 2].map(|a| f64::from(u8::from(a == first)) - along * n[a]));
        Self { u, v: cross(n, u), n }
    }

    /// Plane coordinates, and the position along the normal.
    pub fn project(&self, p: Vector) -> (Point, f64) {
        ([dot(self.u, p), dot(self.v, p)], dot(self.n, p))
    }

    /// The grid of 1 mm voxels whose index (k, j, i) is (n, v, u).
    pub fn affine(&self) -> Result<Affine> {
        self.grid([1.0; 3], [0.0; 3])
    }

    /// The grid with axes (n, v, u), its voxel sizes, and the center of its first voxel in these coordinates.
    pub fn grid(&self, size: Vector, first: Vector) -> Result<Affine> {
        Affine::new("affine of contours", self.matrix(size, first))
    }

    pub fn matrix(&self, size: Vector, first: Vector) -> [[f64; 4]; 4] {
        let axes = [self.n, self.v, self.u];
        let mut matrix = [[0.0; 4]; 4];
        for r in 0..3 {
            for a in 0..3 {
                matrix[r][2 - a] = axes[a][r] * size[a];
                matrix[r][3] += axes[a][r] * first[a];
            }
        }
        matrix[3][3] = 1.0;
        matrix
    }
}

pub(super) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: Vector, b: Vector) -> Vector {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub(super) fn length(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

fn unit(a: Vector) -> Vector {
    let size = length(a);
    a.map(|x| x / size)
}
