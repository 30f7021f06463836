//! One treatment of one or more territories, each with its own injection. Every dose is linear in the activities.
//!
//! Territory k with lung shunt `L_k`, perfused normal liver `m_N,k` and tumor portions `m_ik` at ratios `r_ik` has the
//! weight `W_k = m_N,k + sum_i r_ik m_ik`; per GBq its normal liver gets `C (1 - L_k) / W_k`, portion i `r_ik` times
//! that, and the lungs `C L_k / m_lung`. Everything else is a sum of these.

use crate::error::{Error, Result};
use crate::nuclide::Nuclide;
use crate::planning::quantity;
use crate::planning::territory::Territory;

/// Relation of the portions of one lesion in several territories.
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
    /// Relation of its portions.
    pub overlap: Overlap,
    /// Mass that no territory feeds, in kg.
    pub unperfused_mass_kg: f64,
}

/// Tissue whose mean absorbed dose a row of the dose matrix gives.
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
    /// A lesion with the part that no territory feeds.
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
    pub(super) territories: Vec<Territory>,
    pub(super) normal_total_kg: Option<f64>,
    pub(super) lung_kg: f64,
    pub(super) dose_factor: f64,
    lesions: Vec<Lesion>,
    rows: Vec<Row>,
}

impl Treatment {
    /// Checks the parts: every lesion is fed, portions of the same tissue have one mass, and the normal liver is at
    /// least its perfused part (`normal_total_mass_kg`; no row for all normal liver if it is not given).
    pub fn new(
        territories: Vec<Territory>,
        lesions: Vec<Lesion>,
        normal_total_mass_kg: Option<f64>,
        lung_mass_kg: f64,
        nuclide: &Nuclide,
    ) -> Result<Self> {
        let lung_kg = quantity::lung_mass_kg(lung_mass_kg)?;
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
        let perfused = territories.iter().map(|t| t.normal_kg).sum();
        let normal_total_kg = normal_total_mass_kg.map(|total| check_total(total, perfused)).transpose()?;
        let dose_factor = nuclide.dose_factor_gy_kg_per_gbq();
        Ok(Self {
            rows: rows(&territories, &lesions, normal_total_kg, lung_kg, dose_factor)?,
            territories,
            normal_total_kg,
            lung_kg,
            dose_factor,
            lesions,
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
    /// The row of a tissue, if there is one.
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
            return Err(Error::Duplicate {
                quantity: format!("the name of a {what}"),
                name: name.into(),
            });
        }
        seen.push(name);
    }
    Ok(())
}

/// All normal liver, perfused or not. Its parts are a sum, which may be larger by rounding.
fn check_total(total_kg: f64, perfused_kg: f64) -> Result<f64> {
    let total = quantity::liver_mass_kg("total normal liver mass in kg", total_kg)?;
    if total < perfused_kg * (1.0 - 1e-9) {
        let least = format!("at least the perfused part, {perfused_kg} kg");
        return Err(Error::out_of_range("total normal liver mass in kg", total, least));
    }
    Ok(total)
}

/// The weight with the tumors summed first: the last bit of the dose matrix depends on the order.
fn matrix_weight_kg(territory: &Territory) -> f64 {
    territory.normal_kg + territory.portions.iter().map(|p| p.ratio * p.mass_kg).sum::<f64>()
}

fn rows(
    territories: &[Territory],
    lesions: &[Lesion],
    normal_total_kg: Option<f64>,
    lung_kg: f64,
    c: f64,
) -> Result<Vec<Row>> {
    let count = territories.len();
    let per_weight: Vec<f64> = territories.iter().map(|t| c * (1.0 - t.lung_shunt) / matrix_weight_kg(t)).collect();
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
                gy_per_gbq: only(k, portion.ratio * per_weight[k]),
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
    for (k, territory) in territories.iter().enumerate().filter(|(_, t)| t.normal_kg > 0.0) {
        rows.push(Row {
            tissue: Tissue::NormalPerfused(k),
            mass_kg: territory.normal_kg,
            gy_per_gbq: only(k, per_weight[k]),
        });
    }
    if let Some(total) = normal_total_kg.filter(|&total| total > 0.0) {
        rows.push(Row {
            tissue: Tissue::NormalWhole,
            mass_kg: total,
            gy_per_gbq: territories.iter().zip(&per_weight).map(|(t, d)| t.normal_kg * d / total).collect(),
        });
    }
    rows.push(Row {
        tissue: Tissue::Lungs,
        mass_kg: lung_kg,
        gy_per_gbq: territories.iter().map(|t| c * t.lung_shunt / lung_kg).collect(),
    });
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn territory(name: &str, shunt: f64, normal_kg: f64, portions: &[(usize, f64, f64)]) -> Territory {
        let portions = portions.iter().map(|&(lesion, mass_kg, ratio)| (lesion, mass_kg, Some(ratio)));
        Territory::new(name, shunt, normal_kg, portions).unwrap()
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
            territory("a", 0.12, 0.4, &[(0, 0.6, 6.0), (1, 0.1, 2.0)]),
            territory("b", 0.05, 0.05, &[(0, 0.3, 8.0)]),
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
        let at = |mass| territory(&format!("{mass}"), 0.1, 0.1, &[(0, mass, 3.0)]);
        let treat = |overlap| {
            Treatment::new(vec![at(0.4), at(0.5)], vec![lesion("x", overlap)], None, 1.0, &Nuclide::default())
        };
        assert!(treat(Overlap::Disjoint).is_ok());
        assert!(treat(Overlap::SameTissue).unwrap_err().to_string().contains("0.4 as in the first"));
    }
}
