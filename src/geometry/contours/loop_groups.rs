//! Groups of loops in different planes that belong together, and the ends of each.
//!
//! A loop (outline, or hole) continues in the nearest plane with a loop of the same depth that touches it, seen along
//! the normal. It must also be the nearest for that loop, and the planes between must be empty there. A part that is
//! drawn on fewer planes than another one, or between them, is therefore read as if it were alone. Loops that continue
//! each other are interpolated as one group. A loop without a partner ends in its plane, with a cap like the ends of
//! the whole. Lesions that appear, end, split and merge therefore need no special rule.

use std::collections::{BTreeMap, BTreeSet};

use super::findings::Finding;
use super::polygon::Loop;
use super::sections::Section;
use crate::error::Result;
use crate::parallel::Workers;

/// Loops this close to each other in mm, seen along the normal, belong together, because a tip may lie on the next
/// outline.
const TOUCH_MM: f64 = 0.1;
/// Planes farther apart than this multiple of the usual spacing bound two separate parts; one plane may be missing.
const BRIDGED: f64 = 2.5;
/// Planes closer together than this share of most others are the same slices drawn twice.
const TWIN: f64 = 0.25;
/// A part has a spacing of its own if at least so many distances in it are known, half of them within this of it.
const FEWEST_DISTANCES: usize = 3;
const REGULAR: f64 = 0.1;
/// Number of planes in which a partner is searched.
const MOST_PLANES: usize = 64;

/// Loops that continue each other, as indices in the lower and in the upper of two planes.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub from: usize,
    pub to: usize,
    pub lower: Vec<usize>,
    pub upper: Vec<usize>,
    pub width: f64,
}

/// Neighbours of a loop on one side of its plane.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Side {
    /// The group in which it continues.
    pub group: Option<usize>,
    /// Distance of the nearest plane with a loop of any kind that touches it, mm.
    pub near: Option<f64>,
    /// Whether another plane of the structure follows within the distance that is bridged.
    pub followed: bool,
}

/// The two sides of a loop, and the usual spacing of its part in mm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub below: Side,
    pub above: Side,
    pub usual: f64,
}

/// Groups of the loops of all planes.
#[derive(Debug)]
pub(super) struct LoopGroups {
    pub groups: Vec<Group>,
    /// Of each loop of each plane.
    pub ends: Vec<Vec<Ends>>,
    findings: Vec<Finding>,
}

/// Neighbours of a loop on one side: the plane of its partners, and the nearest plane with anything that touches it.
#[derive(Clone, Copy, Default)]
struct Neighbors {
    partner: Option<usize>,
    near: Option<usize>,
}

