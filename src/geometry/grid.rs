//! Shape and voxel size of a regular grid, per array axis.

use crate::error::{Error, Result, check};

/// A regular voxel grid. `voxel_size_mm[i]` belongs to `shape[i]`, in array order (slowest axis first).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoxelGrid {
    shape: [usize; 3],
    voxel_size_mm: [f64; 3],
}

impl VoxelGrid {
    /// Errors if an axis is empty, the number of voxels overflows, or a voxel size is not finite and positive.
    pub fn new(shape: [usize; 3], voxel_size_mm: [f64; 3]) -> Result<Self> {
        let voxels = shape.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        if voxels.is_none_or(|n| n == 0 || n > isize::MAX as usize / 8) {
            return Err(Error::Shape {
                quantity: "voxel grid".into(),
                shape: shape.to_vec(),
                requirement: "non-empty and small enough to address".into(),
            });
        }
        for size in voxel_size_mm {
            check::positive("voxel size in mm", size)?;
        }
        Ok(Self { shape, voxel_size_mm })
    }

    /// Voxels per axis.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }
    /// Voxel size per axis in mm.
    pub fn voxel_size_mm(&self) -> [f64; 3] {
        self.voxel_size_mm
    }
    /// Number of voxels.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }
    /// False, because an empty grid is not valid.
    pub fn is_empty(&self) -> bool {
        false
    }
    /// Volume of one voxel in mL.
    pub fn voxel_volume_ml(&self) -> f64 {
        self.voxel_size_mm.iter().product::<f64>() * 1e-3
    }
}
