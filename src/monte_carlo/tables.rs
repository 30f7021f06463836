//! Tables for the transport in each substance, on a grid of energies whose index is read from the bits of a number.
//!
//! A step takes the fraction [`STEP`] of the kinetic energy as mean continuous loss. All properties of a step are
//! therefore functions of substance and energy: its scattering, its number of hard collisions, and the straggling of
//! its loss.

use super::interactions::{Interactions, integrate};
use super::multiple_scattering::{QUANTILES, Scattering};
use super::substance::Substance;

/// Fraction of the kinetic energy that one step loses continuously, in the mean.
pub const STEP: f32 = 0.10;
/// Electrons below this kinetic energy in MeV are absorbed at their position; their range is 9 um of water.
pub const CUT_MEV: f32 = 0.02;
/// Losses to atomic electrons above this, in MeV, are explicit collisions; the others are continuous.
pub const SOFT_LIMIT_MEV: f64 = 0.02;
/// Photons above this energy in MeV carry it away; softer ones are absorbed at their origin.
pub const PHOTON_LIMIT_MEV: f64 = 0.02;
/// `k dsigma/dk` of bremsstrahlung falls linearly by this fraction from `k = 0` to `k = T`, a fit by eye to Seltzer and
/// Berger, At Data Nucl Data Tables 35 (1986) 345, for oxygen at 1 MeV. The mean loss does not depend on it.
pub const PHOTON_SLOPE: f64 = 0.8;

/// Lowest and highest power of two of the grid, and the points of an octave.
const LOWEST: i32 = -7;
const OCTAVES: u32 = 9;
const BITS: u32 = 5;
const POINTS: usize = ((OCTAVES << BITS) + 1) as usize;
/// Points of the grid for one table of angles.
const STRIDE: usize = 4;

/// Everything about one step at one energy.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(32))]
pub struct Row {
    /// Continuous loss in MeV per mm and g/mL, in the mean over the path of the step.
    pub stopping: f32,
    /// Longest path that the energy can last, in mm g/mL.
    pub range: f32,
    /// Standard deviation of the continuous loss of a step over its mean.
    pub straggling: f32,
    /// Probability that a step has no hard collision and no photon.
    pub undisturbed: f32,
    /// Fraction of these events that are photons.
    pub photons: f32,
    /// Fraction of the energy that photons will carry away until the electron stops.
    pub radiation_yield: f32,
}

/// A position on the grid of energies.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    index: usize,
    fraction: f32,
}

impl Point {
    /// Of a kinetic energy in MeV within the grid.
    #[inline(always)]
    pub fn new(energy: f32) -> Self {
        const SHIFT: u32 = 23 - BITS;
        const FIRST: usize = (((127 + LOWEST) as u32) << BITS) as usize;
        let bits = energy.to_bits();
        Self {
            index: ((bits >> SHIFT) as usize).wrapping_sub(FIRST).min(POINTS - 2),
            fraction: (bits & ((1 << SHIFT) - 1)) as f32 * (1.0 / (1 << SHIFT) as f32),
        }
    }

    fn energy(index: usize) -> f64 {
        let (octave, part) = (index >> BITS, index & ((1 << BITS) - 1));
        f64::from(LOWEST + octave as i32).exp2() * (1.0 + part as f64 / f64::from(1 << BITS))
    }
}

/// The tables of one substance.
#[derive(Debug, Clone)]
struct Table {
    rows: Vec<Row>,
    angles: Vec<[f32; QUANTILES]>,
}

/// The tables of every substance in use.
#[derive(Debug, Clone)]
pub struct Tables {
    tables: Vec<Table>,
    straggling: [f32; STRAGGLING],
}

const STRAGGLING: usize = 256;

impl Tables {
    /// Of these substances, in this order.
    pub fn new(substances: &[Substance]) -> Self {
        Self {
            tables: substances.iter().map(|&substance| Table::new(substance)).collect(),
            straggling: straggling(),
        }
    }

    /// Number of substances.
    pub fn count(&self) -> usize {
        self.tables.len()
    }

    /// Continuous loss in MeV per mm and g/mL.
    #[inline(always)]
    pub fn stopping(&self, medium: usize, point: Point) -> f32 {
        let rows = &self.tables[medium].rows;
        let (low, high) = (rows[point.index].stopping, rows[point.index + 1].stopping);
        low + (high - low) * point.fraction
    }

