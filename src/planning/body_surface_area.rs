//! Body surface area from height and weight.

use crate::error::{Error, Result, check};

/// A published formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formula {
    /// `0.007184 H^0.725 W^0.425` (source: dubois1916).
    DuBois,
    /// `sqrt(H W / 3600)` (source: mosteller1987).
    Mosteller,
    /// `0.024265 H^0.3964 W^0.5378` (source: haycock1978).
    Haycock,
}

impl Formula {
    /// Names that [`Formula::from_name`] knows.
    pub const NAMES: [&'static str; 3] = ["dubois", "mosteller", "haycock"];

    /// The formula of that name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "dubois" => Ok(Self::DuBois),
            "mosteller" => Ok(Self::Mosteller),
            "haycock" => Ok(Self::Haycock),
            _ => Err(Error::unknown_name("body surface area formula", name, &Self::NAMES)),
        }
    }

    /// Body surface area in m^2. Errors for a height outside 50-250 cm or a weight outside 2-400 kg.
    pub fn area_m2(self, height_cm: f64, weight_kg: f64) -> Result<f64> {
        let h = check::within("height in cm", height_cm, 50.0, 250.0).map_err(|error| {
            if (0.5..=2.5).contains(&height_cm) {
                error.with_hint(format!("did you mean {} cm? {height_cm} looks like metres", height_cm * 100.0))
            } else {
                error
            }
        })?;
        let w = check::within("weight in kg", weight_kg, 2.0, 400.0)?;
        Ok(match self {
            Self::DuBois => 0.007_184 * h.powf(0.725) * w.powf(0.425),
            Self::Mosteller => (h * w / 3600.0).sqrt(),
            Self::Haycock => 0.024_265 * h.powf(0.3964) * w.powf(0.5378),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Formula;

    #[test]
    fn a_height_in_metres_is_an_error_with_a_hint() {
        let text = Formula::DuBois.area_m2(1.7, 70.0).unwrap_err().to_string();
        assert_eq!(text, "height in cm must be within [50, 250], got 1.7 (did you mean 170 cm? 1.7 looks like metres)");
    }
}
