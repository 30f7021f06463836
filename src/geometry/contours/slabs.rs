//! The structure as a stack of slabs: prisms over polygons, between two positions along the normal.

use std::collections::BTreeSet;

use super::between_planes::{self, PlaneLoops, SectionBetween};
use super::findings::Finding;
use super::loop_groups::{Ends, Group, LoopGroups, Side};
use super::polygon::{Loop, Point};
use super::rules::{EndCaps, Interpolation};
use super::sections::Section;
use crate::error::Result;
use crate::memory;
use crate::parallel::Workers;

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

/// All slabs: those of the planes first, then those between them.
pub(super) fn slabs(
    sections: &[Section],
    loop_groups: &LoopGroups,
    caps: EndCaps,
    interpolation: Interpolation,
    workers: &Workers<'_>,
) -> Result<Vec<Slab>> {
    let mut slabs = Vec::new();
    for (k, section) in sections.iter().enumerate() {
        for (n, l) in section.loops.iter().enumerate() {
            workers.check()?;
            let (below, above) = reaches(section, &loop_groups.ends[k], n, loop_groups, caps, interpolation);
            if l.area > 0.0 && below + above > 0.0 {
                slabs.push(Slab {
                    from: section.position - below,
                    to: section.position + above,
                    edges: oriented(l.edges(), l.depth)?,
                });
            }
        }
    }
    if interpolation == Interpolation::Shape {
        let inside = workers
            .map(loop_groups.groups.len(), |g| slabs_between(&loop_groups.groups[g], sections, loop_groups, workers))?;
        slabs.extend(inside.into_iter().flatten());
    }
    Ok(slabs)
}

/// Reach of the slab of loop `n` of a plane below and above it.
fn reaches(
    section: &Section,
    ends: &[Ends],
    n: usize,
    loop_groups: &LoopGroups,
    caps: EndCaps,
    interpolation: Interpolation,
) -> (f64, f64) {
    // The slabs of a plane follow its contours, so that a hole reaches as far as the outline around it.
    let of = match interpolation {
        Interpolation::None => outline_of(section, n),
        Interpolation::Shape => n,
    };
    let Ends { below, above, usual } = ends[of];
    let reach = |side: Side| {
        let cap = 0.5 * side.near.into_iter().fold(usual, f64::min);
        match (side.group.map(|g| loop_groups.groups[g].width), interpolation) {
            (Some(width), Interpolation::None) => 0.5 * width,
            (Some(width), Interpolation::Shape) => 0.5 * width / between_planes::steps_across(width) as f64,
            (None, Interpolation::None) if side.followed => cap,
            (None, _) if caps == EndCaps::HalfSlice => cap,
            (None, _) => 0.0,
        }
    };
    (reach(below), reach(above))
}

/// The smallest outline around a hole; the loop itself if it is an outline.
fn outline_of(section: &Section, n: usize) -> usize {
    let of = &section.loops[n];
    let around = |l: &Loop| l.depth + 1 == of.depth && l.area > of.area && l.contains(of.inside);
    let smaller = |&a: &usize, &b: &usize| section.loops[a].area.total_cmp(&section.loops[b].area);
    let mut candidates = (0..section.loops.len()).filter(|_| of.depth % 2 == 1);
    candidates.by_ref().filter(|&m| around(&section.loops[m])).min_by(smaller).unwrap_or(n)
}

/// The slabs of one group between its planes.
fn slabs_between(
    group: &Group,
    sections: &[Section],
    loop_groups: &LoopGroups,
    workers: &Workers<'_>,
) -> Result<Vec<Slab>> {
    let (lower, upper) = (
        PlaneLoops::new(&sections[group.from], &group.lower),
        PlaneLoops::new(&sections[group.to], &group.upper),
    );
    let depth = lower.loops[0].depth;
    // Planes in which the group continues. If it continues in several at once, they give no curvature.
    let beyond = |groups: BTreeSet<usize>, plane: fn(&Group) -> usize, places: fn(&Group) -> &[usize]| {
        let first = plane(&loop_groups.groups[*groups.first()?]);
        let mut all: Vec<usize> = Vec::new();
        for g in groups.iter().map(|&g| &loop_groups.groups[g]) {
            all.extend((plane(g) == first).then(|| places(g))?);
        }
        Some(PlaneLoops::new(&sections[first], &all))
    };
    let down = group.lower.iter().filter_map(|&n| loop_groups.ends[group.from][n].below.group).collect();
    let up = group.upper.iter().filter_map(|&n| loop_groups.ends[group.to][n].above.group).collect();
    let below = beyond(down, |g| g.from, |g| &g.lower);
    let above = beyond(up, |g| g.to, |g| &g.upper);
    let half = 0.5 * group.width / between_planes::steps_across(group.width) as f64;
    let between = between_planes::sections_between(below.as_ref(), &lower, &upper, above.as_ref(), workers)?;
    let slab = |(z, edges): SectionBetween| {
        Ok(Slab {
            from: z - half,
            to: z + half,
            edges: oriented(edges.into_iter(), depth)?,
        })
    };
    between.into_iter().map(slab).collect()
}

fn oriented(edges: impl Iterator<Item = (Point, Point)>, depth: usize) -> Result<Vec<(Point, Point)>> {
    let as_drawn = depth.is_multiple_of(2);
    memory::collected("sections between contours", edges.map(|(a, b)| if as_drawn { (a, b) } else { (b, a) }))
}

/// Findings about the planes as a whole.
pub(super) fn findings(sections: &[Section], loop_groups: &LoopGroups) -> Vec<Finding> {
    let mut findings = loop_groups.findings();
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
