//! Several territories, each injected on its own: every dose is linear in the activities.
//!
//! Territory k with lung shunt `L_k`, perfused normal liver `m_N,k` and tumor portions `m_ik` at ratios `r_ik` has the
//! weight `W_k = m_N,k + sum_i r_ik m_ik`; per GBq its normal liver gets `C (1 - L_k) / W_k`, portion i `r_ik` times
//! that, and the lungs `C L_k / m_lung`. Everything else is a sum of these.

use crate::error::{Error, Result, check};
use crate::nuclide::Nuclide;
use crate::planning::quantity;

/// How the portions of one lesion in several territories lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// Different tissue: the lesion's dose is the mean over mass.
    Disjoint,
    /// The same tissue fed more than once: doses add.
    SameTissue,
}

impl Overlap {
    /// "disjoint" or "same_tissue".
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "disjoint" => Ok(Self::Disjoint),
            "same_tissue" => Ok(Self::SameTissue),
            _ => Err(Error::unknown_name("overlap", name, &["disjoint", "same_tissue"])),
        }
    }
}

/// A tumor; its portions belong to the territories that feed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesion {
    /// Its name.
    pub name: String,
    /// How its portions lie to each other.
    pub overlap: Overlap,
    /// Mass that no territory feeds, in kg.
    pub unperfused_mass_kg: f64,
}

/// What one territory feeds of a lesion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Portion {
    /// Index of the lesion.
    pub lesion: usize,
    /// Mass in kg.
    pub mass_kg: f64,
    /// Tumor-to-normal ratio of activity concentrations.
    pub tumor_to_normal_ratio: f64,
}

/// What one injection reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Territory {
    name: String,
    lung_shunt_fraction: f64,
    normal_mass_kg: f64,
    portions: Vec<Portion>,
}

impl Territory {
    /// Checks every field; a territory without tissue, or with two portions of one lesion, is an error.
    pub fn new(name: &str, lung_shunt_fraction: f64, normal_mass_kg: f64, portions: Vec<Portion>) -> Result<Self> {
        check::fraction_below_one(&format!("lung shunt fraction of territory '{name}'"), lung_shunt_fraction)?;
        quantity::liver_mass_kg(&format!("perfused normal liver mass in kg of territory '{name}'"), normal_mass_kg)?;
        for (i, portion) in portions.iter().enumerate() {
            quantity::mass_kg(&format!("tumor mass in kg in territory '{name}'"), portion.mass_kg, 0.0, 10.0)?;
            let ratio = format!("tumor-to-normal ratio in territory '{name}'");
            check::positive(&ratio, portion.tumor_to_normal_ratio)?;
            check::within(&ratio, portion.tumor_to_normal_ratio, 1e-3, 1e3)?;
            if portions[..i].iter().any(|other| other.lesion == portion.lesion) {
                return Err(Error::Undefined {
                    quantity: format!("the dose of territory '{name}'"),
                    reason: "it names two portions of one lesion; give their sum, or two lesions".into(),
                });
            }
        }
        if normal_mass_kg == 0.0 && portions.is_empty() {
            return Err(Error::Undefined {
                quantity: format!("the dose of territory '{name}'"),
                reason: "it has neither normal liver nor tumor".into(),
            });
        }
        Ok(Self {
            name: name.into(),
            lung_shunt_fraction,
            normal_mass_kg,
            portions,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Fraction of the activity that goes to the lungs.
    pub fn lung_shunt_fraction(&self) -> f64 {
        self.lung_shunt_fraction
    }
    /// `m_N + sum_i r_i m_i` in kg.
    fn weight_kg(&self) -> f64 {
        self.normal_mass_kg + self.portions.iter().map(|p| p.tumor_to_normal_ratio * p.mass_kg).sum::<f64>()
    }
}

/// What a row of the dose matrix is the mean absorbed dose of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tissue {
    /// One lesion's portion in one territory, from that territory's injection.
    Portion {
        /// Index of the territory.
        territory: usize,
        /// Index of the lesion.
        lesion: usize,
    },
    /// The parts of a lesion that any territory feeds.
    LesionPerfused(usize),
    /// A lesion with what no territory feeds.
    LesionWhole(usize),
    /// The normal liver of one territory.
    NormalPerfused(usize),
    /// All normal liver, perfused or not.
    NormalWhole,
    /// The lungs, from these injections alone.
    Lungs,
}

/// One tissue's mean dose per GBq of each injection.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Which tissue.
    pub tissue: Tissue,
    /// Its mass in kg.
    pub mass_kg: f64,
    /// Gy per GBq delivered into each territory.
    pub gy_per_gbq: Vec<f64>,
}

/// Territories and lesions of one treatment, and its dose matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Treatment {
    territories: Vec<Territory>,
    lesions: Vec<Lesion>,
    rows: Vec<Row>,
    dose_factor_gy_kg_per_gbq: f64,
}

