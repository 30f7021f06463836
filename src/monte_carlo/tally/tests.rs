use super::{Expected, LEAST_BATCHES, Tally};
use crate::random::Random;

/// Two values of `n` batches: `R` about 3 with spread 1, `D = slope (R - 3) + noise`.
fn tally(seed: u64, n: u64, slope: f64, noise: f64) -> Tally {
    let mut random = Random::new(seed, 0);
    // A sum of twelve, to be nearly normal.
    let mut normal = || (0..12).map(|_| f64::from(random.uniform())).sum::<f64>() - 6.0;
    let mut tally = Tally::new(1, true).unwrap();
    for _ in 0..n {
        let r = 3.0 + normal();
        let d = slope * (r - 3.0) + noise * normal();
        tally.add(&[(&[d], &[r])], 1).unwrap();
    }
    tally
}

const KNOWN: Expected = Expected { mean: 3.0, error: 0.0 };

#[test]
fn the_weight_follows_the_variance() {
    // If D does not follow R, the difference alone is best. If D = -R + noise, R has no information on P.
    assert!(tally(1, 200, 0.0, 0.1).estimate(0, KNOWN).difference_weight > 0.95);
    assert!(tally(1, 200, -1.0, 2.0).estimate(0, KNOWN).difference_weight < 0.2);
    let half = tally(1, 400, -0.5, 0.3).estimate(0, KNOWN);
    assert!((half.difference_weight - 0.5).abs() < 0.05);
    assert!(half.error < 0.6 * tally(1, 400, -0.5, 0.3).plain_error());
}

impl Tally {
    fn plain_error(&self) -> f64 {
        let joined = self.sums_at(0, self.batches.div_ceil(2), 0).joined(self.sums_at(5, self.batches / 2, 0));
        joined.mean(1.0).1.sqrt()
    }
}

#[test]
fn estimates_have_no_bias_and_their_stated_spread() {
    for (slope, noise) in [(0.0, 0.3), (-0.7, 0.5), (-1.0, 1.0), (-1.5, 1.0)] {
        let runs = 4000;
        let z: Vec<f64> = (0..runs)
            .map(|seed| tally(seed, 20, slope, noise).estimate(0, KNOWN))
            .map(|found| (found.mean - 3.0) / found.error)
            .collect();
        let mean = z.iter().sum::<f64>() / runs as f64;
        let spread = (z.iter().map(|z| z * z).sum::<f64>() / runs as f64).sqrt();
        // Errors from twenty batches: Student's t in place of a normal distribution.
        assert!(mean.abs() < 0.06 && (spread - 1.05).abs() < 0.06, "{slope} {noise}: {mean} {spread}");
    }
}

#[test]
fn equal_maps_have_the_expectation_itself() {
    let found = tally(3, 20, 0.0, 0.0).estimate(0, Expected { mean: 2.5, error: 0.25 });
    assert_eq!((found.mean, found.error, found.difference_weight), (2.5, 0.25, 1.0));
}

#[test]
fn few_batches_give_the_plain_estimate() {
    let few = tally(4, 2 * LEAST_BATCHES - 1, 0.0, 0.1).estimate(0, KNOWN);
    assert_eq!(few.difference_weight, 0.0);
    assert!(tally(4, 1, 0.0, 0.1).estimate(0, KNOWN).error.is_nan());
}

#[test]
fn batches_added_together_or_one_by_one_are_the_same() {
    let values: Vec<Vec<f64>> = (0..7).map(|b| (0..70_000).map(|i| f64::from((i * 7 + b) % 13)).collect()).collect();
    let (mut one, mut all) = (Tally::new(70_000, true).unwrap(), Tally::new(70_000, true).unwrap());
    let pairs: Vec<(&[f64], &[f64])> = values.iter().zip(values.iter().rev()).map(|(d, r)| (&d[..], &r[..])).collect();
    pairs.iter().for_each(|pair| one.add(&[*pair], 1).unwrap());
    all.add(&pairs, 3).unwrap();
    assert_eq!(one, all);
    let sum: f64 = pairs.iter().map(|(d, r)| d.iter().sum::<f64>() + r.iter().sum::<f64>()).sum();
    assert_eq!(one.total(), sum);
}
