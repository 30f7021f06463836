//! Positions of reference points in the evaluated grid.

use crate::geometry::affine::{Affine, IndexMap};

/// Indices nearer to a whole number than this are rounded, because rounding errors must not move a point into another
/// cell.
const SNAP: f64 = 1e-6;
/// A reference point farther than this outside the outermost voxel centers is outside.
const OUTSIDE_MM: f64 = 1e-3;

/// The place of a reference point in the evaluated grid: cell and position in it, in voxels.
#[derive(Clone, Copy)]
pub struct Place {
    pub cell: [isize; 3],
    pub inside: [f64; 3],
    /// Distance to the hull of the voxel centers.
    pub outside_mm: f64,
}

impl Place {
    /// Whether the evaluated dose is known there.
    pub fn is_within(&self) -> bool {
        self.outside_mm <= OUTSIDE_MM
    }
}

/// Places reference points in the evaluated grid.
pub struct Placement {
    map: IndexMap,
    /// The index along each evaluated axis by the index along the reference axis that it follows.
    tables: Option<[(usize, Vec<f64>); 3]>,
    /// The voxel on which the first reference point lies, if all others lie on the following ones in the same order.
    centers: Option<[isize; 3]>,
    /// First and last cell along each evaluated axis in which a reference point lies.
    pub cells: [(isize, isize); 3],
    shape: [usize; 3],
    pub voxel_size_mm: [f64; 3],
}

impl Placement {
    pub fn new(reference_shape: [usize; 3], from: &Affine, shape: [usize; 3], to: &Affine) -> Self {
        let map = from.to_index_of(to);
        let tables = map.aligned_axes(reference_shape, SNAP).map(|axes| {
            [0, 1, 2].map(|a| {
                let index = |n: usize| snapped(map.linear[a][axes[a]] * n as f64 + map.offset[a]);
                (axes[a], (0..reference_shape[axes[a]]).map(index).collect())
            })
        });
        let centers = tables.as_ref().filter(|tables: &&[(usize, Vec<f64>); 3]| {
            tables.iter().enumerate().all(|(a, (axis, index))| {
                a == *axis
                    && index[0] == index[0].floor()
                    && index.iter().enumerate().all(|(n, x)| *x == index[0] + n as f64)
            })
        });
        // An affine map has its extremes at corners. One more cell allows for rounding.
        let corners = |n: usize| {
            [0, 1, 2].map(|a| {
                if n >> a & 1 == 1 {
                    (reference_shape[a] - 1) as f64
                } else {
                    0.0
                }
            })
        };
        let cells = [0, 1, 2].map(|a| {
            (0..8).map(|n| map.apply(corners(n))[a]).fold((isize::MAX, isize::MIN), |(first, last), index| {
                (first.min(index.floor() as isize - 1), last.max(index.floor() as isize + 1))
            })
        });
        Self {
            map,
            centers: centers.map(|tables| [0, 1, 2].map(|a| tables[a].1[0] as isize)),
            tables,
            cells,
            shape,
            voxel_size_mm: to.voxel_size_mm(),
        }
    }

    pub fn of(&self, point: [usize; 3]) -> Place {
        if let Some(start) = self.centers {
            let cell = [0, 1, 2].map(|a| start[a] + point[a] as isize);
            if (0..3).all(|a| 0 <= cell[a] && cell[a] < self.shape[a] as isize) {
                return Place {
                    cell,
                    inside: [0.0; 3],
                    outside_mm: 0.0,
                };
            }
        }
        let index = match &self.tables {
            Some(tables) => [0, 1, 2].map(|a| tables[a].1[point[tables[a].0]]),
            None => self.map.apply(point.map(|n| n as f64)).map(snapped),
        };
        let excess = |a: usize| (-index[a]).max(index[a] - (self.shape[a] - 1) as f64).max(0.0) * self.voxel_size_mm[a];
        let floor = index.map(f64::floor);
        Place {
            cell: floor.map(|x| x as isize),
            inside: [0, 1, 2].map(|a| index[a] - floor[a]),
            outside_mm: (excess(0).powi(2) + excess(1).powi(2) + excess(2).powi(2)).sqrt(),
        }
    }

    /// Start of the row (k, j, ..) in the evaluated grid, if all its points are voxel centers there, in order.
    pub fn row_of_centers(&self, [k, j]: [usize; 2]) -> Option<[isize; 3]> {
        let start = self.centers?;
        Some([start[0] + k as isize, start[1] + j as isize, start[2]])
    }

    /// Least and greatest position within a cell along an axis.
    pub fn positions(&self, axis: usize) -> (f64, f64) {
        self.tables.as_ref().map_or((0.0, 1.0), |tables| {
            let positions = tables[axis].1.iter().map(|x| x - x.floor());
            positions.fold((1.0, 0.0), |(low, high), x| (x.min(low), x.max(high)))
        })
    }
}

fn snapped(index: f64) -> f64 {
    let nearest = index.round();
    if (index - nearest).abs() < SNAP { nearest } else { index }
}
