//! Defects of contours and their correction, counted by kind.

/// One kind of defect that some contours have.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Stable and machine-readable, e.g. "contour_not_planar".
    pub code: &'static str,
    /// One plain sentence.
    pub message: String,
    /// Number of contours (or planes, or gaps), or the length in mm that the message names.
    pub value: f64,
    /// Limit that it was compared with, in the unit of the message.
    pub limit: Option<f64>,
}

/// The kinds of defect of single contours, in the order in which they are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Defect {
    TooFewPoints,
    NotFinite,
    NotPlanar,
    NotParallel,
    Duplicate,
    Tangled,
    ZeroArea,
    SelfCrossing,
    Overlap,
}

impl Defect {
    fn code(self) -> &'static str {
        match self {
            Self::TooFewPoints => "contour_too_few_points",
            Self::NotFinite => "contour_not_finite",
            Self::NotPlanar => "contour_not_planar",
            Self::NotParallel => "contour_not_parallel",
            Self::Duplicate => "contour_duplicate",
            Self::Tangled => "contour_tangled",
            Self::ZeroArea => "contour_zero_area",
            Self::SelfCrossing => "contour_self_crossing",
            Self::Overlap => "contours_overlap",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::TooFewPoints => "with fewer than 3 points, left out",
            Self::NotFinite => "with a point that is not finite or beyond 1 km, left out",
            Self::NotPlanar => "not in one plane within 0.1 mm, left out",
            Self::NotParallel => "in a plane not parallel to the others, left out",
            Self::Duplicate => "twice in one plane, counted once",
            Self::Tangled => "crossing themselves or each other too often to be resolved, left out",
            Self::ZeroArea => "without area, kept as the end of the structure",
            Self::SelfCrossing => "crossing themselves, read by the even-odd rule",
            Self::Overlap => "crossing another in the same plane, read by the even-odd rule",
        }
    }
}

/// The defects found so far, each with the number of the contour that has it.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<(Defect, usize)>);

impl Findings {
    pub fn add(&mut self, defect: Defect, contour: usize) {
        self.0.push((defect, contour));
    }

    /// One finding per kind.
    pub fn summary(mut self) -> Vec<Finding> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
            .chunk_by(|a, b| a.0 == b.0)
            .map(|same| {
                let (defect, first) = same[0];
                let noun = if same.len() == 1 { "contour" } else { "contours" };
                let message = format!("{} {noun} {}; the first is contour {first}.", same.len(), defect.text());
                Finding {
                    code: defect.code(),
                    message,
                    value: same.len() as f64,
                    limit: None,
                }
            })
            .collect()
    }
}
