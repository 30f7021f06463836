//! Transport of one electron in steps with a random hinge.
//!
//! A step loses the fraction [`STEP`](super::tables::STEP) of the energy continuously in the mean. The electron flies
//! straight over a random part of that loss, is deflected once, by as much as the whole step deflects it, and flies
//! over the rest (Fernandez-Varea et al., Nucl Instrum Methods B 73 (1993) 447). At the hinge the step's hard collisions
//! happen too; a collision sends out a further electron. A step is measured in energy lost, so that it may end in
//! another substance and density than it began. Deflection and collisions are those of the substance at the hinge. The
//! probability that the hinge lies in a substance is the share of that substance in the step.

use super::interactions::{ELECTRON_MEV, Moller};
use super::multiple_scattering::deflection;
use super::tables::{CUT_MEV, PHOTON_LIMIT_MEV, PHOTON_SLOPE, Point, SOFT_LIMIT_MEV, STEP, Tables};
use crate::random::{Random, sine_cosine, unit};

const REST: f32 = ELECTRON_MEV as f32;

/// Geometry in which electrons fly and energy is collected.
pub trait Space {
    /// A position.
    type Place: Copy;
    /// Position of the electron.
    fn place(&self) -> Self::Place;
    /// Puts the electron somewhere.
    fn put(&mut self, place: Self::Place);
    /// The substance there, as an index into the tables.
    fn medium(&self) -> usize;
    /// Shortest path in mm g/mL to a region in which energy is counted separately.
    fn clearance(&self) -> f32;
    /// Flies straight until the mean continuous loss is `loss`, and deposits `scale` times the loss on the way. What is
    /// left of `loss` if the electron leaves the space, otherwise 0.
    fn fly(&mut self, direction: &[f32; 3], loss: f32, scale: f32, tables: &Tables, point: Point) -> f32;
    /// Deposits energy where the electron is.
    fn deposit(&mut self, energy: f32);
}

/// An electron that is to be followed later.
#[derive(Debug, Clone)]
pub struct Electron<P> {
    energy: f32,
    direction: [f32; 3],
    place: P,
    random: Random,
}

/// Follows an electron and all its secondary electrons; returns the energy that leaves the space, in MeV.
#[inline(always)]
pub fn follow<S: Space>(
    space: &mut S,
    tables: &Tables,
    mut random: Random,
    stack: &mut Vec<Electron<S::Place>>,
    mut energy: f32,
    mut direction: [f32; 3],
) -> f32 {
    let mut escaped = 0.0;
    loop {
        escaped += follow_one(space, tables, &mut random, stack, energy, direction);
        match stack.pop() {
            None => return escaped,
            Some(next) => {
                space.put(next.place);
                (energy, direction, random) = (next.energy, next.direction, next.random);
            }
        }
    }
}

#[inline(always)]
fn follow_one<S: Space>(
    space: &mut S,
    tables: &Tables,
    random: &mut Random,
    stack: &mut Vec<Electron<S::Place>>,
    mut energy: f32,
    mut direction: [f32; 3],
) -> f32 {
    let mut escaped = 0.0;
    loop {
        if energy <= CUT_MEV {
            space.deposit(energy);
            return escaped;
        }
        let point = Point::new(energy);
        let row = tables.row(space.medium(), point);
        if row.range <= space.clearance() {
            let radiated = energy * row.radiation_yield;
            space.deposit(energy - radiated);
            return escaped + radiated;
        }
        let (first, second) = (random.bits(), random.bits());
        let mean = STEP * energy;
        // The loss is at least a fifth of the mean, because the distribution of few collisions has no negative losses.
        let scale = (1.0 + row.straggling * tables.departure(second)).max(0.2);
        let before = unit(first) * mean;
        let left = space.fly(&direction, before, scale, tables, point);
        if left > 0.0 {
            return escaped + energy - (before - left) * scale;
        }
        let medium = space.medium();
        let angles = tables.angles(medium, point, unit(second >> 8));
        turn(&mut direction, deflection(angles, unit(first >> 23)), unit(second >> 31));
        let mut point = point;
        let chance = unit(first >> 41);
        let hinge = tables.row(medium, point);
        if chance > hinge.undisturbed {
            let mut events = Events {
                space,
                random: random.fork(),
                stack,
            };
            let lost;
            (lost, escaped) = events.happen(energy - before * scale, &mut direction, &hinge, chance, escaped);
            energy -= lost;
            point = Point::new(energy);
        }
        let after = mean - before;
        let left = space.fly(&direction, after, scale, tables, point);
        if left > 0.0 {
            return escaped + energy - (mean - left) * scale;
        }
        energy -= mean * scale;
    }
}

/// Event at a hinge besides the deflection.
struct Events<'a, S: Space> {
    space: &'a mut S,
    random: Random,
    stack: &'a mut Vec<Electron<S::Place>>,
}

