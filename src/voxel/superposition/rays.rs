//! Directions, and the rays of one direction on the voxel lattice.
//!
//! Directions are the 48 images of a few generic ones under the symmetries of the cube, with weights that integrate
//! every polynomial up to a degree exactly. No direction lies in a mirror plane, so that the axis that a ray crosses
//! most voxels along is unique, and a flipped or transposed map is swept by flipped or transposed rays.

use crate::error::{Error, Result};

/// Number of directions and lattices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// 192 directions.
    Fast,
    /// 384 directions.
    Standard,
    /// 384 directions, 2 lattices each.
    Fine,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fast, Self::Standard, Self::Fine];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Standard => "standard",
            Self::Fine => "fine",
        }
    }

    /// The setting of that name. Errors with the known names.
    pub fn from_name(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|setting| setting.name() == name);
        found.ok_or_else(|| Error::unknown_name("setting", name, &Self::ALL.map(Self::name)))
    }

    fn orbits(self) -> &'static [Orbit] {
        match self {
            Self::Fast => &DEGREE_15,
            Self::Standard | Self::Fine => &DEGREE_25,
        }
    }

    /// For each orbit the lattices of rays, as indices into [`low_discrepancy`].
    ///
    /// The dose around a symmetric source in the middle of a map has only one sample for each orbit and lattice. These
    /// indices, of 48, bring means and voxels in lung nearest to those of 6000 random rays, together over 29 sources.
    /// The sources are cubes of 1 to 12 voxels, spheres and a liver dome, some of them off the middle.
    fn lattices(self) -> &'static [&'static [usize]] {
        match self {
            Self::Fast => &[&[20], &[23], &[33], &[31]],
            Self::Standard => &[&[38], &[10], &[25], &[36], &[7], &[45], &[11], &[44]],
            Self::Fine => &[
                &[4, 25],
                &[16, 24],
                &[22, 37],
                &[47, 46],
                &[42, 11],
                &[21, 27],
                &[24, 18],
                &[5, 6],
            ],
        }
    }
}

/// One of 48 directions, its components falling, and the weight of each of them.
type Orbit = ([f64; 3], f64);

/// Exact up to degree 15.
const DEGREE_15: [Orbit; 4] = [
    ([0.799_234_631_111_641_1, 0.588_519_973_191_579_9, 0.121_935_415_636_396], 0.005_576_824_193_720_6),
    (
        [
            0.968_023_376_503_342_7,
            0.233_510_357_073_129_1,
            0.091_671_455_113_614_7,
        ],
        0.004_987_029_617_077_8,
    ),
    (
        [
            0.864_206_472_076_281_5,
            0.445_550_769_372_252_3,
            0.233_734_219_859_354_9,
        ],
        0.005_526_538_191_557_1,
    ),
    ([0.709_808_158_859_267_1, 0.569_547_939_240_074, 0.414_472_583_561_569_9], 0.004_742_941_330_977_9),
];

/// Exact up to degree 25.
const DEGREE_25: [Orbit; 8] = [
    (
        [
            0.682_525_687_802_013_2,
            0.572_215_856_714_859_9,
            0.454_673_178_024_026_24,
        ],
        0.002_777_470_081_695_949,
    ),
    (
        [
            0.863_799_159_240_944_4,
            0.489_345_538_041_533_75,
            0.119_966_482_375_200_43,
        ],
        0.003_256_421_238_185_248_7,
    ),
    (
        [
            0.770_278_262_703_738_1,
            0.634_517_490_344_157_3,
            0.063_709_908_597_197_2,
        ],
        0.002_186_741_885_506_955,
    ),
    (
        [
            0.818_607_714_146_042_3,
            0.472_759_791_646_129_25,
            0.326_158_841_277_221_8,
        ],
        0.003_488_547_364_312_683_6,
    ),
    (
        [
            0.987_249_974_732_474_4,
            0.142_202_127_948_997_7,
            0.071_526_513_947_664_21,
        ],
        0.002_017_969_167_328_512_3,
    ),
    (
        [
            0.924_287_543_682_633_1,
            0.295_847_035_480_007_3,
            0.241_178_498_608_014_38,
        ],
        0.002_089_706_297_159_278_7,
    ),
    (
        [
            0.941_227_026_408_544_6,
            0.329_187_631_041_792_4,
            0.075_678_189_243_808_5,
        ],
        0.002_437_066_825_633_119_5,
    ),
    (
        [
            0.731_244_110_297_871_5,
            0.635_649_111_648_227_5,
            0.247_451_526_597_621_9,
        ],
        0.002_579_410_473_511_585_7,
    ),
];

