//! Mass from volume and density, and the volume of a lesion from its diameters.

use crate::error::{Result, check};

/// `m = V rho / 1000` in kg. Errors for a density outside 0.2-2 g/mL.
pub fn mass_kg(volume_ml: f64, density_g_per_ml: f64) -> Result<f64> {
    let volume_ml = check::positive("volume in mL", volume_ml)?;
    let density_g_per_ml = check::within("density in g/mL", density_g_per_ml, 0.2, 2.0)?;
    Ok(volume_ml * density_g_per_ml / 1000.0)
}

/// `pi/6 a b c` in mL from three diameters in mm, each within `(0, 500]`.
pub fn ellipsoid_volume_ml(diameters_mm: [f64; 3]) -> Result<f64> {
    let mut product = 1.0;
    for diameter in diameters_mm {
        check::positive("diameter in mm", diameter)?;
        product *= check::within("diameter in mm", diameter, 0.0, 500.0)?;
    }
    Ok(std::f64::consts::PI / 6.0 * product / 1000.0)
}