impl LoopGroups {
    /// None if all lie in one plane and no thickness states their extent.
    pub fn new(
        sections: &[Section],
        thickness_mm: Option<f64>,
        maximum_gap_mm: Option<f64>,
        workers: &Workers<'_>,
    ) -> Result<Option<Self>> {
        let neighbors: Vec<Vec<[Neighbors; 2]>> = workers.map(sections.len(), |k| {
            let both = |l: &Loop| {
                Ok([
                    neighbors_of(sections, k, l, false, workers)?,
                    neighbors_of(sections, k, l, true, workers)?,
                ])
            };
            sections[k].loops.iter().map(both).collect()
        })?;
        let found = workers.map(sections.len(), |k| groups_from(sections, &neighbors, k, workers))?;
        let mut groups: Vec<Group> = found.into_iter().flatten().collect();

        let gaps: Vec<f64> = sections.windows(2).map(|pair| pair[1].position - pair[0].position).collect();
        let parts = ConnectedParts::new(sections, &groups);
        let distances: BTreeMap<(usize, usize), f64> = groups.iter().map(|g| ((g.from, g.to), g.width)).collect();
        let known: Vec<f64> = distances.values().copied().collect();
        // If few outlines continue, chance decides which do, so that the distances of planes are more reliable.
        let median = spacing(if 2 * known.len() >= gaps.len() { &known } else { &gaps });
        let Some(usual) = thickness_mm.or(median) else {
            return Ok(None);
        };
        let own = parts.spacings();
        let part_median = |k: usize, n: usize| own[parts.of(k, n)].or(median);
        let most = |k: usize, n: usize| maximum_gap_mm.or(part_median(k, n).map(|m| BRIDGED * m));

        let reaches = |g: &Group| most(g.from, g.lower[0]).is_none_or(|most| g.width <= most);
        let mut refused: BTreeMap<(usize, usize), f64> =
            groups.iter().filter(|g| !reaches(g)).map(|g| ((g.from, g.to), g.width)).collect();
        groups.retain(reaches);
        let most_of_all = maximum_gap_mm.or(median.map(|m| BRIDGED * m));
        let bridged = |k: usize| most_of_all.is_none_or(|most| gaps[k] <= most);
        for k in (0..gaps.len()).filter(|&k| !bridged(k) && !groups.iter().any(|g| g.from <= k && k < g.to)) {
            refused.insert((k, k + 1), gaps[k]);
        }

        let mut ends: Vec<Vec<Ends>> = Vec::new();
        for (k, section) in sections.iter().enumerate() {
            let apart = |m: usize| (sections[m].position - section.position).abs();
            let followed = [k > 0 && bridged(k - 1), k < gaps.len() && bridged(k)];
            let side = |n: usize, up: usize| Side {
                group: None,
                near: neighbors[k][n][up].near.map(apart),
                followed: followed[up],
            };
            let of = |n: usize| Ends {
                below: side(n, 0),
                above: side(n, 1),
                usual: thickness_mm.or(part_median(k, n)).unwrap_or(usual),
            };
            ends.push((0..section.loops.len()).map(of).collect());
        }
        for (at, group) in groups.iter().enumerate() {
            group.lower.iter().for_each(|&n| ends[group.from][n].above.group = Some(at));
            group.upper.iter().for_each(|&n| ends[group.to][n].below.group = Some(at));
        }
        let findings = findings(&groups, &refused, usual);
        Ok(Some(Self { groups, ends, findings }))
    }

    pub fn findings(&self) -> Vec<Finding> {
        self.findings.clone()
    }
}

/// Looks for the partners of a loop of plane `k`, above or below.
fn neighbors_of(sections: &[Section], k: usize, l: &Loop, up: bool, workers: &Workers<'_>) -> Result<Neighbors> {
    let mut found = Neighbors::default();
    for steps in 1..=MOST_PLANES {
        let Some(m) = (if up { Some(k + steps) } else { k.checked_sub(steps) }).filter(|&m| m < sections.len()) else {
            break;
        };
        for other in &sections[m].loops {
            workers.check()?;
            if !l.touches(other, TOUCH_MM, workers)? {
                continue;
            }
            found.near.get_or_insert(m);
            if other.depth == l.depth {
                found.partner = Some(m);
                return Ok(found);
            }
        }
        let inside = sections[m].loops.iter().filter(|other| other.area > 0.0 && other.contains(l.inside)).count();
        if inside % 2 == 1 {
            break;
        }
    }
    Ok(found)
}

/// The groups whose lower plane is `k`.
fn groups_from(
    sections: &[Section],
    neighbors: &[Vec<[Neighbors; 2]>],
    k: usize,
    workers: &Workers<'_>,
) -> Result<Vec<Group>> {
    let up = |n: usize| neighbors[k][n][1].partner;
    let planes: BTreeSet<usize> = (0..neighbors[k].len()).filter_map(up).collect();
    let mut groups = Vec::new();
    for m in planes {
        let lower: Vec<usize> = (0..neighbors[k].len()).filter(|&n| up(n) == Some(m)).collect();
        let upper: Vec<usize> = (0..neighbors[m].len()).filter(|&n| neighbors[m][n][0].partner == Some(k)).collect();
        let mut sets = DisjointSets::new(lower.len() + upper.len());
        for (p, &below) in lower.iter().enumerate() {
            for (q, &above) in upper.iter().enumerate() {
                let (low, high) = (&sections[k].loops[below], &sections[m].loops[above]);
                let may_join = !sets.same(p, lower.len() + q) && low.depth == high.depth;
                if may_join && low.touches(high, TOUCH_MM, workers)? {
                    sets.join(p, lower.len() + q);
                }
            }
        }
        let mut found: BTreeMap<usize, Group> = BTreeMap::new();
        for p in 0..lower.len() + upper.len() {
            let group = found.entry(sets.root(p)).or_insert_with(|| Group {
                from: k,
                to: m,
                lower: Vec::new(),
                upper: Vec::new(),
                width: sections[m].position - sections[k].position,
            });
            match p.checked_sub(lower.len()) {
                None => group.lower.push(lower[p]),
                Some(q) => group.upper.push(upper[q]),
            }
        }
        groups.extend(found.into_values().filter(|g| !g.lower.is_empty() && !g.upper.is_empty()));
    }
    Ok(groups)
}