/// All parallel rays of one lattice in one direction.
///
/// There is one ray for each column of voxels along the axis `slab`, and where it enters the map it lies `offset`
/// (in voxels) beyond the lower edge of its column along the two other axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rays {
    /// Along the array axes (k, j, i).
    pub direction: [f64; 3],
    /// Sums to 1 over all rays of a setting.
    pub weight: f64,
    /// The axis along which a ray crosses most voxels.
    pub slab: usize,
    /// Along the array axes, zero along `slab`.
    pub offset: [f64; 3],
}

/// The rays of a setting for a map of `shape`, ordered by `slab`.
pub fn rays(setting: Setting, shape: [usize; 3], voxel_size_mm: [f64; 3]) -> Vec<Rays> {
    let mut all = Vec::new();
    for ((direction, weight), lattices) in setting.orbits().iter().zip(setting.lattices()) {
        let weight = weight / lattices.len() as f64;
        for place in lattices.iter().map(|n| low_discrepancy(*n)) {
            for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
                for signs in 0..8 {
                    let sign = |axis: usize| if signs >> axis & 1 == 0 { 1.0 } else { -1.0 };
                    let direction = std::array::from_fn(|axis| sign(axis) * direction[order[axis]]);
                    all.push(one(direction, weight, place, shape, voxel_size_mm));
                }
            }
        }
    }
    all.sort_by_key(|rays| rays.slab);
    all
}

/// One ray passes the middle of the map by `place`, in voxels along its transverse axes: the one along which the direction
/// is larger, and the other. Counted along the direction, so that a flipped map has the flipped rays.
fn one(direction: [f64; 3], weight: f64, place: [f64; 2], shape: [usize; 3], voxel_size_mm: [f64; 3]) -> Rays {
    let crossings = |axis: usize| direction[axis].abs() / voxel_size_mm[axis];
    let larger = |a: usize, b: usize| {
        let order = crossings(a).total_cmp(&crossings(b));
        order.then(direction[a].abs().total_cmp(&direction[b].abs())).is_gt()
    };
    let slab = (1..3).fold(0, |best, axis| if larger(axis, best) { axis } else { best });
    let [a, b] = [[1, 2], [0, 2], [0, 1]][slab];
    let (first, second) = if direction[a].abs() > direction[b].abs() {
        (a, b)
    } else {
        (b, a)
    };
    let mut offset = [0.0; 3];
    for (axis, place) in [(first, place[0]), (second, place[1])] {
        let half = 0.5 * shape[slab] as f64 * crossings(axis) / crossings(slab);
        let along = (place - half) * direction[axis].signum();
        offset[axis] = (0.5 * shape[axis] as f64 + along).rem_euclid(1.0);
    }
    Rays {
        direction,
        weight,
        slab,
        offset,
    }
}

/// Points that fill the unit square evenly for any number of them: multiples of the powers of the plastic ratio.
fn low_discrepancy(n: usize) -> [f64; 2] {
    const PLASTIC: f64 = 1.324_717_957_244_746;
    [1.0 / PLASTIC, 1.0 / (PLASTIC * PLASTIC)].map(|step| (0.5 + step * n as f64).fract())
}

/// A part of a slab in which each ray stays within one voxel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Length over that of the whole slab.
    pub fraction: f64,
    /// Voxel minus ray, along the two transverse axes.
    pub shift: [isize; 2],
}

