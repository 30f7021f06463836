//! Random numbers from a mixed counter (SplitMix64), so that a history can begin from its number; also the sine and
//! cosine of a random angle, and normal deviates.
//!
//! Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014. One history draws a few hundred
//! numbers of a period of 2^64, from a position that the seed and the number of the history decide. Each electron has
//! its own numbers, and each step takes exactly two of them. Two flights of one decay through different tissue
//! therefore stay similar step by step.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Constant that sets a fork apart from the numbers it begins at: the digits of the square root of 2.
const FORK: u64 = 0x6A09_E667_F3BC_C909;

/// The finalizer of SplitMix64.
#[inline(always)]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The random numbers of one history.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Of history `history` in the run with this seed.
    #[inline(always)]
    pub fn new(seed: u64, history: u64) -> Self {
        Self {
            state: mix(mix(seed ^ GOLDEN).wrapping_add(mix(history.wrapping_add(1)))),
        }
    }

    /// Separate numbers for a particle that begins here. None of the present ones is used.
    #[inline(always)]
    pub fn fork(&self) -> Self {
        Self {
            state: mix(self.state ^ FORK),
        }
    }

    /// The next 64 bits.
    #[inline(always)]
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// Uniform in (0, 1), never an end.
    #[inline(always)]
    pub fn uniform(&mut self) -> f32 {
        unit(self.bits() >> 41)
    }
}

/// Writes independent standard normal deviates, the same for a seed and a stream on every machine.
///
/// Box and Muller, A note on the generation of random normal deviates, Ann. Math. Stat. 1958: a pair needs one number of 64
/// bits, 40 for the radius, which ends at 7.4, and 23 for the angle. Each pair follows only from its position.
pub fn fill_normals(seed: u64, stream: u64, out: &mut [f32]) {
    let start = Random::new(seed, stream).state;
    for (pair, two) in out.chunks_mut(2).enumerate() {
        let bits = mix(start.wrapping_add(GOLDEN.wrapping_mul(pair as u64 + 1)));
        let radius = (-2.0 * logarithm(((bits >> 24) as f32 + 0.5) * (1.0 / 1_099_511_627_776.0))).max(0.0).sqrt();
        let (sine, cosine) = sine_cosine(unit(bits));
        two[0] = radius * cosine;
        if let Some(second) = two.get_mut(1) {
            *second = radius * sine;
        }
    }
}

/// Natural logarithm of a normal number above 0, within 3e-7 of its size or of 1: the series of the inverse hyperbolic tangent. The
/// library's own may differ between machines in the last bit.
#[inline(always)]
fn logarithm(x: f32) -> f32 {
    let bits = x.to_bits();
    // The exponent that leaves a mantissa within [sqrt(1/2), sqrt(2)).
    let exponent = (bits.wrapping_sub(0x3F35_04F3) as i32) >> 23;
    let mantissa = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32));
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let q = s * s;
    let series = 2.0 * s * (1.0 + q * (0.333_333_33 + q * (0.2 + q * (0.142_857_15 + q * 0.111_111_11))));
    exponent as f32 * std::f32::consts::LN_2 + series
}

/// 23 bits as a number in (0, 1): `n + 1/2` is exact in single precision, so that neither end is reached by rounding.
#[inline(always)]
pub fn unit(bits: u64) -> f32 {
    ((bits & 0x7F_FFFF) as f32 + 0.5) * (1.0 / 8_388_608.0)
}

/// Sine and cosine of `2 pi u` for `u` in [0, 1]: of `pi (u - 1/2)`'s double angle by Taylor polynomials in single
/// precision, within 4e-7.
#[inline(always)]
pub fn sine_cosine(u: f32) -> (f32, f32) {
    // Half the angle, within [-pi/2, pi/2]; the double angle is then the full circle, turned by pi.
    let h = (u - 0.5) * std::f32::consts::PI;
    let s = h * h;
    let sine = h
        * (1.0
            + s * (-1.666_666_7e-1 + s * (8.333_333e-3 + s * (-1.984_127e-4 + s * (2.755_731e-6 - s * 2.505_2e-8)))));
    let cosine = 1.0
        + s * (-0.5
            + s * (4.166_666_6e-2 + s * (-1.388_889e-3 + s * (2.480_159e-5 + s * (-2.755_73e-7 + s * 2.087_7e-9)))));
    (-2.0 * sine * cosine, sine * sine - cosine * cosine)
}