    /// All properties of a step at that energy.
    #[inline(always)]
    pub fn row(&self, medium: usize, point: Point) -> Row {
        let rows = &self.tables[medium].rows;
        let (a, b, f) = (&rows[point.index], &rows[point.index + 1], point.fraction);
        let between = |a: f32, b: f32| a + (b - a) * f;
        Row {
            stopping: between(a.stopping, b.stopping),
            range: between(a.range, b.range),
            straggling: between(a.straggling, b.straggling),
            undisturbed: between(a.undisturbed, b.undisturbed),
            photons: between(a.photons, b.photons),
            radiation_yield: between(a.radiation_yield, b.radiation_yield),
        }
    }

    /// Quantiles of the deflection in a step: of the energy below or above, by chance, so that the mixture has the
    /// moments in between.
    #[inline(always)]
    pub fn angles(&self, medium: usize, point: Point, chance: f32) -> &[f32; QUANTILES] {
        let place = (point.index % STRIDE) as f32 + point.fraction;
        let above = usize::from(chance * (STRIDE as f32) < place);
        &self.tables[medium].angles[point.index / STRIDE + above]
    }

    /// Deviation of a continuous loss from its mean, in standard deviations; `bits` are eight random ones.
    #[inline(always)]
    pub fn departure(&self, bits: u64) -> f32 {
        self.straggling[(bits & 0xFF) as usize]
    }
}

/// A gamma distribution of shape 4, moved and scaled to mean 0 and variance 1, at the middles of equal probabilities.
/// Its skewness of 1 is that of the loss below [`SOFT_LIMIT_MEV`] in a step at 1 MeV.
fn straggling() -> [f32; STRAGGLING] {
    let quantile = |probability: f64| {
        let (mut low, mut high) = (0.0, 40.0);
        for _ in 0..60 {
            let x: f64 = 0.5 * (low + high);
            let below = 1.0 - (-x).exp() * (1.0 + x + x * x / 2.0 + x * x * x / 6.0);
            if below < probability { low = x } else { high = x }
        }
        0.5 * (low + high)
    };
    let mut values = [0.0; STRAGGLING];
    for (i, value) in values.iter_mut().enumerate() {
        *value = quantile((i as f64 + 0.5) / STRAGGLING as f64);
    }
    let mean = values.iter().sum::<f64>() / STRAGGLING as f64;
    let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / STRAGGLING as f64;
    values.map(|x| ((x - mean) / variance.sqrt()) as f32)
}

/// The continuous and the discrete part of the losses at one energy, per g/cm2.
struct Losses {
    continuous: f64,
    variance: f64,
    collisions: f64,
    photons: f64,
    radiated: f64,
    total: f64,
}

impl Losses {
    fn at(interactions: &Interactions, energy: f64) -> Self {
        let collision = interactions.collision_stopping(energy);
        let radiative = interactions.radiative_stopping(energy);
        let hard = interactions.moller_moment(energy, SOFT_LIMIT_MEV, energy, 1);
        let k = PHOTON_LIMIT_MEV.min(energy);
        let y = k / energy;
        // k dsigma/dk = c (1 - slope k/T), c T (1 - slope/2) = radiative stopping power.
        let c = radiative / (energy * (1.0 - 0.5 * PHOTON_SLOPE));
        let absorbed = c * k * (1.0 - 0.5 * PHOTON_SLOPE * y);
        Self {
            continuous: collision - hard + absorbed,
            variance: interactions.moller_moment(energy, 0.0, SOFT_LIMIT_MEV, 2),
            collisions: interactions.moller_moment(energy, SOFT_LIMIT_MEV, energy, 0),
            photons: c * (-y.ln() - PHOTON_SLOPE * (1.0 - y)),
            radiated: radiative - absorbed,
            total: collision + radiative,
        }
    }
}

/// Energies of a step and the share of its continuous loss at each, by Gauss's rule of two points. The step spans the
/// whole mean loss, with that of collisions and photons.
fn step_energies(energy: f64, losses: &impl Fn(f64) -> Losses) -> [f64; 2] {
    let here = losses(energy * (1.0 - 0.5 * f64::from(STEP)));
    let span = f64::from(STEP) * (here.total / here.continuous);
    let offset = 0.5 / 3f64.sqrt();
    [0.5 - offset, 0.5 + offset].map(|s| energy * (1.0 - span * s))
}

/// Mean path per continuous loss in mm g/mL per MeV over the continuous loss of a step. Losses by collisions are left
/// out, because the flight after a collision is that of the remaining energy.
fn over_loss(energy: f64, losses: &impl Fn(f64) -> Losses) -> f64 {
    let offset = 0.5 / 3f64.sqrt();
    let at = |s: f64| 0.5 * 10.0 / losses(energy * (1.0 - f64::from(STEP) * s)).continuous;
    at(0.5 - offset) + at(0.5 + offset)
}