/// The segments of the slab `step` after the one that the rays enter by: three at most, of which empty ones are left
/// out. `offset` and `slope` (voxels per slab, at most 1) are along the two transverse axes.
pub fn segments(offset: [f64; 2], slope: [f64; 2], step: usize) -> impl Iterator<Item = Segment> {
    let start = [0, 1].map(|axis| offset[axis] + slope[axis] * step as f64);
    let mut shift = start.map(|x| x.floor() as isize);
    let until = [0, 1].map(|axis| {
        let inside = start[axis] - start[axis].floor();
        let distance = if slope[axis] > 0.0 { 1.0 - inside } else { inside };
        (distance / slope[axis].abs()).min(1.0)
    });
    let first = usize::from(until[1] < until[0]);
    let cuts = [(until[first], first), (until[1 - first], 1 - first), (1.0, 2)];
    let mut from = 0.0;
    let mut parts = [None; 3];
    for (part, (to, axis)) in parts.iter_mut().zip(cuts) {
        if to > from {
            *part = Some(Segment {
                fraction: to - from,
                shift,
            });
            from = to;
        }
        if axis < 2 && to < 1.0 {
            shift[axis] += if slope[axis] > 0.0 { 1 } else { -1 };
        }
    }
    parts.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_integrated_up_to_the_stated_degree() {
        // Mean of x^2a y^2b z^2c over the sphere: (2a-1)!! (2b-1)!! (2c-1)!! / (2(a+b+c)+1)!!
        let odd = |n: i32| (1..=n).map(|k| f64::from(2 * k - 1)).product::<f64>();
        for (setting, degree) in [(Setting::Fast, 15), (Setting::Standard, 25), (Setting::Fine, 25)] {
            let all = rays(setting, [9; 3], [1.0; 3]);
            for a in 0..=degree / 2 {
                for b in 0..=degree / 2 - a {
                    for c in 0..=degree / 2 - a - b {
                        let power =
                            |r: &Rays| (0..3).zip([a, b, c]).map(|(i, n)| r.direction[i].powi(2 * n)).product::<f64>();
                        let mean: f64 = all.iter().map(|r| r.weight * power(r)).sum();
                        let expected = odd(a) * odd(b) * odd(c) / odd(a + b + c + 1);
                        assert!((mean - expected).abs() < 1e-14, "{setting:?} {a} {b} {c}: {mean} {expected}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_flip_or_a_permutation_of_the_axes_permutes_the_rays() {
        let (shape, size) = ([7, 10, 12], [1.0, 2.0, 2.5]);
        let all = rays(Setting::Fast, shape, size);
        let swapped = rays(Setting::Fast, [shape[2], shape[1], shape[0]], [size[2], size[1], size[0]]);
        let rounded = |offset: f64| (offset * 1e9).round();
        for r in &all {
            let flipped = Rays {
                direction: [-r.direction[0], r.direction[1], r.direction[2]],
                offset: if r.slab == 0 {
                    r.offset
                } else {
                    [1.0 - r.offset[0], r.offset[1], r.offset[2]]
                },
                ..*r
            };
            let turned = |x: [f64; 3]| [x[2], x[1], x[0]];
            let other = Rays {
                direction: turned(r.direction),
                offset: turned(r.offset),
                slab: 2 - r.slab,
                ..*r
            };
            for (image, among) in [(flipped, &all), (other, &swapped)] {
                let same = |q: &&Rays| {
                    q.direction == image.direction
                        && q.slab == image.slab
                        && q.offset.map(rounded) == image.offset.map(rounded)
                };
                assert_eq!(among.iter().filter(same).count(), 1, "{image:?}");
            }
        }
    }

    #[test]
    fn the_segments_of_a_slab_join_those_of_the_next() {
        for (offset, slope) in [
            ([0.3, 0.9], [0.7, -0.41]),
            ([0.5, 0.1], [-0.99, -0.02]),
            ([0.0, 1.0], [1.0, -1.0]),
        ] {
            let mut at = offset;
            for step in 0..50 {
                let parts: Vec<_> = segments(offset, slope, step).collect();
                assert!((parts.iter().map(|part| part.fraction).sum::<f64>() - 1.0).abs() < 1e-12);
                for part in parts {
                    for axis in 0..2 {
                        let middle = at[axis] + 0.5 * part.fraction * slope[axis] - part.shift[axis] as f64;
                        assert!((-1e-9..=1.0 + 1e-9).contains(&middle), "{offset:?} {step} {middle}");
                        at[axis] += part.fraction * slope[axis];
                    }
                }
            }
        }
    }
}
