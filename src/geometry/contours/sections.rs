//! Conversion of contours as drawn to sections, the simple polygons of each plane, with a report of defects.

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::float::simplify::SimplifyShape;
use i_overlay::float::single::SingleFloatOverlay;

use super::edge_crossings::crossings;
use super::findings::{Defect, Findings};
use super::plane_axes::{PlaneAxes, Vector, cross, dot, length};
use super::polygon::{Loop, Point, bounds, edges, signed_area};
use crate::error::{Error, Result};
use crate::memory;
use crate::parallel::Workers;

/// A contour whose points leave its plane by more than this is not planar.
const PLANAR_MM: f64 = 0.1;
/// Contours whose positions differ by less than this lie in one plane.
const SAME_PLANE_MM: f64 = 0.05;
/// A polygon with less area than this has none, mm2.
const NO_AREA: f64 = 1e-6;
/// Contours whose outlines differ by less than this, on average and by a small part of what they enclose, are the same.
const SAME_OUTLINE_MM: f64 = 0.1;
const SAME_OUTLINE: f64 = 0.05;
/// Largest coordinate in mm; larger ones are a mistake.
const FARTHEST_MM: f64 = 1e6;
const MOST_CONTOURS: usize = 20_000;
const MOST_POINTS: usize = 4_000_000;
/// Memory of a point of a contour while planes are worked on, about: copies, edges, the lists of i_overlay.
const BYTES_PER_POINT: usize = 512;

/// Area that the contours of one plane enclose.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section {
    /// Position along the normal, mm.
    pub position: f64,
    pub loops: Vec<Loop>,
}

/// A contour in the coordinates of its plane, and its number among those given.
struct PlanarContour {
    points: Vec<Point>,
    position: f64,
    number: usize,
}

/// Sections in ascending order of position; none where no contour is usable. Contours are lists of x, y, z in LPS mm.
pub(super) fn sections(
    contours: &[&[Vector]],
    findings: &mut Findings,
    workers: &Workers<'_>,
) -> Result<Option<(PlaneAxes, Vec<Section>)>> {
    check_size(contours)?;
    memory::room("contours", BYTES_PER_POINT * contours.iter().map(|contour| contour.len() + 4).sum::<usize>())?;
    let usable: Vec<usize> = (0..contours.len()).filter(|&n| is_usable(contours[n], n, findings)).collect();
    let Some(axes) = common_axes(contours, &usable) else {
        return Ok(None);
    };
    let mut drawn: Vec<PlanarContour> =
        usable.iter().filter_map(|&n| projected(contours[n], n, &axes, findings)).collect();
    drawn.sort_by(|p, q| p.position.total_cmp(&q.position).then(p.number.cmp(&q.number)));
    let mut start = drawn.first().map_or(0.0, |first| first.position);
    let planes: Vec<&[PlanarContour]> = drawn
        .chunk_by(|_, next| {
            let same = next.position - start < SAME_PLANE_MM;
            if !same {
                start = next.position;
            }
            same
        })
        .collect();
    let resolved = workers.map(planes.len(), |p| section(planes[p], workers))?;
    let mut sections = Vec::new();
    for (section, defects) in resolved {
        defects.into_iter().for_each(|(defect, number)| findings.add(defect, number));
        sections.extend((!section.loops.is_empty()).then_some(section));
    }
    Ok((!sections.is_empty()).then_some((axes, sections)))
}

fn check_size(contours: &[&[Vector]]) -> Result<()> {
    let points: usize = contours.iter().map(|c| c.len()).sum();
    for (quantity, count, most) in [
        ("number of contours", contours.len(), MOST_CONTOURS),
        ("number of contour points", points, MOST_POINTS),
    ] {
        if count > most {
            return Err(Error::out_of_range(quantity, count as f64, format!("at most {most}")));
        }
    }
    Ok(())
}

fn is_usable(contour: &[Vector], number: usize, findings: &mut Findings) -> bool {
    let defect = if contour.len() < 3 {
        Defect::TooFewPoints
    } else if contour.iter().flatten().any(|x| !x.is_finite() || x.abs() > FARTHEST_MM) {
        Defect::NotFinite
    } else {
        return true;
    };
    findings.add(defect, number);
    false
}

