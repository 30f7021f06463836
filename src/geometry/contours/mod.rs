//! Conversion of contours to voxel fractions: planar polygons become a stack of slabs, from which the fraction of each
//! voxel inside follows.
//!
//! [`Contours::new`] puts the contours in order (`sections.rs`, which reports defects; `edge_crossings.rs`), finds the
//! loops that belong together between planes (`loop_groups.rs`) and makes the sections in between (`between_planes.rs`,
//! `section_function.rs`, `marching_squares.rs`). The result (`slabs.rs`) has a volume that does not depend on a grid.
//! [`Contours::voxel_fractions`] converts it to any grid (`solid_on_grid.rs`, `pixel_areas.rs`), exactly if a grid axis
//! is parallel to the contours' normal.
//!
//! Work and memory are bounded: by the number of points for the cleaning, by a lattice of about 4000 points for each
//! section in between, by the grid's voxels for the rest.

mod between_planes;
mod edge_crossings;
mod findings;
mod lattice;
mod loop_groups;
mod marching_squares;
mod pixel_areas;
mod plane_axes;
mod polygon;
mod rules;
mod section_function;
mod sections;
mod slabs;
mod solid;
mod solid_on_grid;

pub use findings::Finding;
pub use rules::{ContourRules, EndCaps, Interpolation};

use self::findings::Findings;
use self::loop_groups::LoopGroups;
use self::solid::Solid;
use super::affine::Affine;
use super::grid::VoxelGrid;
use super::voxel_fractions::VoxelFractions;
use crate::error::{Error, Result, check};
use crate::parallel::Workers;

/// A structure made of parallel planar contours.
#[derive(Debug, Clone, PartialEq)]
pub struct Contours {
    solid: Solid,
    findings: Vec<Finding>,
}

impl Contours {
    /// From closed polygons, each a list of x, y, z in LPS mm, in any order. The result does not depend on the
    /// number of threads.
    ///
    /// Errors if no contour is usable, if all lie in one plane without a slice thickness, or if there are more than 20
    /// 000 contours or 4 000 000 points.
    pub fn new(contours: &[&[[f64; 3]]], rules: ContourRules, workers: &Workers<'_>) -> Result<Self> {
        let thickness = rules.slice_thickness_mm.map(|t| check::positive("slice thickness in mm", t)).transpose()?;
        let most = rules.maximum_gap_mm.map(|gap| check::positive("maximum gap in mm", gap)).transpose()?;
        let mut found = Findings::default();
        let Some((axes, sections)) = sections::sections(contours, &mut found, workers)? else {
            let defects: Vec<String> = found.summary().into_iter().map(|finding| finding.message).collect();
            return Err(Error::Undefined {
                quantity: "structure from contours".into(),
                reason: format!("no contour is usable. {}", defects.join(" ")).trim_end().into(),
            });
        };
        let Some(loop_groups) = LoopGroups::new(&sections, thickness, most, workers)? else {
            return Err(Error::Undefined {
                quantity: "volume of the contours".into(),
                reason: "they lie in one plane, so that the slice thickness must state their extent".into(),
            });
        };
        let slabs = slabs::slabs(&sections, &loop_groups, rules.end_caps, rules.interpolation, workers)?;
        let mut findings = found.summary();
        findings.extend(slabs::findings(&sections, &loop_groups));
        Ok(Self {
            solid: Solid::new(axes, slabs),
            findings,
        })
    }

    /// The structure's volume, computed without a grid.
    pub fn volume_ml(&self) -> f64 {
        self.solid.volume_mm3 * 1e-3
    }

    /// Defects of the contours, and their correction.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The share of each voxel of a grid that lies inside. The result does not depend on the number of threads.
    ///
    /// Errors if the grid is empty or memory does not suffice.
    pub fn voxel_fractions(&self, shape: [usize; 3], affine: &Affine, workers: &Workers<'_>) -> Result<VoxelFractions> {
        VoxelGrid::new(shape, [1.0; 3])?;
        if self.solid.slabs.is_empty() {
            return Ok(VoxelFractions::nothing(shape, 0.0));
        }
        solid_on_grid::voxel_fractions_of(&self.solid, shape, affine, workers)
    }

    /// A grid along the contours that holds the whole structure: shape (k, j, i) and affine. Voxels have the given size
    /// (k along the normal), or a larger one where there would be more than 2^24.
    pub fn grid(&self, voxel_size_mm: [f64; 3]) -> Result<([usize; 3], [[f64; 4]; 4])> {
        for size in voxel_size_mm {
            check::within("voxel size in mm", size, 1e-3, 1e3)?;
        }
        let (size, shape, first) = self.solid.own_grid(voxel_size_mm)?;
        Ok((shape, self.solid.axes.matrix(size, first)))
    }
}
