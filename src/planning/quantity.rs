//! Domains that several planning models share, each with a hint at the unit that was probably meant.

use crate::error::{Error, Result, check};

/// Activity in GBq within `[0, 100]`. No vial holds more, so a larger number is in MBq.
pub fn activity_gbq(quantity: &str, value: f64) -> Result<f64> {
    check::within(quantity, value, 0.0, 100.0).map_err(|error| unit_hint(error, value, 100_000.0, "GBq", "MBq"))
}

/// Mass in kg within `[low, high]`, `low` excluded where it is 0.
pub fn mass_kg(quantity: &str, value: f64, low: f64, high: f64) -> Result<f64> {
    let excluded = low == 0.0 && value == 0.0;
    if value.is_finite() && value >= low && value <= high && !excluded {
        return Ok(value);
    }
    let open = if low == 0.0 { '(' } else { '[' };
    let error = Error::out_of_range(quantity, value, format!("within {open}{low}, {high}]"));
    Err(unit_hint(error, value, high * 1000.0, "kg", "g"))
}

/// Mass of the lungs in kg within `[0.3, 2.5]`.
pub fn lung_mass_kg(value: f64) -> Result<f64> {
    mass_kg("lung mass in kg", value, 0.3, 2.5)
}

/// Mass of a part of the liver in kg within `[0, 10]`.
pub fn liver_mass_kg(quantity: &str, value: f64) -> Result<f64> {
    check::within(quantity, value, 0.0, 10.0).map_err(|error| unit_hint(error, value, 10_000.0, "kg", "g"))
}

/// Requested absorbed dose, in Gy within `(0, 2000]`.
pub fn target_dose_gy(quantity: &str, value: f64) -> Result<f64> {
    if value.is_finite() && value > 0.0 && value <= 2000.0 {
        Ok(value)
    } else {
        Err(Error::out_of_range(quantity, value, "within (0, 2000]"))
    }
}

fn unit_hint(error: Error, value: f64, at_most: f64, unit: &str, smaller: &str) -> Error {
    if value > 0.0 && value <= at_most {
        error.with_hint(format!("did you mean {} {unit}? {value} looks like {smaller}", value / 1000.0))
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::{activity_gbq, mass_kg};

    #[test]
    fn a_unit_a_thousand_times_smaller_is_an_error_with_a_hint() {
        let text = mass_kg("perfused mass in kg", 1200.0, 0.01, 6.0).unwrap_err().to_string();
        assert_eq!(
            text,
            "perfused mass in kg must be within [0.01, 6], got 1200 (did you mean 1.2 kg? 1200 looks like g)"
        );
        let text = activity_gbq("delivered activity in GBq", 1225.0).unwrap_err().to_string();
        assert!(text.ends_with("(did you mean 1.225 GBq? 1225 looks like MBq)"), "{text}");
        assert!(!mass_kg("m", -1.0, 0.0, 6.0).unwrap_err().to_string().contains("did you mean"));
    }
}