/// The axes of the largest planar contour; where none has an area, across the patient.
fn common_axes(contours: &[&[Vector]], usable: &[usize]) -> Option<PlaneAxes> {
    let planar = usable.iter().map(|&n| (normal(contours[n]), n));
    let planar = planar.filter(|&(normal, n)| length(normal) > NO_AREA && flatness(contours[n], normal) <= PLANAR_MM);
    let largest = planar.max_by(|p, q| length(p.0).total_cmp(&length(q.0)).then(q.1.cmp(&p.1)));
    (!usable.is_empty()).then(|| PlaneAxes::across(largest.map_or([0.0, 0.0, 1.0], |(normal, _)| normal)))
}

/// Newell's normal: its length is the area of a planar polygon.
fn normal(contour: &[Vector]) -> Vector {
    let o = contour[0];
    let from = |p: Vector| [0, 1, 2].map(|a| p[a] - o[a]);
    contour.windows(2).fold([0.0; 3], |sum, pair| {
        let turn = cross(from(pair[0]), from(pair[1]));
        [0, 1, 2].map(|a| sum[a] + 0.5 * turn[a])
    })
}

/// Spread of the points along a direction.
fn flatness(contour: &[Vector], direction: Vector) -> f64 {
    let size = length(direction);
    let along = contour.iter().map(|&p| dot(p, direction) / size);
    let (low, high) = along.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    high - low
}

fn projected(contour: &[Vector], number: usize, axes: &PlaneAxes, findings: &mut Findings) -> Option<PlanarContour> {
    let (points, along): (Vec<Point>, Vec<f64>) = contour.iter().map(|&p| axes.project(p)).unzip();
    let low = along.iter().copied().fold(f64::INFINITY, f64::min);
    let high = along.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high - low > PLANAR_MM {
        let own = normal(contour);
        let flat = length(own) > NO_AREA && flatness(contour, own) <= PLANAR_MM;
        findings.add(if flat { Defect::NotParallel } else { Defect::NotPlanar }, number);
        return None;
    }
    Some(PlanarContour {
        points,
        position: 0.5 * (low + high),
        number,
    })
}

/// The loops of one plane, and the defects found.
fn section(drawn: &[PlanarContour], workers: &Workers<'_>) -> Result<(Section, Vec<(Defect, usize)>)> {
    let mut defects = Vec::new();
    let (mut kept, mut flat): (Vec<&PlanarContour>, Vec<&PlanarContour>) = (Vec::new(), Vec::new());
    for contour in drawn {
        workers.check()?;
        let group = if is_flat(&contour.points) { &mut flat } else { &mut kept };
        if group.iter().any(|other| other.points == contour.points) {
            defects.push((Defect::Duplicate, contour.number));
        } else {
            group.push(contour);
        }
    }
    defects.extend(flat.iter().map(|contour| (Defect::ZeroArea, contour.number)));
    // Each contour is checked alone first, because a contour that cannot be resolved must not affect its neighbors.
    let mut different: Vec<&PlanarContour> = Vec::new();
    for contour in kept {
        if crossings(&[&contour.points], workers)?.tangled {
            defects.push((Defect::Tangled, contour.number));
        } else if contains(&different, contour, workers)? {
            defects.push((Defect::Duplicate, contour.number));
        } else {
            different.push(contour);
        }
    }
    let kept = different;
    let mut loops = simple_loops(&kept, &mut defects, workers)?;
    for contour in flat {
        let mark = Loop::new(contour.points.clone(), 0);
        if !loops.iter().any(|l| l.contains(mark.inside)) {
            loops.push(Loop { area: 0.0, ..mark });
        }
    }
    let position = drawn.iter().map(|contour| contour.position).sum::<f64>() / drawn.len() as f64;
    Ok((Section { position, loops }, defects))
}

/// No area beyond rounding, also where the signed area cancels.
fn is_flat(points: &[Point]) -> bool {
    signed_area(points).abs() <= NO_AREA && {
        let a = points[0];
        let far = |p: &&Point| (p[0] - a[0]).powi(2) + (p[1] - a[1]).powi(2);
        let b = *points.iter().max_by(|p, q| far(p).total_cmp(&far(q))).unwrap_or(&a);
        points.iter().all(|&p| super::polygon::turn(a, b, p).abs() <= 2.0 * NO_AREA)
    }
}

