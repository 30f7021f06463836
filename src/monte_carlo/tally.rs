//! Sums over batches, and their means with standard errors, plain or by the correlated difference.
//!
//! The plain estimate is the mean of the batches, with their spread. For the correlated difference, a batch gives the
//! value `P = D + R` in the map and the value `R` of the same decays in a uniform medium, whose expectation `mu` is
//! known. For any weight `w`
//!
//! ```text
//! mean(D) + w mean(R) + (1 - w) mu
//! ```
//!
//! has the same expectation: `w = 1` is the plain estimate, `w = 0` the correlated difference. The weight of least
//! variance is `-cov(D, R)/var(R)`, here within [0, 1]. If it were computed from the batches to which it is applied, it
//! would follow their noise, and the estimate would have a bias and too small an error. Batches of even and of odd
//! number are therefore two halves. Each uses the weight of the other, so that weight and values are independent.

use crate::error::{Error, Result, check};
use crate::memory;
use crate::parallel::{Cancellation, try_for_each};

/// Elements that one worker adds at a time.
const CHUNK: usize = 1 << 15;
/// Elements that are skipped together if a batch has nothing in them.
const BLOCK: usize = 512;
/// Smallest number of batches of each half for the use of weights; with fewer, the estimate is the plain one.
pub const LEAST_BATCHES: u64 = 5;

/// A mean per decay and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error, from the spread of the batches; NaN with fewer than two.
    pub error: f64,
    /// Weight of the correlated difference, from 0 (plain) to 1.
    pub difference_weight: f64,
}

impl Estimate {
    /// The same in another unit.
    pub fn scaled(self, factor: f64) -> Self {
        Self {
            mean: self.mean * factor,
            error: self.error * factor,
            ..self
        }
    }
}

/// Sums over the batches for one element: `D`, `D^2`, and with a reference `R`, `R^2`, `D R`.
const PLAIN: usize = 2;
const CORRELATED: usize = 5;

/// Sums over batches for many elements (voxels or structures).
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// One vector for each sum: those of the even batches, then those of the odd ones; without a reference those of all.
    sums: Vec<Vec<f64>>,
    is_correlated: bool,
    batches: u64,
}

/// The sums of one element over `n` batches.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: f64,
    d: f64,
    dd: f64,
    r: f64,
    rr: f64,
    dr: f64,
}

impl Sums {
    fn joined(self, other: Self) -> Self {
        Self {
            n: self.n + other.n,
            d: self.d + other.d,
            dd: self.dd + other.dd,
            r: self.r + other.r,
            rr: self.rr + other.rr,
            dr: self.dr + other.dr,
        }
    }

    /// The weight of `R` that makes the variance of `D + w R` least.
    fn weight(self) -> f64 {
        let spread = self.rr - self.r * self.r / self.n;
        let common = self.dr - self.d * self.r / self.n;
        if self.dd == 0.0 {
            0.0
        } else if spread <= 0.0 {
            1.0
        } else {
            (-common / spread).clamp(0.0, 1.0)
        }
    }

    /// Mean of `D + w R` and its variance.
    fn mean(self, w: f64) -> (f64, f64) {
        let sum = self.d + w * self.r;
        let squares = self.dd + w * (2.0 * self.dr + w * self.rr);
        let variance = (squares - sum * sum / self.n).max(0.0) / (self.n - 1.0) / self.n;
        (sum / self.n, if self.n < 2.0 { f64::NAN } else { variance })
    }
}

impl Tally {
    /// For so many elements, with or without a reference.
    pub fn new(elements: usize, is_correlated: bool) -> Result<Self> {
        let count = if is_correlated { 2 * CORRELATED } else { PLAIN };
        let mut sums = memory::reserved("sums", count)?;
        for _ in 0..count {
            sums.push(memory::filled("sums over batches", 0.0, elements)?);
        }
        Ok(Self {
            sums,
            is_correlated,
            batches: 0,
        })
    }

    /// Memory in bytes for one element.
    pub fn bytes(is_correlated: bool) -> usize {
        8 * if is_correlated { 2 * CORRELATED } else { PLAIN }
    }

