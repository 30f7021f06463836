//! Random numbers: a counter that is mixed (SplitMix64), so that a history needs nothing but its number to start, and the
//! sine and cosine of a random angle.
//!
//! Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014. One history draws a few hundred
//! numbers of a period of 2^64 from a place that the seed and the number of the history decide. Each electron has numbers
//! of its own, and each step takes two of them, whatever happens in it: two flights of one decay through different
//! tissue stay alike step by step.

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

    /// Numbers of their own for something that begins here. None of the present ones is taken.
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
    use super::{Random, sine_cosine, unit};

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
}