impl Treatment {
    /// Checks how the parts fit: every lesion fed, portions of the same tissue of one mass, normal liver at least what
    /// is perfused of it (`normal_total_mass_kg`; no row for all normal liver where it is not given).
    pub fn new(
        territories: Vec<Territory>,
        lesions: Vec<Lesion>,
        normal_total_mass_kg: Option<f64>,
        lung_mass_kg: f64,
        nuclide: &Nuclide,
    ) -> Result<Self> {
        quantity::lung_mass_kg(lung_mass_kg)?;
        if territories.is_empty() {
            return Err(Error::Undefined {
                quantity: "the dose of a treatment".into(),
                reason: "it has no territory".into(),
            });
        }
        unique("territory", territories.iter().map(|t| t.name.as_str()))?;
        unique("lesion", lesions.iter().map(|l| l.name.as_str()))?;
        for lesion in &lesions {
            let what = format!("unperfused mass in kg of lesion '{}'", lesion.name);
            quantity::liver_mass_kg(&what, lesion.unperfused_mass_kg)?;
        }
        if let Some(portion) = territories.iter().flat_map(|t| &t.portions).find(|p| p.lesion >= lesions.len()) {
            let known = lesions.iter().map(|l| l.name.clone()).collect();
            return Err(Error::UnknownName {
                quantity: "lesion".into(),
                name: format!("number {}", portion.lesion),
                known,
            });
        }
        let rows = rows(&territories, &lesions, normal_total_mass_kg, lung_mass_kg, nuclide)?;
        Ok(Self {
            territories,
            lesions,
            rows,
            dose_factor_gy_kg_per_gbq: nuclide.dose_factor_gy_kg_per_gbq(),
        })
    }

