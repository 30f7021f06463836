//! One lung shunt fraction for several injections, and the bounds of each from a single scan of all.

use crate::error::{Error, Result, check};

/// `sum_k w_k L_k / sum_k w_k`: the combined shunt of several injections, weighted by the injected activities.
pub fn combined_lung_shunt_fraction(lung_shunt_fractions: &[f64], weights: &[f64]) -> Result<f64> {
    if lung_shunt_fractions.len() != weights.len() || weights.is_empty() {
        return Err(Error::Shape {
            quantity: "weights".into(),
            shape: vec![weights.len()],
            requirement: format!("one for each of the {} lung shunt fractions", lung_shunt_fractions.len()),
        });
    }
    for &fraction in lung_shunt_fractions {
        check::fraction("lung shunt fraction", fraction)?;
    }
    let total = total_weight(weights)?;
    Ok(lung_shunt_fractions.iter().zip(weights).map(|(l, w)| l * w).sum::<f64>() / total)
}

/// The lung shunt fraction of each injection if all lung activity in one scan came from it: `L w / w_k` with the
/// activities `w` in the scan. Above 1 it is `None`, because not all can have come from there.
pub fn lung_shunt_if_all_from_one(combined_fraction: f64, weights: &[f64]) -> Result<Vec<Option<f64>>> {
    check::fraction("combined lung shunt fraction", combined_fraction)?;
    let total = total_weight(weights)?;
    Ok(weights
        .iter()
        .map(|&weight| combined_fraction * total / weight)
        .map(|fraction| (fraction <= 1.0).then_some(fraction))
        .collect())
}

fn total_weight(weights: &[f64]) -> Result<f64> {
    for &weight in weights {
        check::non_negative("weight of an injection", weight)?;
    }
    check::positive("sum of the weights", weights.iter().sum())
}