/// Whether a contour is one of some others.
fn contains(others: &[&PlanarContour], contour: &PlanarContour, workers: &Workers<'_>) -> Result<bool> {
    for other in others {
        workers.check()?;
        if is_same(&other.points, &contour.points) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether two contours enclose the same area, for any points, start, direction and closing point.
fn is_same(a: &[Point], b: &[Point]) -> bool {
    let ((low, high), (other_low, other_high)) = (bounds(a), bounds(b));
    let apart = |p: Point, q: Point| (0..2).map(|n| (p[n] - q[n]).abs()).fold(0.0, f64::max);
    if apart(low, other_low) > SAME_OUTLINE_MM || apart(high, other_high) > SAME_OUTLINE_MM {
        return false;
    }
    let length: f64 = edges(a).map(|(p, q)| (q[0] - p[0]).hypot(q[1] - p[1])).sum();
    if (signed_area(a).abs() - signed_area(b).abs()).abs() > SAME_OUTLINE_MM * length {
        return false;
    }
    let (common, different) = (area_of(a, b, OverlayRule::Intersect), area_of(a, b, OverlayRule::Xor));
    different <= (SAME_OUTLINE_MM * length).min(SAME_OUTLINE * common)
}

/// The area that two contours, each by the even-odd rule, have by a rule.
fn area_of(p: &[Point], q: &[Point], rule: OverlayRule) -> f64 {
    let area = |points: &[Point]| signed_area(points).abs();
    let shapes = p.to_vec().overlay_as::<i64>(&q.to_vec(), rule, FillRule::EvenOdd);
    shapes
        .iter()
        .map(|shape| area(&shape[0]) - shape[1..].iter().map(|hole| area(hole)).sum::<f64>())
        .sum()
}

/// Polygons that neither cross nor touch stay as drawn. Others are cut into simple ones by the even-odd rule.
fn simple_loops(
    kept: &[&PlanarContour],
    defects: &mut Vec<(Defect, usize)>,
    workers: &Workers<'_>,
) -> Result<Vec<Loop>> {
    let points: Vec<&[Point]> = kept.iter().map(|contour| contour.points.as_slice()).collect();
    let found = crossings(&points, workers)?;
    if found.tangled {
        defects.extend(kept.iter().map(|contour| (Defect::Tangled, contour.number)));
        return Ok(Vec::new());
    }
    defects.extend(found.own.iter().map(|&n| (Defect::SelfCrossing, kept[n].number)));
    defects.extend(found.others.iter().map(|&n| (Defect::Overlap, kept[n].number)));
    for &(p, q) in &found.touching {
        workers.check()?;
        if p == q || !overlap(points[p], points[q]) {
            continue;
        }
        defects.extend([p, q].map(|n| (Defect::Overlap, kept[n].number)));
    }
    if !(found.touching.is_empty() && found.own.is_empty() && found.others.is_empty()) {
        let owned: Vec<Vec<Point>> = points.iter().map(|p| p.to_vec()).collect();
        return Ok(split_into_simple_loops(&owned));
    }
    let mut loops: Vec<Loop> = points.iter().map(|p| Loop::new(p.to_vec(), 0)).collect();
    let mut depths = Vec::new();
    for n in 0..loops.len() {
        workers.check()?;
        depths.push(count_containing(&loops, n));
    }
    loops.iter_mut().zip(depths).for_each(|(l, depth)| l.depth = depth);
    Ok(loops)
}

/// Whether two contours that touch share some area but neither holds the other: edges on top of each other do not cross.
fn overlap(p: &[Point], q: &[Point]) -> bool {
    let smaller = signed_area(p).abs().min(signed_area(q).abs());
    (1e-6 * smaller..(1.0 - 1e-6) * smaller).contains(&area_of(p, q, OverlayRule::Intersect))
}

/// Number of other loops that contain loop `n`, none of which crosses it.
fn count_containing(loops: &[Loop], n: usize) -> usize {
    let of = &loops[n];
    (0..loops.len())
        .filter(|&m| m != n && loops[m].area > of.area && loops[m].contains(of.points[0]))
        .count()
}

fn split_into_simple_loops(contours: &[Vec<Point>]) -> Vec<Loop> {
    let shapes = contours.simplify_shape_as::<i64>(FillRule::EvenOdd);
    let outer: Vec<Loop> = shapes.iter().map(|shape| Loop::new(shape[0].clone(), 0)).collect();
    let mut loops = Vec::new();
    for (n, shape) in shapes.iter().enumerate() {
        // Corners may touch here, so an inner point decides.
        let depth = 2
            * (0..outer.len())
                .filter(|&m| m != n && outer[m].area > outer[n].area && outer[m].contains(outer[n].inside))
                .count();
        loops.push(Loop {
            depth,
            ..outer[n].clone()
        });
        loops.extend(shape[1..].iter().map(|hole| Loop::new(hole.clone(), depth + 1)));
    }
    loops.retain(|l| l.area > NO_AREA);
    loops
}
