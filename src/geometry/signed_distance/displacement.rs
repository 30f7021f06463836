//! Displacements of a surface, and the random field of a displacement that varies along it.

use crate::error::{Result, check};
use crate::memory;
use crate::random::{fill_normals, sine_cosine};

/// Waves of a correlated displacement. Their directions and lengths are drawn, so that the correlation is exact on average.
const WAVES: usize = 64;
/// Standard deviations beyond which a correlated displacement is not computed.
const LARGEST: f32 = 5.0;

/// Displacement of a surface along its outward normal, in mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Displacement {
    /// Everywhere the same.
    Uniform(f64),
    /// A Gaussian random field with the correlation `exp(-r^2 / (2 l^2))` of two points at the distance `r`.
    Correlated {
        /// Standard deviation in mm.
        standard_deviation_mm: f64,
        /// Length `l` in mm.
        correlation_mm: f64,
        /// Seed of the field.
        seed: u64,
        /// Number of the field.
        stream: u64,
    },
}

/// A displacement as a sum of waves: `u sum_m (a_m cos(k_m x) + b_m sin(k_m x)) / sqrt(M)` with normal `a`, `b` and `k l`.
///
/// Rahimi and Recht, Random features for large-scale kernel machines, NIPS 2007.
pub(super) struct Waves {
    constant: f32,
    /// Largest depth at which a displacement may change a fraction.
    bound: f32,
    /// Turns per voxel along each axis, and the two amplitudes.
    waves: Vec<([f32; 3], f32, f32)>,
}

impl Waves {
    pub(super) fn new(by: Displacement, size_mm: [f32; 3]) -> Result<Self> {
        let largest_size = size_mm.iter().fold(0.0f32, |most, &s| most.max(s));
        match by {
            Displacement::Uniform(mm) => Ok(Self {
                constant: check::within("displacement in mm", mm, f64::MIN, f64::MAX)? as f32,
                bound: 0.0,
                waves: Vec::new(),
            }),
            Displacement::Correlated {
                standard_deviation_mm,
                correlation_mm,
                seed,
                stream,
            } => {
                let u =
                    check::non_negative("standard deviation of the displacement in mm", standard_deviation_mm)? as f32;
                let length = check::positive("correlation length in mm", correlation_mm)? as f32;
                let mut z = [0.0; 5 * WAVES];
                fill_normals(seed, stream, &mut z);
                let amplitude = u / (WAVES as f32).sqrt();
                let turns = |z: f32, a: usize| z / length * size_mm[a] / (2.0 * std::f32::consts::PI);
                let (five, _) = z.as_chunks::<5>();
                let wave = |z: &[f32; 5]| ([0, 1, 2].map(|a| turns(z[a], a)), amplitude * z[3], amplitude * z[4]);
                Ok(Self {
                    constant: 0.0,
                    bound: LARGEST * u + largest_size,
                    waves: memory::collected("waves of a displacement", five.iter().map(wave))?,
                })
            }
        }
    }

    /// Adds the displacement of a row to its depths near the surface.
    pub(super) fn add(&self, k: usize, j: usize, depth: &mut [f32], replace: impl Fn(f32) -> f32) {
        if self.waves.is_empty() {
            let constant = replace(self.constant);
            depth.iter_mut().for_each(|d| *d += constant);
            return;
        }
        let near = |d: &f32| d.abs() < self.bound;
        let (Some(first), Some(last)) = (depth.iter().position(near), depth.iter().rposition(near)) else {
            return;
        };
        let (mut cosines, mut sines) = ([0.0f32; WAVES], [0.0f32; WAVES]);
        let (mut turn_cosines, mut turn_sines) = ([0.0f32; WAVES], [0.0f32; WAVES]);
        for (m, (turns, a, b)) in self.waves.iter().enumerate() {
            let start = turns[0] * k as f32 + turns[1] * j as f32 + turns[2] * first as f32;
            let (sine, cosine) = sine_cosine(start - start.floor());
            // The wave as the real part of (a - i b) e^(i phase), which turns from voxel to voxel.
            (cosines[m], sines[m]) = (a * cosine + b * sine, a * sine - b * cosine);
            (turn_sines[m], turn_cosines[m]) = sine_cosine(turns[2] - turns[2].floor());
        }
        for d in &mut depth[first..=last] {
            if near(d) {
                *d += replace(cosines.iter().sum::<f32>());
            }
            for m in 0..WAVES {
                let (c, s) = (cosines[m], sines[m]);
                cosines[m] = c * turn_cosines[m] - s * turn_sines[m];
                sines[m] = s * turn_cosines[m] + c * turn_sines[m];
            }
        }
    }
}
