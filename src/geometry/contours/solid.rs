//! The solid that contours enclose: a stack of slabs in the axes of their planes.

use super::plane_axes::PlaneAxes;
use super::slabs::Slab;
use crate::error::Result;

/// Voxels of a grid along the contours, at most.
const MOST_VOXELS: f64 = 16_777_216.0;

/// Slabs in plane axes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Solid {
    pub axes: PlaneAxes,
    pub slabs: Vec<Slab>,
    /// Lowest and highest position along the normal, and along the two plane axes, mm.
    pub extent: [(f64, f64); 3],
    pub volume_mm3: f64,
}

impl Solid {
    pub fn new(axes: PlaneAxes, slabs: Vec<Slab>) -> Self {
        Self {
            axes,
            extent: extent(&slabs),
            volume_mm3: slabs.iter().map(Slab::volume).sum::<f64>().max(0.0),
            slabs,
        }
    }

    /// The middle along the normal, mm.
    pub fn middle(&self) -> f64 {
        0.5 * (self.extent[0].0 + self.extent[0].1)
    }

    /// A grid along the contours with voxels of at least the given size (n, v, u) that holds all of the structure: the
    /// voxel size used, the shape, and the first voxel's center.
    pub fn own_grid(&self, size: [f64; 3]) -> Result<([f64; 3], [usize; 3], [f64; 3])> {
        let extent = self.extent;
        let length = extent.map(|(low, high)| (high - low).max(1e-3));
        let voxels: f64 = (0..3).map(|a| length[a] / size[a]).product();
        let coarser = (voxels / MOST_VOXELS).cbrt().max(1.0);
        let size = size.map(|s| (s * coarser).clamp(1e-3, 1e3));
        let shape = [0, 1, 2].map(|a| ((length[a] / size[a]).ceil() as usize).clamp(1, 1 << 24));
        let first = [0, 1, 2].map(|a| 0.5 * (extent[a].0 + extent[a].1) - 0.5 * size[a] * (shape[a] - 1) as f64);
        Ok((size, shape, first))
    }
}

/// Extent of the slabs that have an area along (n, v, u); empty, at 0, if none has.
fn extent(slabs: &[Slab]) -> [(f64, f64); 3] {
    let mut extent = [(f64::INFINITY, f64::NEG_INFINITY); 3];
    let mut add = |a: usize, x: f64| extent[a] = (extent[a].0.min(x), extent[a].1.max(x));
    for slab in slabs.iter().filter(|slab| !slab.edges.is_empty()) {
        add(0, slab.from);
        add(0, slab.to);
        for (p, _) in &slab.edges {
            add(1, p[1]);
            add(2, p[0]);
        }
    }
    if extent[1].0.is_finite() {
        extent
    } else {
        [(0.0, 0.0); 3]
    }
}
