//! Contours to occupancy: planar polygons become a stack of slabs, and each voxel gets the share of its volume inside.
//!
//! [`Contours::new`] puts the contours in order (`planes.rs`: what is wrong is reported; `crossing.rs`), finds what
//! belongs together between planes (`stack.rs`) and makes the sections in between (`interpolate.rs`, `field.rs`,
//! `level_set.rs`). What results (`slabs.rs`) has a volume of its own, whatever the grid; [`Contours::occupancy`] brings
//! it onto any grid (`onto_grid.rs`, `coverage.rs`), exactly where a grid axis runs along the contours' normal.
//!
//! Work and memory are bounded: by the number of points for the cleaning, by a lattice of about 4000 points for each
//! section in between, by the grid's voxels for the rest.

mod coverage;
mod crossing;
mod field;
mod finding;
mod frame;
mod interpolate;
mod level_set;
mod onto_grid;
mod planes;
mod polygon;
mod slabs;
mod stack;

pub use finding::Finding;

use self::finding::Findings;
use self::frame::Frame;
use self::slabs::Slab;
use self::stack::Stack;
use super::affine::Affine;
use super::occupancy::Occupancy;
use crate::error::{Error, Result, check};
use crate::grid::VoxelGrid;
use crate::parallel::Workers;

/// What lies beyond the first and the last plane, and beyond a plane in which a part ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndCaps {
    /// The last contour goes on for half a slice: what a contour drawn on a slice stands for.
    HalfSlice,
    /// Nothing: the structure ends in its last plane.
    None,
}

/// What lies between two planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// Sections that change from one contour to the next; see `interpolate.rs`.
    Shape,
    /// Each contour as it is, to the middle of the gap.
    None,
}

macro_rules! named {
    ($kind:ty, $quantity:literal, $($name:literal => $value:expr),*) => {
        impl $kind {
            /// By its name.
            pub fn from_name(name: &str) -> Result<Self> {
                match name {
                    $($name => Ok($value),)*
                    _ => Err(Error::UnknownName {
                        quantity: $quantity.into(),
                        name: name.into(),
                        known: vec![$($name.into()),*],
                    }),
                }
            }
        }
    };
}
named!(EndCaps, "end_caps", "half_slice" => Self::HalfSlice, "none" => Self::None);
named!(Interpolation, "interpolation", "shape" => Self::Shape, "none" => Self::None);

/// How contours are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// At the ends.
    pub end_caps: EndCaps,
    /// Between planes.
    pub interpolation: Interpolation,
    /// Twice the height of an end cap in mm; the median spacing of the planes where not given.
    pub slice_thickness_mm: Option<f64>,
    /// Planes farther apart bound separate parts; 2.5 times the median spacing where not given.
    pub maximum_gap_mm: Option<f64>,
}

/// A structure made of parallel planar contours.
#[derive(Debug, Clone, PartialEq)]
pub struct Contours {
    frame: Frame,
    slabs: Vec<Slab>,
    extent: [(f64, f64); 3],
    volume_mm3: f64,
    findings: Vec<Finding>,
}

impl Contours {
    /// From closed polygons, each a list of x, y, z in LPS mm, in any order. The result does not depend on the
    /// number of threads.
    ///
    /// Errors where no contour is usable, where all lie in one plane and no slice thickness says how far they reach, and
    /// where there are more than 20 000 contours or 4 000 000 points.
    pub fn new(contours: &[&[[f64; 3]]], reading: Reading, workers: &Workers<'_>) -> Result<Self> {
        let thickness = reading.slice_thickness_mm.map(|t| check::positive("slice thickness in mm", t)).transpose()?;
        let most = reading.maximum_gap_mm.map(|gap| check::positive("maximum gap in mm", gap)).transpose()?;
        let mut found = Findings::default();
        let Some((frame, sections)) = planes::sections(contours, &mut found, workers)? else {
            let defects: Vec<String> = found.summary().into_iter().map(|finding| finding.message).collect();
            return Err(Error::Undefined {
                quantity: "structure from contours".into(),
                reason: format!("no contour is usable. {}", defects.join(" ")).trim_end().into(),
            });
        };
        let Some(stack) = Stack::new(&sections, thickness, most, workers)? else {
            return Err(Error::Undefined {
                quantity: "volume of the contours".into(),
                reason: "they lie in one plane; the slice thickness says how far they reach".into(),
            });
        };
        let slabs = slabs::slabs(&sections, &stack, reading.end_caps, reading.interpolation, workers)?;
        let mut findings = found.summary();
        findings.extend(slabs::findings(&sections, &stack));
        Ok(Self {
            frame,
            extent: onto_grid::extent(&slabs),
            volume_mm3: slabs.iter().map(Slab::volume).sum::<f64>().max(0.0),
            slabs,
            findings,
        })
    }

    /// The structure's own volume, on no grid.
    pub fn volume_ml(&self) -> f64 {
        self.volume_mm3 * 1e-3
    }

    /// What was wrong with the contours, and what was done about it.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The share of each voxel of a grid that lies inside. The result does not depend on the number of threads.
    ///
    /// Errors where the grid is empty or memory does not suffice.
    pub fn occupancy(&self, shape: [usize; 3], affine: &Affine, workers: &Workers<'_>) -> Result<Occupancy> {
        VoxelGrid::new(shape, [1.0; 3])?;
        if self.slabs.is_empty() {
            return Ok(Occupancy::nothing(shape, 0.0));
        }
        onto_grid::onto(self, shape, affine, workers)
    }

    /// A grid along the contours that holds the whole structure: shape (k, j, i) and affine. Voxels have the given size
    /// (k along the normal), or a larger one where there would be more than 2^24.
    pub fn grid(&self, voxel_size_mm: [f64; 3]) -> Result<([usize; 3], [[f64; 4]; 4])> {
        for size in voxel_size_mm {
            check::within("voxel size in mm", size, 1e-3, 1e3)?;
        }
        let (size, shape, first) = self.own_grid(voxel_size_mm)?;
        Ok((shape, self.frame.matrix(size, first)))
    }

    /// Lowest and highest position along the normal, and along the two plane axes, mm.
    fn extent(&self) -> [(f64, f64); 3] {
        self.extent
    }

    fn middle(&self) -> f64 {
        0.5 * (self.extent[0].0 + self.extent[0].1)
    }
}