    /// Elements.
    pub fn len(&self) -> usize {
        self.sums[0].len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Batches added.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// Adds batches in their order: the values `D` of each (all of `P` without a reference), and those of `R`.
    pub fn add(&mut self, batches: &[(&[f64], &[f64])], threads: usize) -> Result<()> {
        let chunks = self.len().div_ceil(CHUNK);
        let mut rows: Vec<Vec<&mut [f64]>> = memory::reserved("sums", chunks)?;
        rows.resize_with(chunks, Vec::new);
        for sum in &mut self.sums {
            for (row, chunk) in rows.iter_mut().zip(sum.chunks_mut(CHUNK)) {
                row.push(chunk);
            }
        }
        let (first, is_correlated) = (self.batches, self.is_correlated);
        // This must not be stopped half way, because a sum with some of the batches would be lost.
        try_for_each(rows.into_iter().enumerate(), threads, &Cancellation::never(), |(i, mut row)| {
            for (number, (d, r)) in (first..).zip(batches) {
                let half = (number % 2) as usize * CORRELATED;
                let end = i * CHUNK + row[0].len();
                if is_correlated {
                    add_correlated(&mut row[half..half + CORRELATED], &d[i * CHUNK..end], &r[i * CHUNK..end]);
                } else {
                    add_plain(&mut row, &d[i * CHUNK..end]);
                }
            }
            Ok(())
        })?;
        self.batches += batches.len() as u64;
        Ok(())
    }

    /// Sum over elements and batches of `P`.
    pub fn total(&self) -> f64 {
        let of = |n: usize| self.sums[n].iter().sum::<f64>();
        if self.is_correlated {
            of(0) + of(2) + of(CORRELATED) + of(CORRELATED + 2)
        } else {
            of(0)
        }
    }

    /// Mean of a batch at one element. `expected` is the expectation of `R` with its standard error; neither is used
    /// without a reference.
    pub fn estimate(&self, element: usize, expected: Expected) -> Estimate {
        if !self.is_correlated {
            let (mean, variance) = self.sums_at(0, self.batches, element).mean(0.0);
            return Estimate {
                mean,
                error: variance.sqrt(),
                difference_weight: 0.0,
            };
        }
        let odd = self.batches / 2;
        let halves = [
            self.sums_at(0, self.batches - odd, element),
            self.sums_at(CORRELATED, odd, element),
        ];
        if odd < LEAST_BATCHES {
            let (mean, variance) = halves[0].joined(halves[1]).mean(1.0);
            return Estimate {
                mean,
                error: variance.sqrt(),
                difference_weight: 0.0,
            };
        }
        let n = self.batches as f64;
        let (mut mean, mut variance, mut difference_weight) = (0.0, 0.0, 0.0);
        for (half, other) in [(halves[0], halves[1]), (halves[1], halves[0])] {
            let w = other.weight();
            let (of_half, spread) = half.mean(w);
            let share = half.n / n;
            mean += share * (of_half + (1.0 - w) * expected.mean);
            variance += share * share * spread;
            difference_weight += share * (1.0 - w);
        }
        let of_expected = difference_weight * expected.error;
        Estimate {
            mean,
            error: (variance + of_expected * of_expected).sqrt(),
            difference_weight,
        }
    }

    /// Sums that are kept for one element.
    pub fn sums_per_element(&self) -> usize {
        self.sums.len()
    }

    /// Writes the sums, each for all elements.
    pub fn write(&self, sums: &mut [f64]) -> Result<()> {
        self.check_length(sums.len())?;
        for (sum, out) in self.sums.iter().zip(sums.chunks_mut(self.len().max(1))) {
            out.copy_from_slice(sum);
        }
        Ok(())
    }

    /// Errors unless these could be sums of such a tally.
    pub fn check(&self, sums: &[f64]) -> Result<()> {
        self.check_length(sums.len())?;
        for (n, values) in sums.chunks(self.len().max(1)).enumerate() {
            // Differences and their products with the reference may be negative, squares and energies never.
            let is_signed = self.is_correlated && matches!(n % CORRELATED, 0 | 4);
            for &value in values {
                check::non_negative("sum of a run", if is_signed { value.abs() } else { value })?;
            }
        }
        Ok(())
    }

    /// Takes sums that [`Tally::check`] has passed.
    pub fn restore(&mut self, batches: u64, sums: &[f64]) {
        let elements = self.len().max(1);
        for (sum, values) in self.sums.iter_mut().zip(sums.chunks(elements)) {
            sum.copy_from_slice(values);
        }
        self.batches = batches;
    }

    fn check_length(&self, length: usize) -> Result<()> {
        let expected = self.sums.len() * self.len();
        if length == expected {
            return Ok(());
        }
        Err(Error::Shape {
            quantity: "sums of a run".into(),
            shape: vec![length],
            requirement: format!("{expected} values"),
        })
    }

    fn sums_at(&self, half: usize, batches: u64, element: usize) -> Sums {
        let at = |n: usize| self.sums[half + n][element];
        let plain = Sums {
            n: batches as f64,
            d: at(0),
            dd: at(1),
            ..Sums::default()
        };
        if !self.is_correlated {
            return plain;
        }
        Sums {
            r: at(2),
            rr: at(3),
            dr: at(4),
            ..plain
        }
    }
}

/// Energy of a batch in the uniform medium.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Expected {
    /// Its expectation.
    pub mean: f64,
    /// The standard error of that.
    pub error: f64,
}

fn add_plain(sums: &mut [&mut [f64]], values: &[f64]) {
    let [d, dd] = sums else { return };
    for (block, values) in values.chunks(BLOCK).enumerate() {
        if values.iter().all(|&v| v == 0.0) {
            continue;
        }
        let at = block * BLOCK..block * BLOCK + values.len();
        for ((d, dd), v) in d[at.clone()].iter_mut().zip(&mut dd[at]).zip(values) {
            *d += v;
            *dd += v * v;
        }
    }
}

fn add_correlated(sums: &mut [&mut [f64]], differences: &[f64], references: &[f64]) {
    let [d, dd, r, rr, dr] = sums else { return };
    for start in (0..differences.len()).step_by(BLOCK) {
        let at = start..differences.len().min(start + BLOCK);
        let (differences, references) = (&differences[at.clone()], &references[at.clone()]);
        if differences.iter().chain(references).all(|&v| v == 0.0) {
            continue;
        }
        let sums = d[at.clone()].iter_mut().zip(&mut dd[at.clone()]).zip(&mut r[at.clone()]);
        let sums = sums.zip(&mut rr[at.clone()]).zip(&mut dr[at]);
        for (((((d, dd), r), rr), dr), (x, y)) in sums.zip(differences.iter().zip(references)) {
            *d += x;
            *dd += x * x;
            *r += y;
            *rr += y * y;
            *dr += x * y;
        }
    }
}

#[cfg(test)]
mod tests;
