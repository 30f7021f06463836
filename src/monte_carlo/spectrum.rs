//! Electrons of a decay: beta spectra by Fermi's theory, conversion electrons, and relaxation of the shells.

use super::transport::isotropic;
use crate::isotope::Isotope;
use crate::random::Random;

/// The spectrum as a table from which energies are drawn.
#[derive(Debug, Clone)]
pub struct Spectrum {
    /// Energies in MeV at equal steps of the distribution function.
    quantiles: Vec<f32>,
    mean_mev: f64,
    lines: Vec<Line>,
    relaxation_mev: f32,
}

/// Conversion electrons of one shell and transition.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// Probability per decay.
    probability: f32,
    energy_mev: f32,
}

/// An electron that a decay emits.
#[derive(Debug, Clone)]
pub struct Emission {
    /// Kinetic energy in MeV.
    pub energy_mev: f32,
    /// Direction of flight.
    pub direction: [f32; 3],
    /// Its random numbers.
    pub random: Random,
}

impl Spectrum {
    const STEPS: usize = 4096;

    /// Of an isotope.
    pub fn of(isotope: &Isotope) -> Self {
        let highest = isotope.branches().iter().map(|branch| branch.endpoint_mev).fold(0.0, f64::max);
        // Points of Simpson's rule, as `of_density` requires them.
        let half = 0.5 * highest / Self::CELLS as f64;
        let energies: Vec<f64> = (0..=2 * Self::CELLS).map(|i| i as f64 * half).collect();
        let densities = isotope.beta_spectrum(&energies);
        let mut spectrum = Self::of_density(highest, |energy| densities[(energy / half).round() as usize]);
        let lines = isotope.conversion_lines().filter(|[probability, _]| *probability > 0.0);
        spectrum.lines = lines
            .map(|[probability, energy]| Line {
                probability: probability as f32,
                energy_mev: energy as f32,
            })
            .collect();
        spectrum.relaxation_mev = isotope.relaxation_mev() as f32;
        spectrum.mean_mev += isotope.conversion_mev() + isotope.relaxation_mev();
        spectrum
    }

    const CELLS: usize = 4000;

    fn of_density(endpoint_mev: f64, density: impl Fn(f64) -> f64) -> Self {
        const CELLS: usize = Spectrum::CELLS;
        let step = endpoint_mev / CELLS as f64;
        // Simpson's rule within each cell.
        let (mut cumulative, mut total, mut moment) = (vec![0.0; CELLS + 1], 0.0, 0.0);
        for i in 0..CELLS {
            let [a, b] = [i as f64 * step, (i + 1) as f64 * step];
            let middle = 0.5 * (a + b);
            let [fa, fm, fb] = [a, middle, b].map(&density);
            total += step / 6.0 * (fa + 4.0 * fm + fb);
            moment += step / 6.0 * (fa * a + 4.0 * fm * middle + fb * b);
            cumulative[i + 1] = total;
        }
        let mut cell = 0;
        let mut quantiles = Vec::with_capacity(Self::STEPS + 1);
        for k in 0..=Self::STEPS {
            let target = total * k as f64 / Self::STEPS as f64;
            while cell + 1 < CELLS && cumulative[cell + 1] < target {
                cell += 1;
            }
            let fraction = (target - cumulative[cell]) / (cumulative[cell + 1] - cumulative[cell]);
            quantiles.push(((cell as f64 + fraction) * step) as f32);
        }
        Self {
            quantiles,
            mean_mev: moment / total,
            lines: Vec::new(),
            relaxation_mev: 0.0,
        }
    }

    /// Energy in MeV that each decay deposits at its position: Auger electrons and soft X rays.
    pub fn relaxation_mev(&self) -> f32 {
        self.relaxation_mev
    }

    /// Mean energy of all electrons per decay in MeV.
    pub fn mean_mev(&self) -> f64 {
        self.mean_mev
    }

    /// Writes the electrons of one decay into `emissions`, the beta particle first, and returns their energy with that of
    /// [`Spectrum::relaxation_mev`]. The conversion electrons have separate random numbers, so that the beta particle
    /// is the same with and without them.
    #[inline(always)]
    pub fn decay(&self, beta_mev: f32, direction: [f32; 3], random: Random, emissions: &mut Vec<Emission>) -> f64 {
        emissions.clear();
        let mut of_lines = random.fork();
        let mut emitted = f64::from(beta_mev) + f64::from(self.relaxation_mev);
        emissions.push(Emission {
            energy_mev: beta_mev,
            direction,
            random,
        });
        for line in &self.lines {
            if of_lines.uniform() < line.probability {
                emitted += f64::from(line.energy_mev);
                emissions.push(Emission {
                    energy_mev: line.energy_mev,
                    direction: isotropic(of_lines.uniform(), of_lines.uniform()),
                    random: of_lines.fork(),
                });
            }
        }
        emitted
    }

    /// The energy below which the fraction `u` in [0, 1) of the beta particles starts.
    #[inline(always)]
    pub fn energy(&self, u: f32) -> f32 {
        let place = u * Self::STEPS as f32;
        let i = (place as usize).min(Self::STEPS - 1);
        let low = self.quantiles[i];
        low + (self.quantiles[i + 1] - low) * (place - i as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::Spectrum;
    use crate::isotope::Isotope;

    #[test]
    fn the_mean_energy_is_that_of_the_isotope() {
        for name in Isotope::FOLLOWED {
            let isotope = Isotope::from_name(name).unwrap();
            let spectrum = Spectrum::of(isotope);
            assert!(
                (spectrum.mean_mev() / isotope.electron_mev() - 1.0).abs() < 2e-6,
                "{name} {}",
                spectrum.mean_mev()
            );
            let draws = 1 << 16;
            let mean: f64 = (0..draws).map(|i| f64::from(spectrum.energy((i as f32 + 0.5) / draws as f32))).sum();
            assert!((mean / f64::from(draws) / isotope.beta_mev() - 1.0).abs() < 1e-5, "{name}");
        }
    }
}
