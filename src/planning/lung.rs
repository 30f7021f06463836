//! Lung shunt fraction, lung mass and lung dose.

use super::quantity;
use crate::error::{Error, Result, check};
use crate::nuclide::Nuclide;

/// Counts of one region in the anterior and the posterior view.
pub type Views = [f64; 2];

/// Net geometric mean `sqrt((ant - b n)(post - b n))`, the background `b` per pixel and view over `n` pixels.
///
/// Several regions of an organ must be summed per view before this, because a sum of geometric means is a different
/// number.
pub fn geometric_mean(region: &str, counts: Views, background_per_pixel: Views, pixels: f64) -> Result<f64> {
    let pixels = check::non_negative(&format!("{region} pixels"), pixels)?;
    let mut product = 1.0;
    for (view, (counts, background)) in
        ["anterior", "posterior"].iter().zip(counts.into_iter().zip(background_per_pixel))
    {
        let counts = check::non_negative(&format!("{region} {view} counts"), counts)?;
        let background = check::non_negative("background counts per pixel", background)?;
        product *=
            check::non_negative(&format!("{region} {view} counts less background"), counts - background * pixels)?;
    }
    Ok(product.sqrt())
}

/// `lung / (lung + liver)` of background-free counts or geometric means.
///
/// The lungs' counts are divided by `lung_fraction_in_view`, the share of their volume that was imaged; below one half
/// it is an error. Errors if the liver has no counts.
pub fn shunt_fraction(lung_counts: f64, liver_counts: f64, lung_fraction_in_view: f64) -> Result<f64> {
    let lung = check::non_negative("lung counts", lung_counts)?;
    let liver = check::positive("liver counts", liver_counts)?;
    let in_view = check::within("lung fraction in the field of view", lung_fraction_in_view, 0.5, 1.0)?;
    let lung = lung / in_view;
    Ok(lung / (lung + liver))
}

/// Dual energy window: `C_main - (C_low / W_low) (W_main / 2)`; an error if that is negative.
pub fn scatter_corrected_counts(main: f64, lower: f64, main_width_kev: f64, lower_width_kev: f64) -> Result<f64> {
    let main = check::non_negative("main window counts", main)?;
    let lower = check::non_negative("lower window counts", lower)?;
    let main_width = check::positive("main window width in keV", main_width_kev)?;
    let lower_width = check::positive("lower window width in keV", lower_width_kev)?;
    check::non_negative("main window counts less scatter", main - lower / lower_width * (main_width / 2.0))
}

/// Volume and density of the lungs from a CT and a mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LungMass {
    /// Mass in kg.
    pub mass_kg: f64,
    /// Volume in mL.
    pub volume_ml: f64,
    /// Voxels whose density was raised to the lower clip.
    pub clipped_low: usize,
    /// Voxels whose density was lowered to the upper clip.
    pub clipped_high: usize,
}

/// `m = sum w V clip((HU + 1000) / 1000, low, high)` in g over the lungs' voxels (Kao 2014's method).
///
/// `inside` is the fraction `w` of each voxel within the lungs, 1 without it. A voxel that is wholly outside is not
/// read, because values around the patient are not densities. Errors for no voxels and for a CT number that is not
/// finite. The mass is not limited to that of lungs, because a CT may show a part of them.
pub fn mass_from_ct(
    hounsfield_units: &[f64],
    inside: Option<&[f64]>,
    voxel_volume_ml: f64,
    clip_g_per_ml: [f64; 2],
) -> Result<LungMass> {
    let voxel_ml = check::positive("voxel volume in mL", voxel_volume_ml)?;
    let [low, high] = clip_g_per_ml;
    let low = check::within("lower density clip in g/mL", low, 0.0, 2.0)?;
    let high = check::within("upper density clip in g/mL", high, low, 2.0)?;
    if let Some(weights) = inside.filter(|weights| weights.len() != hounsfield_units.len()) {
        return Err(Error::Shape {
            quantity: "fractions of the voxels inside the lungs".into(),
            shape: vec![weights.len()],
            requirement: format!("one for each CT number, {}", hounsfield_units.len()),
        });
    }
    let (mut grams_per_ml, mut voxels, mut clipped_low, mut clipped_high) = (0.0, 0.0, 0, 0);
    for (n, &hu) in hounsfield_units.iter().enumerate() {
        let weight = inside.map_or(1.0, |weights| weights[n]);
        if weight == 0.0 {
            continue;
        }
        if !hu.is_finite() {
            return Err(Error::out_of_range("CT number in HU", hu, "finite"));
        }
        let density = (hu + 1000.0) / 1000.0;
        clipped_low += usize::from(density < low);
        clipped_high += usize::from(density > high);
        grams_per_ml += weight * density.clamp(low, high);
        voxels += weight;
    }
    if voxels == 0.0 {
        return Err(Error::Undefined {
            quantity: "lung mass".into(),
            reason: "no voxel of the CT lies inside the lungs".into(),
        });
    }
    Ok(LungMass {
        mass_kg: grams_per_ml * voxel_ml / 1000.0,
        volume_ml: voxels * voxel_ml,
        clipped_low,
        clipped_high,
    })
}

/// `C A L / m_lung` in Gy.
pub fn dose_gy(activity_gbq: f64, lung_shunt_fraction: f64, lung_mass_kg: f64, nuclide: &Nuclide) -> Result<f64> {
    Ok(energy_j(activity_gbq, lung_shunt_fraction, nuclide)? / quantity::lung_mass_kg(lung_mass_kg)?)
}

/// Mass of lungs in kg that gets a dose: `C A L / D`. It is not limited to that of lungs, because it shows what a
/// stated dose would require.
pub fn mass_for_dose_kg(
    activity_gbq: f64,
    lung_shunt_fraction: f64,
    lung_dose_gy: f64,
    nuclide: &Nuclide,
) -> Result<f64> {
    Ok(energy_j(activity_gbq, lung_shunt_fraction, nuclide)? / check::positive("lung dose in Gy", lung_dose_gy)?)
}

/// Lung shunt fraction that gives a dose: `D m_lung / (C A)`; an error if it would be above 1.
pub fn shunt_for_dose(activity_gbq: f64, lung_mass_kg: f64, lung_dose_gy: f64, nuclide: &Nuclide) -> Result<f64> {
    let energy = check::positive("delivered activity in GBq", activity_gbq)
        .and_then(|activity| energy_j(activity, 1.0, nuclide))?;
    let fraction =
        check::non_negative("lung dose in Gy", lung_dose_gy)? * quantity::lung_mass_kg(lung_mass_kg)? / energy;
    if fraction > 1.0 {
        let most = energy / lung_mass_kg;
        return Err(Error::out_of_range(
            "lung dose in Gy",
            lung_dose_gy,
            format!("at most {most:.6}, all activity in the lungs"),
        ));
    }
    Ok(fraction)
}

fn energy_j(activity_gbq: f64, lung_shunt_fraction: f64, nuclide: &Nuclide) -> Result<f64> {
    let activity = quantity::activity_gbq("delivered activity in GBq", activity_gbq)?;
    let shunt = check::fraction("lung shunt fraction", lung_shunt_fraction)?;
    Ok(nuclide.dose_factor_gy_kg_per_gbq() * activity * shunt)
}