/// The usual distance between planes: the lower median of those that are not duplicates.
fn spacing(distances: &[f64]) -> Option<f64> {
    let mut sorted = distances.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let top = *sorted.get(sorted.len().max(1).saturating_sub(1) * 3 / 4)?;
    sorted.retain(|&d| d >= TWIN * top);
    sorted.get((sorted.len().max(1) - 1) / 2).copied()
}

/// The loops that are connected through groups of any width.
struct ConnectedParts {
    first: Vec<usize>,
    root: Vec<usize>,
    distances: BTreeMap<usize, BTreeMap<(usize, usize), f64>>,
}

impl ConnectedParts {
    fn new(sections: &[Section], groups: &[Group]) -> Self {
        let mut first = vec![0];
        for section in sections {
            first.push(first[first.len() - 1] + section.loops.len());
        }
        let mut sets = DisjointSets::new(first[sections.len()]);
        for group in groups {
            let start = first[group.from] + group.lower[0];
            group.lower.iter().for_each(|n| sets.join(start, first[group.from] + n));
            group.upper.iter().for_each(|n| sets.join(start, first[group.to] + n));
        }
        let root: Vec<usize> = (0..first[sections.len()]).map(|n| sets.root(n)).collect();
        let mut distances: BTreeMap<usize, BTreeMap<(usize, usize), f64>> = BTreeMap::new();
        for group in groups {
            let part = root[first[group.from] + group.lower[0]];
            distances.entry(part).or_default().insert((group.from, group.to), group.width);
        }
        Self { first, root, distances }
    }

    fn of(&self, k: usize, n: usize) -> usize {
        self.root[self.first[k] + n]
    }

    /// The spacing of each part that has one of its own.
    fn spacings(&self) -> Vec<Option<f64>> {
        let mut own = vec![None; self.root.len()];
        for (&part, distances) in &self.distances {
            let distances: Vec<f64> = distances.values().copied().collect();
            own[part] = spacing(&distances).filter(|&usual| {
                let alike = distances.iter().filter(|&d| (d - usual).abs() <= REGULAR * usual).count();
                distances.len() >= FEWEST_DISTANCES && 2 * alike >= distances.len()
            });
        }
        own
    }
}

/// Sets that are joined, each with its smallest member as root.
struct DisjointSets(Vec<usize>);

impl DisjointSets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn root(&mut self, mut n: usize) -> usize {
        while self.0[n] != n {
            self.0[n] = self.0[self.0[n]];
            n = self.0[n];
        }
        n
    }

    fn same(&mut self, a: usize, b: usize) -> bool {
        self.root(a) == self.root(b)
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

fn findings(groups: &[Group], refused: &BTreeMap<(usize, usize), f64>, usual: f64) -> Vec<Finding> {
    let widest = groups.iter().map(|g| g.width).fold(0.0, f64::max);
    let narrowest = groups.iter().map(|g| g.width).fold(f64::INFINITY, f64::min);
    let mut findings = Vec::new();
    if widest > 1.01 * usual || narrowest < TWIN * usual {
        findings.push(Finding {
            code: "contour_spacing_irregular",
            message: format!(
                "planes up to {widest:.3} mm apart were interpolated across; the usual spacing is {usual:.3} mm."
            ),
            value: widest,
            limit: Some(usual),
        });
    }
    if !refused.is_empty() {
        let gaps = refused.len();
        let least = refused.values().copied().fold(f64::INFINITY, f64::min);
        findings.push(Finding {
            code: "contour_gap",
            message: format!(
                "the structure was taken as separate parts across {gaps} gaps of {least:.3} mm or more; the usual spacing is {usual:.3} mm."
            ),
            value: gaps as f64,
            limit: None,
        });
    }
    findings
}
