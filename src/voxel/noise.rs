//! Noise of an image, drawn for each voxel as an independent normal deviate times its standard deviation.
//!
//! A convolution with the point spread function of the noise makes them correlated, so that one plan serves all draws.

use crate::error::{Error, Result};
use crate::memory;
use crate::parallel::Workers;
use crate::random::fill_normals;

/// Voxels of one portion of the work. Each portion has its own stream, so that the result does not depend on threads.
const PORTION: usize = 1 << 14;

/// Writes `out[n] = standard_deviation[n] z[n]` with independent standard normal `z` of the seed and the draw.
///
/// Returns an error if the lengths differ, or the caller cancels.
pub fn draw_noise(
    standard_deviation: &[f32],
    seed: u64,
    draw: u32,
    out: &mut [f32],
    workers: &Workers<'_>,
) -> Result<()> {
    if out.len() != standard_deviation.len() {
        return Err(Error::Shape {
            quantity: "output".into(),
            shape: vec![out.len()],
            requirement: format!("as many voxels as the standard deviation ({})", standard_deviation.len()),
        });
    }
    let portions = standard_deviation.chunks(PORTION).zip(out.chunks_mut(PORTION)).enumerate();
    workers.for_each(portions, |(portion, (deviation, out))| {
        // A portion without noise, such as air around the body, draws no numbers.
        if deviation.iter().all(|&u| u == 0.0) {
            out.fill(0.0);
            return Ok(());
        }
        fill_normals(seed, (portion as u64) << 32 | u64::from(draw), out);
        out.iter_mut().zip(deviation).for_each(|(z, &u)| *z *= u);
        Ok(())
    })
}

/// `count` independent standard normal deviates of a seed and a stream.
///
/// Returns an error if there is no memory for them.
pub fn standard_normals(seed: u64, stream: u64, count: usize) -> Result<Vec<f64>> {
    let mut z = memory::zeroed("normal deviates", count)?;
    fill_normals(seed, stream, &mut z);
    memory::collected("normal deviates", z.into_iter().map(f64::from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::Cancellation;

    #[test]
    fn noise_does_not_depend_on_the_threads_and_has_the_standard_deviation_of_its_voxel() {
        let deviation: Vec<f32> = (0..100_000).map(|n| [0.0, 0.5, 3.0][n / 40_000]).collect();
        let never = Cancellation::never();
        let drawn = |threads| {
            let mut out = vec![9.0; deviation.len()];
            draw_noise(&deviation, 7, 2, &mut out, &Workers::new(Some(threads), &never).unwrap()).unwrap();
            out
        };
        let noise = drawn(1);
        assert_eq!(noise, drawn(3));
        assert!(noise[..32_768].iter().all(|&z| z == 0.0));
        for (range, expected) in [(40_000..80_000, 0.25), (80_000..100_000, 9.0)] {
            let count = range.len() as f64;
            let variance = noise[range].iter().map(|&z| f64::from(z).powi(2)).sum::<f64>() / count;
            assert!((variance / expected - 1.0).abs() < 5.0 * (2.0 / count).sqrt(), "{variance}");
        }
    }
}
