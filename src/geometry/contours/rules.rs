//! Rules that convert contours to a solid, between their planes and beyond the ends.

use crate::error::{Error, Result};

/// Rule for the first and the last plane, and for a plane in which a part ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndCaps {
    /// The last contour continues for half a slice, because a contour on a slice represents the whole slice.
    HalfSlice,
    /// Nothing: the structure ends in its last plane.
    None,
}

/// Rule between two planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// Sections that change from one contour to the next; see `between_planes.rs`.
    Shape,
    /// Each contour without change, to the middle of the gap.
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

/// Rules by which contours are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ContourRules {
    /// At the ends.
    pub end_caps: EndCaps,
    /// Between planes.
    pub interpolation: Interpolation,
    /// Twice the height of an end cap in mm; the median spacing of the planes if not given.
    pub slice_thickness_mm: Option<f64>,
    /// Planes farther apart bound separate parts; 2.5 times the median spacing if not given.
    pub maximum_gap_mm: Option<f64>,
}