#[cfg(test)]
mod tests {
    use super::{Random, fill_normals, logarithm, sine_cosine, unit};

    #[test]
    fn sine_and_cosine_are_accurate_around_the_circle() {
        for i in 0..=1000 {
            let u = i as f32 / 1000.0;
            let (s, c) = sine_cosine(u);
            let (es, ec) = (2.0 * std::f64::consts::PI * f64::from(u)).sin_cos();
            assert!((f64::from(s) - es).abs() < 6e-7 && (f64::from(c) - ec).abs() < 6e-7, "{u}: {s} {c}");
        }
    }

    #[test]
    fn uniform_numbers_fill_the_open_interval_evenly() {
        assert!(unit(0) > 0.0 && unit(u64::MAX) < 1.0);
        let mut counts = [0u32; 64];
        for history in 0..20_000 {
            let mut random = Random::new(7, history);
            for _ in 0..16 {
                counts[(random.uniform() * 64.0) as usize] += 1;
            }
        }
        let chi2: f64 = counts.iter().map(|&n| (f64::from(n) - 5000.0).powi(2) / 5000.0).sum();
        assert!((63.0 - chi2).abs() < 45.0, "{chi2}");
    }

    #[test]
    fn histories_and_seeds_differ() {
        let first = |seed, history| Random::new(seed, history).bits();
        assert_ne!(first(1, 2), first(2, 1));
        assert_ne!(first(0, 0), first(0, 1));
        assert_eq!(first(3, 4), first(3, 4));
    }

    #[test]
    fn a_fork_takes_no_numbers_and_shares_none() {
        let mut random = Random::new(5, 6);
        let mut fork = random.fork();
        let own: Vec<u64> = (0..100).map(|_| random.bits()).collect();
        assert_eq!(own[0], Random::new(5, 6).bits());
        assert!((0..100).map(|_| fork.bits()).all(|bits| !own.contains(&bits)));
    }

    #[test]
    fn the_logarithm_is_that_of_the_library() {
        for i in 1..4000 {
            for x in [i as f32 / 4000.0, 2f32.powi(-(i % 40)) * (1.0 + i as f32 / 4000.0)] {
                let expected = f64::from(x).ln();
                assert!((f64::from(logarithm(x)) - expected).abs() < 3e-7 * expected.abs().max(1.0), "{x}");
            }
        }
    }

    #[test]
    fn normal_deviates_have_the_moments_and_tails_of_the_normal_distribution() {
        let mut z = vec![0.0; 1 << 20];
        fill_normals(3, 4, &mut z);
        let count = z.len() as f64;
        let moment = |power| z.iter().map(|&z| f64::from(z).powi(power)).sum::<f64>() / count;
        // Five standard errors of each moment.
        for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            assert!((moment(power) - expected).abs() < 5.0 * (variance / count).sqrt(), "{power}");
        }
        for (beyond, share) in [
            (1.0, 0.317_310_5),
            (1.959_964, 0.05),
            (3.0, 0.002_699_8),
            (4.0, 6.334e-5),
        ] {
            let found = z.iter().filter(|z| z.abs() > beyond).count() as f64;
            assert!((found - share * count).abs() < 5.0 * (share * count).sqrt(), "{beyond}: {found}");
        }
        let next = z.windows(2).map(|w| f64::from(w[0] * w[1])).sum::<f64>() / count;
        assert!(next.abs() < 5.0 / count.sqrt());
    }

    #[test]
    fn streams_of_normal_deviates_begin_alike_at_any_length_and_differ_from_each_other() {
        let (mut short, mut long, mut other) = ([0.0; 5], [0.0; 12], [0.0; 12]);
        fill_normals(1, 2, &mut short);
        fill_normals(1, 2, &mut long);
        fill_normals(1, 3, &mut other);
        assert_eq!(short, long[..5]);
        assert_ne!(long, other);
    }
}
