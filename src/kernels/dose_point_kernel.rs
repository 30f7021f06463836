//! The radial dose point kernel: energy absorbed per decay in spherical shells around a point source.

use crate::error::{Error, Result, check};

/// Mass thickness at which the support ends, in g/cm2: 12 mm of water, just beyond the longest beta range.
pub const SUPPORT_G_PER_CM2: f64 = 1.2;

/// A tabulated dose point kernel of one medium at the density of its table.
///
/// `energy_mev[s]` is absorbed per decay between `edge_mm[s]` and `edge_mm[s + 1]`; `emitted_mev` is the mean energy of
/// the spectrum behind the table, so that the energy beyond the last shell is known too.
#[derive(Debug, Clone, PartialEq)]
pub struct DosePointKernel {
    density_g_per_ml: f64,
    emitted_mev: f64,
    edge_mm: Vec<f64>,
    energy_mev: Vec<f64>,
    passport: Vec<String>,
}

impl DosePointKernel {
    /// From a table of `src/data`: a passport of `#` lines that states "mean X MeV per decay", a line of column names,
    /// then `r_inner_mm,r_outer_mm,energy_mev_per_decay,sigma_mev_per_decay` from radius 0 outward.
    ///
    /// Errors if a line does not parse, shells do not touch, an energy is negative, more energy is absorbed than
    /// was emitted, or the table ends before its support does.
    pub fn parse(table: &str, density_g_per_ml: f64) -> Result<Self> {
        let density_g_per_ml = check::positive("density of the table in g/mL", density_g_per_ml)?;
        let passport: Vec<String> =
            table.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim().into()).collect();
        let emitted = passport.iter().find_map(|line| mean_energy(line));
        let emitted_mev = emitted.ok_or_else(|| undefined("its passport states no 'mean X MeV per decay'"))?;
        let (mut edge_mm, mut energy_mev) = (vec![0.0], Vec::new());
        for line in table.lines().filter(|line| !line.starts_with('#')).skip(1) {
            let row =
                line.split(',').map(|cell| cell.trim().parse::<f64>()).collect::<std::result::Result<Vec<_>, _>>();
            match row.as_deref() {
                Ok(&[inner, outer, energy, _sigma]) if edge_mm.last() == Some(&inner) && outer > inner => {
                    edge_mm.push(check::positive("outer radius of a shell in mm", outer)?);
                    energy_mev.push(check::non_negative("energy absorbed in a shell in MeV", energy)?);
                }
                _ => return Err(undefined(&format!("this line does not continue it: '{line}'"))),
            }
        }
        // Tables have eight digits, so that their sum may exceed the emitted energy by as much.
        check::within(
            "energy absorbed in all shells in MeV",
            energy_mev.iter().sum(),
            0.0,
            emitted_mev * (1.0 + 1e-7),
        )?;
        let kernel = Self {
            density_g_per_ml,
            emitted_mev,
            edge_mm,
            energy_mev,
            passport,
        };
        if kernel.edge_mm.last() < Some(&kernel.support_mm()) {
            return Err(undefined("it ends before 1.2 g/cm2"));
        }
        Ok(kernel)
    }

    /// The same at another density in g/mL: radii in proportion to 1 over it. Errors unless it is positive.
    pub fn at_density(mut self, density_g_per_ml: f64) -> Result<Self> {
        let density_g_per_ml = check::positive("density of a kernel in g/mL", density_g_per_ml)?;
        let scale = self.density_g_per_ml / density_g_per_ml;
        for edge in &mut self.edge_mm {
            *edge *= scale;
        }
        self.density_g_per_ml = density_g_per_ml;
        Ok(self)
    }

    /// Density of the medium in the table, in g/mL.
    pub fn density_g_per_ml(&self) -> f64 {
        self.density_g_per_ml
    }
    /// Mean energy emitted per decay in MeV, whether or not a shell absorbs it.
    pub fn emitted_mev(&self) -> f64 {
        self.emitted_mev
    }
    /// Shell boundaries in mm, from 0 outward; one more than there are shells.
    pub fn edge_mm(&self) -> &[f64] {
        &self.edge_mm
    }
    /// Energy absorbed per decay in each shell, in MeV.
    pub fn energy_mev(&self) -> &[f64] {
        &self.energy_mev
    }
    /// Passport of the table, line by line.
    pub fn passport(&self) -> &[String] {
        &self.passport
    }

    /// Radius in mm, at the density of the table, where the support of kernels made from it ends.
    pub fn support_mm(&self) -> f64 {
        SUPPORT_G_PER_CM2 * 10.0 / self.density_g_per_ml
    }

    /// Fraction of the emitted energy absorbed within `radius_mm`, at the density of the table; within a shell the
    /// energy is spread evenly over the radius. Errors if the radius is negative or not finite.
    pub fn fraction_within(&self, radius_mm: f64) -> Result<f64> {
        let radius_mm = check::non_negative("radius in mm", radius_mm)?;
        Ok(self.energy_within(radius_mm) / self.emitted_mev)
    }

    fn energy_within(&self, radius_mm: f64) -> f64 {
        self.shells_within(radius_mm).map(|(_, _, energy)| energy).sum()
    }

    /// Fraction of the emitted energy beyond the support, which bremsstrahlung carries.
    pub fn fraction_beyond_support(&self) -> f64 {
        1.0 - self.energy_within(self.support_mm()) / self.emitted_mev
    }

    /// Inner radius, outer radius and energy of each shell, the last one cut at `radius_mm`.
    pub fn shells_within(&self, radius_mm: f64) -> impl Iterator<Item = (f64, f64, f64)> {
        let shells = self.edge_mm.windows(2).zip(&self.energy_mev);
        shells.take_while(move |(edge, _)| edge[0] < radius_mm).map(move |(edge, &energy)| {
            let outer = edge[1].min(radius_mm);
            (edge[0], outer, energy * (outer - edge[0]) / (edge[1] - edge[0]))
        })
    }
}

