//! Radial energy about a point source in an infinite medium of one substance, by this transport.
//!
//! It makes the dose point kernels of `kernels`, and its tests compare the transport with EGSnrc's.

use super::spectrum::Spectrum;
use super::substance::Substance;
use super::tables::{Point, Tables};
use super::transport::{Space, follow, isotropic};
use crate::random::Random;

/// Infinite geometry of one substance; energy is counted by distance from the origin, each flight at a random point of
/// it.
struct Shells {
    place: [f32; 3],
    density: f32,
    inverse_width: f32,
    energy: Vec<f64>,
    random: Random,
}

impl Shells {
    fn count(&mut self, place: [f32; 3], energy: f32) {
        let radius = place.iter().map(|x| x * x).sum::<f32>().sqrt();
        let shell = ((radius * self.inverse_width) as usize).min(self.energy.len() - 1);
        self.energy[shell] += f64::from(energy);
    }
}

impl Space for Shells {
    type Place = [f32; 3];
    fn place(&self) -> [f32; 3] {
        self.place
    }
    fn put(&mut self, place: [f32; 3]) {
        self.place = place;
    }
    fn medium(&self) -> usize {
        0
    }
    fn clearance(&self) -> f32 {
        0.0
    }
    fn fly(&mut self, direction: &[f32; 3], loss: f32, scale: f32, tables: &Tables, point: Point) -> f32 {
        let length = loss / (self.density * tables.stopping(0, point));
        let somewhere = length * self.random.uniform();
        let at = |t: f32| [0, 1, 2].map(|i| self.place[i] + direction[i] * t);
        let (there, end) = (at(somewhere), at(length));
        self.count(there, loss * scale);
        self.place = end;
        0.0
    }
    fn deposit(&mut self, energy: f32) {
        self.count(self.place, energy);
    }
}

/// Energy per decay in shells about a point source.
#[derive(Debug, Clone, PartialEq)]
pub struct RadialEnergy {
    /// Mean energy in MeV that is absorbed in each shell; the last one also holds the energy beyond.
    pub energy_mev: Vec<f64>,
    /// Standard error of each, from the spread of the batches.
    pub error_mev: Vec<f64>,
    /// Mean energy in MeV of the electrons that were followed.
    pub emitted_mev: f64,
    /// Mean energy in MeV of the bremsstrahlung photons.
    pub escaped_mev: f64,
}

/// Follows the electrons of `batches` times `decays` decays in `substance` at `density_g_per_ml`, and counts their energy in `shells`
/// shells of `width_mm`. The energies of a batch are spread evenly over the spectrum.
pub fn radial_energy(
    spectrum: &Spectrum,
    substance: Substance,
    density_g_per_ml: f64,
    width_mm: f64,
    shells: usize,
    [batches, decays]: [u64; 2],
    seed: u64,
) -> RadialEnergy {
    let tables = Tables::new(&[substance]);
    let mut space = Shells {
        place: [0.0; 3],
        density: density_g_per_ml as f32,
        inverse_width: (1.0 / width_mm) as f32,
        energy: vec![0.0; shells],
        random: Random::new(seed, u64::MAX - 1),
    };
    let (mut sum, mut squares) = (vec![0.0; shells], vec![0.0; shells]);
    let (mut stack, mut emissions) = (Vec::new(), Vec::new());
    let (mut escaped, mut emitted) = (0.0, 0.0);
    for batch in 0..batches {
        space.energy.fill(0.0);
        for decay in 0..decays {
            let mut random = Random::new(seed, batch * decays + decay);
            let place = (decay as f64 + f64::from(random.uniform())) / decays as f64;
            let energy = spectrum.energy(place as f32);
            let direction = isotropic(random.uniform(), random.uniform());
            emitted += spectrum.decay(energy, direction, random, &mut emissions);
            for each in emissions.drain(..) {
                space.place = [0.0; 3];
                let lost = follow(&mut space, &tables, each.random, &mut stack, each.energy_mev, each.direction);
                escaped += f64::from(lost);
            }
            space.place = [0.0; 3];
            space.deposit(spectrum.relaxation_mev());
        }
        for (i, &energy) in space.energy.iter().enumerate() {
            let mean = energy / decays as f64;
            sum[i] += mean;
            squares[i] += mean * mean;
        }
    }
    let (n, all) = (batches as f64, (batches * decays) as f64);
    let error = |(s, q): (&f64, &f64)| ((q - s * s / n).max(0.0) / (n - 1.0).max(1.0) / n).sqrt();
    RadialEnergy {
        error_mev: sum.iter().zip(&squares).map(error).collect(),
        energy_mev: sum.iter().map(|s| s / n).collect(),
        emitted_mev: emitted / all,
        escaped_mev: escaped / all,
    }
}

#[cfg(test)]
mod tests;