impl Table {
    fn new(substance: Substance) -> Self {
        let interactions = Interactions::new(substance);
        let losses = |energy: f64| Losses::at(&interactions, energy);
        // From g/cm2 to mm g/mL.
        const PER_CM: f64 = 10.0;
        let mut rows = vec![Row::default(); POINTS];
        let (mut range, mut radiated) = (0.0, 0.0);
        for (index, row) in rows.iter_mut().enumerate() {
            let energy = Point::energy(index);
            let below = if index == 0 { 0.0 } else { Point::energy(index - 1) };
            if index == 0 {
                range = PER_CM * energy / losses(energy).continuous;
            } else {
                range += PER_CM * integrate(below, energy, 2, |e| 1.0 / losses(e).continuous);
                radiated += integrate(below, energy, 2, |e| {
                    let l = losses(e);
                    l.radiated / l.total
                });
            }
            let loss = energy * f64::from(STEP);
            let step = step_energies(energy, &losses).map(losses);
            // The integral of a rate over the path of the step.
            let per_loss =
                |f: &dyn Fn(&Losses) -> f64| loss * step.iter().map(|l| 0.5 * f(l) / l.continuous).sum::<f64>();
            let (collisions, photons) = (per_loss(&|l| l.collisions), per_loss(&|l| l.photons));
            let variance = per_loss(&|l| l.variance);
            *row = Row {
                stopping: (1.0 / over_loss(energy, &losses)) as f32,
                range: range as f32,
                straggling: (variance.sqrt() / loss) as f32,
                undisturbed: (-collisions - photons).exp() as f32,
                photons: if photons > 0.0 {
                    (photons / (collisions + photons)) as f32
                } else {
                    0.0
                },
                radiation_yield: (radiated / energy) as f32,
            };
        }
        let scattering = Scattering::new(&interactions, SOFT_LIMIT_MEV);
        let angles = (0..=(POINTS - 1) / STRIDE)
            .map(|i| {
                let energy = Point::energy(i * STRIDE);
                let loss = energy * f64::from(STEP);
                let [a, b] = step_energies(energy, &losses).map(|e| {
                    let path = 0.5 * loss / losses(e).continuous;
                    scattering.powers(e, path).into_iter().map(move |power| power * path).collect::<Vec<_>>()
                });
                let sums: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
                Scattering::quantiles(&sums)
            })
            .collect();
        Self { rows, angles }
    }
}

#[cfg(test)]
mod tests {
    use super::{Point, Tables};
    use crate::monte_carlo::interactions::Interactions;
    use crate::monte_carlo::substance::Substance;

    #[test]
    fn the_index_of_an_energy_is_read_from_its_bits() {
        for energy in [0.008f32, 0.0201, 0.5, 0.9999, 1.0, 2.2785, 3.9] {
            let point = Point::new(energy);
            let (low, high) = (Point::energy(point.index), Point::energy(point.index + 1));
            let back = low + (high - low) * f64::from(point.fraction);
            assert!((back / f64::from(energy) - 1.0).abs() < 1e-6, "{energy}: {back}");
        }
    }

    #[test]
    fn continuous_and_discrete_losses_add_up_to_the_stopping_power() {
        let tables = Tables::new(&[Substance::Water]);
        let water = Interactions::new(Substance::Water);
        // Below twice the limit no collision is hard, and very few photons leave.
        let energy = 0.039;
        let row = tables.row(0, Point::new(energy as f32));
        let middle = energy * (1.0 - 0.5 * f64::from(super::STEP));
        let expected = water.collision_stopping(middle) / 10.0;
        assert!((f64::from(row.stopping) / expected - 1.0).abs() < 2e-3);
        // The range in water at 1 MeV is 0.437 g/cm2 (ICRU Report 37) if all losses are continuous.
        let longest = f64::from(tables.row(0, Point::new(1.0)).range);
        assert!(longest > 4.37 && longest < 1.2 * 4.37, "{longest}");
    }

    #[test]
    fn departures_have_mean_zero_and_variance_one() {
        let tables = Tables::new(&[]);
        let mean: f32 = (0..256).map(|i| tables.departure(i)).sum();
        let variance: f32 = (0..256).map(|i| tables.departure(i).powi(2)).sum();
        assert!(mean.abs() < 1e-4 && (variance / 256.0 - 1.0).abs() < 1e-5);
    }
}
