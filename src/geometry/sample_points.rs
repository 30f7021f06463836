//! Points spread evenly over a voxel, by an additive recurrence on the three powers of 1/g with g^4 = g + 1.
//!
//! After Roberts 2018, "The unreasonable effectiveness of quasirandom sequences" (source: roberts2018). The points
//! are stratified in every projection: a surface almost parallel to the voxel's faces is resolved to 1/N of the voxel,
//! whereas a cubic lattice of as many points gives 1/N^(1/3), with the same error in all voxels along the surface.

use super::affine::IndexMap;

/// The real root of g^4 = g + 1.
const G: f64 = 1.220_744_084_605_759_5;

/// Sample points of a target voxel relative to its center, in source voxels.
pub(super) fn points(map: &IndexMap, count: u32) -> Vec<[f64; 3]> {
    let unit = |n: u32, power: i32| (0.5 + f64::from(n) * G.powi(-power)).fract() - 0.5;
    (1..=count)
        .map(|n| {
            let u = [unit(n, 1), unit(n, 2), unit(n, 3)];
            map.linear.map(|row| row[0] * u[0] + row[1] * u[1] + row[2] * u[2])
        })
        .collect()
}