    /// The territories, in the order of the columns of the dose matrix.
    pub fn territories(&self) -> &[Territory] {
        &self.territories
    }
    /// The lesions.
    pub fn lesions(&self) -> &[Lesion] {
        &self.lesions
    }
    /// The dose matrix: portions, lesions, normal livers, all normal liver, lungs.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
    /// Dose factor in Gy kg/GBq.
    pub fn dose_factor_gy_kg_per_gbq(&self) -> f64 {
        self.dose_factor_gy_kg_per_gbq
    }
    /// The row of a tissue, where there is one.
    pub fn row(&self, tissue: Tissue) -> Option<&Row> {
        self.rows.iter().find(|row| row.tissue == tissue)
    }
    /// The dose of each row in Gy.
    pub fn doses_gy(&self, activities_gbq: &[f64]) -> Result<Vec<f64>> {
        if activities_gbq.len() != self.territories.len() {
            return Err(Error::Shape {
                quantity: "delivered activities".into(),
                shape: vec![activities_gbq.len()],
                requirement: format!("one for each of the {} territories", self.territories.len()),
            });
        }
        for (territory, &activity) in self.territories.iter().zip(activities_gbq) {
            let what = format!("delivered activity in GBq of territory '{}'", territory.name);
            quantity::activity_gbq(&what, activity)?;
        }
        Ok(self.rows.iter().map(|row| dot(&row.gy_per_gbq, activities_gbq)).collect())
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = Vec::new();
    for name in names {
        if seen.contains(&name) {
            return Err(Error::Undefined {
                quantity: format!("{what} '{name}'"),
                reason: "two of them have this name".into(),
            });
        }
        seen.push(name);
    }
    Ok(())
}

fn rows(
    territories: &[Territory],
    lesions: &[Lesion],
    normal_total_mass_kg: Option<f64>,
    lung_mass_kg: f64,
    nuclide: &Nuclide,
) -> Result<Vec<Row>> {
    let c = nuclide.dose_factor_gy_kg_per_gbq();
    let count = territories.len();
    let per_weight: Vec<f64> = territories.iter().map(|t| c * (1.0 - t.lung_shunt_fraction) / t.weight_kg()).collect();
    let only = |k: usize, value: f64| {
        let mut row = vec![0.0; count];
        row[k] = value;
        row
    };
    let mut rows = Vec::new();
    for (k, territory) in territories.iter().enumerate() {
        for portion in &territory.portions {
            rows.push(Row {
                tissue: Tissue::Portion {
                    territory: k,
                    lesion: portion.lesion,
                },
                mass_kg: portion.mass_kg,
                gy_per_gbq: only(k, portion.tumor_to_normal_ratio * per_weight[k]),
            });
        }
    }
    for (i, lesion) in lesions.iter().enumerate() {
        let portions: Vec<&Row> = rows
            .iter()
            .filter(|row| matches!(row.tissue, Tissue::Portion { lesion, .. } if lesion == i))
            .collect();
        let Some(first) = portions.first() else {
            return Err(Error::Undefined {
                quantity: format!("the dose of lesion '{}'", lesion.name),
                reason: "no territory feeds it".into(),
            });
        };
        let mass = match lesion.overlap {
            Overlap::Disjoint => portions.iter().map(|row| row.mass_kg).sum(),
            Overlap::SameTissue => first.mass_kg,
        };
        let other = portions.iter().find(|row| (row.mass_kg - mass).abs() > 1e-9 * mass);
        if let (Overlap::SameTissue, Some(other)) = (lesion.overlap, other) {
            let what = format!("mass in kg of lesion '{}' as the same tissue in every territory", lesion.name);
            return Err(Error::out_of_range(what, other.mass_kg, format!("{mass} as in the first")));
        }
        let energy: Vec<f64> =
            (0..count).map(|k| portions.iter().map(|row| row.mass_kg * row.gy_per_gbq[k]).sum()).collect();
        for (tissue, mass_kg) in [
            (Tissue::LesionPerfused(i), mass),
            (Tissue::LesionWhole(i), mass + lesion.unperfused_mass_kg),
        ] {
            let gy_per_gbq = energy.iter().map(|joule| joule / mass_kg).collect();
            rows.push(Row {
                tissue,
                mass_kg,
                gy_per_gbq,
            });
        }
    }
    let perfused: f64 = territories.iter().map(|t| t.normal_mass_kg).sum();
    for (k, territory) in territories.iter().enumerate().filter(|(_, t)| t.normal_mass_kg > 0.0) {
        rows.push(Row {
            tissue: Tissue::NormalPerfused(k),
            mass_kg: territory.normal_mass_kg,
            gy_per_gbq: only(k, per_weight[k]),
        });
    }
    if let Some(total) = normal_total_mass_kg {
        quantity::mass_kg("mass of all normal liver in kg", total, 0.0, 10.0)?;
        if total < perfused * (1.0 - 1e-9) {
            let at_least = format!("at least the {perfused} that the territories perfuse");
            return Err(Error::out_of_range("mass of all normal liver in kg", total, at_least));
        }
        rows.push(Row {
            tissue: Tissue::NormalWhole,
            mass_kg: total,
            gy_per_gbq: territories.iter().zip(&per_weight).map(|(t, d)| t.normal_mass_kg * d / total).collect(),
        });
    }
    rows.push(Row {
        tissue: Tissue::Lungs,
        mass_kg: lung_mass_kg,
        gy_per_gbq: territories.iter().map(|t| c * t.lung_shunt_fraction / lung_mass_kg).collect(),
    });
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn portion(lesion: usize, mass_kg: f64, tumor_to_normal_ratio: f64) -> Portion {
        Portion {
            lesion,
            mass_kg,
            tumor_to_normal_ratio,
        }
    }

    fn lesion(name: &str, overlap: Overlap) -> Lesion {
        Lesion {
            name: name.into(),
            overlap,
            unperfused_mass_kg: 0.2,
        }
    }

    #[test]
    fn energy_is_conserved() {
        let territories = vec![
            Territory::new("a", 0.12, 0.4, vec![portion(0, 0.6, 6.0), portion(1, 0.1, 2.0)]).unwrap(),
            Territory::new("b", 0.05, 0.05, vec![portion(0, 0.3, 8.0)]).unwrap(),
        ];
        let lesions = vec![lesion("x", Overlap::Disjoint), lesion("y", Overlap::Disjoint)];
        let t = Treatment::new(territories, lesions, Some(1.6), 1.0, &Nuclide::default()).unwrap();
        let activities = [3.3, 1.4];
        let doses = t.doses_gy(&activities).unwrap();
        let joule: f64 = t
            .rows()
            .iter()
            .zip(doses)
            .filter(|(row, _)| matches!(row.tissue, Tissue::LesionWhole(_) | Tissue::NormalWhole | Tissue::Lungs))
            .map(|(row, dose)| row.mass_kg * dose)
            .sum();
        assert!((joule - 49.67 * 4.7).abs() < 1e-12 * joule);
    }

    #[test]
    fn the_same_tissue_has_one_mass() {
        let at = |mass| Territory::new(&format!("{mass}"), 0.1, 0.1, vec![portion(0, mass, 3.0)]).unwrap();
        let treat = |overlap| {
            Treatment::new(vec![at(0.4), at(0.5)], vec![lesion("x", overlap)], None, 1.0, &Nuclide::default())
        };
        assert!(treat(Overlap::Disjoint).is_ok());
        assert!(treat(Overlap::SameTissue).unwrap_err().to_string().contains("0.4 as in the first"));
    }
}