fn undefined(reason: &str) -> Error {
    Error::Undefined {
        quantity: "dose point kernel".into(),
        reason: reason.into(),
    }
}

/// The X of "mean X MeV per decay".
fn mean_energy(line: &str) -> Option<f64> {
    let (before, _) = line.split_once(" MeV per decay")?;
    let (_, number) = before.rsplit_once("mean ")?;
    number.parse().ok().filter(|x: &f64| x.is_finite() && *x > 0.0)
}

#[cfg(test)]
mod tests {
    use super::DosePointKernel;

    const HEAD: &str = "# spectrum: mean 0.9 MeV per decay; none\nr_inner,r_outer,energy,sigma\n";

    #[test]
    fn a_table_that_is_not_one_says_why() {
        let good = format!("{HEAD}0,5,0.4,0\n5,20,0.3,0\n");
        assert_eq!(DosePointKernel::parse(&good, 1.0).unwrap().edge_mm(), [0.0, 5.0, 20.0]);
        for (bad, why) in [
            ("", "states no"),
            (HEAD, "ends before"),
            (&format!("{HEAD}0,5,0.4,0\n6,20,0.3,0\n"), "does not continue"),
            (&format!("{HEAD}0,5,0.4,0\n5,5,0.3,0\n"), "does not continue"),
            (&format!("{HEAD}0,5,0.4,0\n5,x,0.3,0\n"), "does not continue"),
            (&format!("{HEAD}0,5,0.4\n"), "does not continue"),
            (&format!("{HEAD}0,5,-0.4,0\n5,20,0.3,0\n"), "must be finite and >= 0"),
            (&format!("{HEAD}0,5,NaN,0\n5,20,0.3,0\n"), "must be finite and >= 0"),
            (&format!("{HEAD}0,5,0.4,0\n5,inf,0.3,0\n"), "must be finite and > 0"),
            (&format!("{HEAD}0,5,0.7,0\n5,20,0.3,0\n"), "within [0, 0.90"),
        ] {
            let text = DosePointKernel::parse(bad, 1.0).unwrap_err().to_string();
            assert!(text.contains(why), "{text}");
        }
    }

    #[test]
    fn another_density_scales_the_radii_and_keeps_the_energy() {
        let kernel = DosePointKernel::parse(&format!("{HEAD}0,5,0.4,0\n5,20,0.3,0\n"), 1.0).unwrap();
        let dense = kernel.clone().at_density(2.0).unwrap();
        assert_eq!((dense.edge_mm(), dense.density_g_per_ml()), (&[0.0, 2.5, 10.0][..], 2.0));
        assert_eq!(dense.fraction_beyond_support(), kernel.fraction_beyond_support());
        assert!(kernel.at_density(0.0).is_err());
    }

    #[test]
    fn a_shell_is_cut_in_proportion() {
        let kernel = DosePointKernel::parse(&format!("{HEAD}0,5,0.4,0\n5,20,0.3,0\n"), 1.0).unwrap();
        assert!((kernel.fraction_within(12.5).unwrap() - 0.55 / 0.9).abs() < 1e-15);
        assert_eq!(kernel.fraction_within(0.0).unwrap(), 0.0);
        assert!(kernel.fraction_within(f64::NAN).is_err());
    }
}
