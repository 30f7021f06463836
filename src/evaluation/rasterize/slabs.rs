//! The structure as a stack of slabs: prisms over polygons, between two positions along the normal.

use super::finding::Finding;
use super::interpolate::{self, Level};
use super::planes::Section;
use super::polygon::{Loop, Point};
use super::stack::{Group, Spacing, groups};
use super::{EndCaps, Interpolation};
use crate::parallel;

/// Edges with the inside on their left; a hole's run the other way round.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slab {
    pub from: f64,
    pub to: f64,
    pub edges: Vec<(Point, Point)>,
}

impl Slab {
    pub fn volume(&self) -> f64 {
        let o = self.edges.first().map_or([0.0; 2], |edge| edge.0);
        let turn = |&(a, b): &(Point, Point)| (a[0] - o[0]) * (b[1] - o[1]) - (b[0] - o[0]) * (a[1] - o[1]);
        0.5 * self.edges.iter().map(turn).sum::<f64>() * (self.to - self.from)
    }
}

/// All slabs, in ascending order of the plane or gap that they belong to.
pub(super) fn slabs(
    sections: &[Section],
    spacing: &Spacing,
    caps: EndCaps,
    interpolation: Interpolation,
    threads: usize,
) -> Vec<Slab> {
    let linked: Vec<Vec<Group>> = parallel::map(spacing.gaps.len(), threads, |gap| {
        if spacing.bridged[gap] && interpolation == Interpolation::Shape {
            groups(&sections[gap].loops, &sections[gap + 1].loops)
        } else {
            Vec::new()
        }
    });
    let mut slabs = Vec::new();
    for (k, section) in sections.iter().enumerate() {
        for (n, l) in section.loops.iter().enumerate() {
            let below =
                reach(k.checked_sub(1), &linked, spacing, caps, interpolation, |group| group.upper.contains(&n));
            let above = reach(Some(k), &linked, spacing, caps, interpolation, |group| group.lower.contains(&n));
            if l.area > 0.0 && below + above > 0.0 {
                slabs.push(Slab {
                    from: section.position - below,
                    to: section.position + above,
                    edges: oriented(l.edges(), l.depth),
                });
            }
        }
    }
    let inside = parallel::map(spacing.gaps.len(), threads, |gap| {
        linked[gap]
            .iter()
            .flat_map(|group| grown(gap, group, sections, &linked, spacing))
            .collect::<Vec<_>>()
    });
    slabs.extend(inside.into_iter().flatten());
    slabs
}

/// How far the slab of a loop reaches into a gap (`None`: there is no plane beyond).
fn reach(
    gap: Option<usize>,
    linked: &[Vec<Group>],
    spacing: &Spacing,
    caps: EndCaps,
    interpolation: Interpolation,
    is_member: impl Fn(&Group) -> bool,
) -> f64 {
    let width = gap.and_then(|gap| spacing.gaps.get(gap).copied());
    if let (Some(gap), Some(width)) = (gap, width)
        && spacing.bridged[gap]
    {
        match interpolation {
            Interpolation::None => return 0.5 * width,
            Interpolation::Shape if linked[gap].iter().any(is_member) => {
                return 0.5 * width / interpolate::parts(width) as f64;
            }
            Interpolation::Shape => {}
        }
    }
    match caps {
        EndCaps::HalfSlice => spacing.cap(width),
        EndCaps::None => 0.0,
    }
}

/// The slabs of one group within a gap.
fn grown(gap: usize, group: &Group, sections: &[Section], linked: &[Vec<Group>], spacing: &Spacing) -> Vec<Slab> {
    let (lower, upper) = (Level::new(&sections[gap], &group.lower), Level::new(&sections[gap + 1], &group.upper));
    let depth = lower.loops[0].depth;
    let below = gap.checked_sub(1).and_then(|before| {
        let places = linked[before].iter().filter(|g| g.upper.iter().any(|n| group.lower.contains(n)));
        let places: Vec<usize> = places.flat_map(|g| g.lower.iter().copied()).collect();
        (!places.is_empty()).then(|| Level::new(&sections[before], &places))
    });
    let above = linked.get(gap + 1).and_then(|after| {
        let places = after.iter().filter(|g| g.lower.iter().any(|n| group.upper.contains(n)));
        let places: Vec<usize> = places.flat_map(|g| g.upper.iter().copied()).collect();
        (!places.is_empty()).then(|| Level::new(&sections[gap + 2], &places))
    });
    let half = 0.5 * spacing.gaps[gap] / interpolate::parts(spacing.gaps[gap]) as f64;
    interpolate::between(below.as_ref(), &lower, &upper, above.as_ref())
        .into_iter()
        .map(|(z, edges)| Slab {
            from: z - half,
            to: z + half,
            edges: oriented(edges.into_iter(), depth),
        })
        .collect()
}

fn oriented(edges: impl Iterator<Item = (Point, Point)>, depth: usize) -> Vec<(Point, Point)> {
    if depth.is_multiple_of(2) {
        edges.collect()
    } else {
        edges.map(|(a, b)| (b, a)).collect()
    }
}

/// Findings about the planes as a whole.
pub(super) fn findings(sections: &[Section], spacing: &Spacing) -> Vec<Finding> {
    let mut findings = spacing.findings();
    let marks = |l: &Loop| l.area == 0.0;
    if sections.iter().all(|section| section.loops.iter().all(marks)) {
        findings.push(Finding {
            code: "contours_without_area",
            message: "no contour encloses an area: the structure is empty.".into(),
            value: 0.0,
            limit: None,
        });
    }
    findings
}
