//! Which loops of neighboring planes belong together, and where each ends.
//!
//! Loops of one depth (outlines, or holes) that touch in the two planes of a gap belong together and are interpolated as
//! one group; a loop without a partner ends there, with a cap like the ends of the whole. So lesions that appear, end,
//! split and merge need no special rule.

use super::finding::Finding;
use super::planes::Section;
use super::polygon::Loop;

/// Loops this close to each other, seen along the normal, belong together, mm: a tip may lie on the next outline.
const TOUCH_MM: f64 = 0.1;
/// Planes farther apart than this many times the usual spacing bound two separate parts: one plane may be missing.
const BRIDGED: f64 = 2.5;

/// The spacing of some planes.
#[derive(Debug, Clone)]
pub(super) struct Spacing {
    /// Between neighboring planes, mm.
    pub gaps: Vec<f64>,
    /// The usual one: the median, or the given slice thickness; `None` where there is one plane and no thickness.
    pub usual: Option<f64>,
    /// Gaps that are interpolated across.
    pub bridged: Vec<bool>,
}

impl Spacing {
    pub fn new(sections: &[Section], thickness_mm: Option<f64>, maximum_gap_mm: Option<f64>) -> Self {
        let gaps: Vec<f64> = sections.windows(2).map(|pair| pair[1].position - pair[0].position).collect();
        let mut sorted = gaps.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let median = sorted.get((sorted.len().max(1) - 1) / 2).copied();
        let most = maximum_gap_mm.or(median.map(|m| BRIDGED * m));
        Self {
            bridged: gaps.iter().map(|&gap| most.is_none_or(|most| gap <= most)).collect(),
            usual: thickness_mm.or(median),
            gaps,
        }
    }

    /// Half a slice, and never more than half of the gap that it reaches into.
    pub fn cap(&self, gap: Option<f64>) -> f64 {
        0.5 * gap.into_iter().chain(self.usual).fold(f64::INFINITY, f64::min)
    }

    pub fn findings(&self) -> Vec<Finding> {
        let usual = self.usual.unwrap_or(0.0);
        let across = |bridged: bool| self.gaps.iter().zip(&self.bridged).filter(move |g| *g.1 == bridged).map(|g| *g.0);
        let widest = across(true).fold(0.0, f64::max);
        let mut findings = Vec::new();
        if widest > 1.01 * usual {
            findings.push(Finding {
                code: "contour_spacing_irregular",
                message: format!(
                    "planes up to {widest:.3} mm apart were interpolated across; the usual spacing is {usual:.3} mm."
                ),
                value: widest,
                limit: Some(usual),
            });
        }
        let gaps = across(false).count();
        if gaps > 0 {
            let narrowest = across(false).fold(f64::INFINITY, f64::min);
            findings.push(Finding {
                code: "contour_gap",
                message: format!(
                    "the structure was taken as separate parts across {gaps} gaps of {narrowest:.3} mm or more; the usual spacing is {usual:.3} mm."
                ),
                value: gaps as f64,
                limit: None,
            });
        }
        findings
    }
}

/// Loops that belong together across a gap: places in the lower and in the upper section.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub lower: Vec<usize>,
    pub upper: Vec<usize>,
}

/// The groups across a gap that have loops on both sides.
pub(super) fn groups(lower: &[Loop], upper: &[Loop]) -> Vec<Group> {
    // A forest over both planes, the upper loops after the lower ones.
    let mut parent: Vec<usize> = (0..lower.len() + upper.len()).collect();
    fn root(parent: &mut [usize], mut n: usize) -> usize {
        while parent[n] != n {
            parent[n] = parent[parent[n]];
            n = parent[n];
        }
        n
    }
    for (p, below) in lower.iter().enumerate() {
        for (q, above) in upper.iter().enumerate() {
            let (a, b) = (root(&mut parent, p), root(&mut parent, lower.len() + q));
            if a != b && below.depth == above.depth && below.touches(above, TOUCH_MM) {
                parent[a.max(b)] = a.min(b);
            }
        }
    }
    let mut groups = vec![Group::default(); parent.len()];
    for n in 0..parent.len() {
        let group = &mut groups[root(&mut parent, n)];
        if n < lower.len() {
            group.lower.push(n);
        } else {
            group.upper.push(n - lower.len());
        }
    }
    groups.retain(|group| !group.lower.is_empty() && !group.upper.is_empty());
    groups
}