impl<S: Space> Events<'_, S> {
    /// As many collisions and photons as a Poisson distribution gives for `chance`; the energy lost by them, and the
    /// energy escaped so far.
    #[inline(never)]
    fn happen(
        &mut self,
        energy: f32,
        direction: &mut [f32; 3],
        row: &super::tables::Row,
        chance: f32,
        mut escaped: f32,
    ) -> (f32, f32) {
        let mean = -row.undisturbed.ln();
        let (mut term, mut sum, mut count) = (row.undisturbed, row.undisturbed, 0.0);
        let mut lost = 0.0;
        while chance > sum && count < 20.0 {
            count += 1.0;
            term *= mean / count;
            sum += term;
            // Enough energy must remain for the continuous loss still to come.
            let available = energy - lost;
            if self.random.uniform() < row.photons {
                let photon = self.photon(available).min(available * (1.0 - STEP));
                lost += photon;
                escaped += photon;
            } else {
                lost += self.collision(available, direction);
            }
        }
        (lost, escaped)
    }

    /// The energy of a photon: `1/k` by inversion, the slope by rejection.
    fn photon(&mut self, energy: f32) -> f32 {
        let lowest = PHOTON_LIMIT_MEV as f32;
        if energy <= lowest {
            return 0.0;
        }
        loop {
            let k = lowest * (energy / lowest).powf(self.random.uniform());
            if self.random.uniform() < 1.0 - PHOTON_SLOPE as f32 * k / energy {
                return k;
            }
        }
    }

    /// Loss in a collision with an atomic electron at rest (Moller), which the other electron receives.
    fn collision(&mut self, energy: f32, direction: &mut [f32; 3]) -> f32 {
        let lowest = SOFT_LIMIT_MEV as f32 / energy;
        if lowest >= 0.5 {
            return 0.0;
        }
        let moller = Moller::new(f64::from(energy));
        let tau = energy / REST;
        let a = tau / (tau + 1.0);
        let bound = 1.0 + 1.25 * a * a;
        let fraction = loop {
            // 1/e^2 between the limits by inversion.
            let fraction = lowest / (1.0 - self.random.uniform() * (1.0 - 2.0 * lowest));
            if self.random.uniform() * bound < moller.shape(f64::from(fraction)) as f32 {
                break fraction.min(0.5);
            }
        };
        let w = fraction * tau;
        let azimuth = self.random.uniform();
        let cosine2 = w * (tau + 2.0) / (tau * (w + 2.0));
        let mut other = *direction;
        turn(&mut other, 1.0 - cosine2.sqrt(), azimuth);
        let electron = Electron {
            energy: fraction * energy,
            direction: other,
            place: self.space.place(),
            random: self.random.fork(),
        };
        let lost = electron.energy;
        self.stack.push(electron);
        let cosine2 = (tau - w) * (tau + 2.0) / (tau * (tau - w + 2.0));
        let opposite = if azimuth < 0.5 { azimuth + 0.5 } else { azimuth - 0.5 };
        turn(direction, 1.0 - cosine2.min(1.0).sqrt(), opposite);
        lost
    }
}

/// Turns a direction by the angle whose `1 - cos` is `x`, about an axis at the azimuth `2 pi u`.
#[inline(always)]
pub fn turn(direction: &mut [f32; 3], x: f32, u: f32) {
    let cosine = 1.0 - x;
    let sine = (x * (2.0 - x)).max(0.0).sqrt();
    let (s, c) = sine_cosine(u);
    let (s, c) = (s * sine, c * sine);
    let [a, b, d] = *direction;
    // Duff et al., Building an orthonormal basis, revisited, J Comput Graph Tech 6 (2017) 1: no branch, no root.
    let sign = 1f32.copysign(d);
    let k = -1.0 / (sign + d);
    let m = a * b * k;
    let new = [
        cosine * a + c * (1.0 + sign * a * a * k) + s * m,
        cosine * b + c * sign * m + s * (sign + b * b * k),
        cosine * d - c * sign * a - s * b,
    ];
    // One Newton step keeps the length at 1 within rounding.
    let norm = 1.5 - 0.5 * (new[0] * new[0] + new[1] * new[1] + new[2] * new[2]);
    *direction = [new[0] * norm, new[1] * norm, new[2] * norm];
}

/// A direction, all equally likely.
#[inline(always)]
pub fn isotropic(u: f32, v: f32) -> [f32; 3] {
    let cosine = 2.0 * u - 1.0;
    let sine = (1.0 - cosine * cosine).max(0.0).sqrt();
    let (s, c) = sine_cosine(v);
    [cosine, sine * s, sine * c]
}

#[cfg(test)]
mod tests {
    use super::{isotropic, turn};

    #[test]
    fn a_turn_has_the_angle_that_was_asked_for() {
        for i in 0..200 {
            let (u, v) = ((i as f32 + 0.5) / 200.0, (i as f32 * 0.618).fract());
            let before = isotropic(u, v);
            for x in [0.0, 1e-6f32, 1e-3, 0.3, 1.0, 1.9, 2.0] {
                let mut after = before;
                turn(&mut after, x, v);
                let dot: f32 = before.iter().zip(&after).map(|(a, b)| a * b).sum();
                let norm: f32 = after.iter().map(|a| a * a).sum();
                assert!((1.0 - dot - x).abs() < 1e-6 && (norm - 1.0).abs() < 1e-6, "{x}: {dot} {norm}");
            }
        }
    }
}
