//! One error type. Each variant names the quantity, its value, and the requirement.

use std::fmt;

/// `Result` with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Error in terms of the quantity that the caller gave.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// A number is outside its domain, or not finite.
    OutOfRange {
        /// The quantity by its name in the field, e.g. "lung shunt fraction".
        quantity: String,
        /// The value as it was given.
        value: f64,
        /// Requirement, e.g. "within [0, 1]".
        requirement: String,
        /// Likely mistake, e.g. "did you mean 0.12?"; empty if there is none.
        hint: String,
    },
    /// An array has the wrong number of dimensions, or two shapes do not fit each other.
    Shape {
        /// The array.
        quantity: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Requirement on the shape.
        requirement: String,
    },
    /// Each input is valid, but the requested quantity does not exist (a ratio to zero counts, ...).
    Undefined {
        /// The requested quantity.
        quantity: String,
        /// Why it does not exist.
        reason: String,
    },
    /// An argument that another one requires is missing.
    Missing {
        /// The argument.
        quantity: String,
        /// Cause of the requirement.
        reason: String,
    },
    /// A name that must be unique occurs more than once.
    Duplicate {
        /// Kind of the names.
        quantity: String,
        /// The name.
        name: String,
    },
    /// An affine is sheared or singular, or two grids do not fit each other.
    Geometry {
        /// The affine or grid.
        quantity: String,
        /// Fault, and the requirement.
        reason: String,
    },
    /// A name is not one of the known ones.
    UnknownName {
        /// Kind of the name, e.g. "medium".
        quantity: String,
        /// The name as it was given.
        name: String,
        /// The known names.
        known: Vec<String>,
    },
    /// The treatment or calculation is contraindicated by a rule, which was not explicitly overridden.
    Contraindicated {
        /// The rule, with the value that broke it.
        reason: String,
    },
    /// The work would need more memory than the stated limit or than the allocator gives.
    Memory {
        /// Purpose of the memory.
        quantity: String,
        /// Bytes that it needs.
        bytes: u64,
    },
    /// The caller cancelled the work.
    Cancelled,
    /// A defect of this crate: a worker panicked.
    Internal {
        /// Message of the panic.
        message: String,
    },
}

impl Error {
    /// An [`Error::UnknownName`], with the names that are known.
    pub fn unknown_name(quantity: impl Into<String>, name: &str, known: &[&str]) -> Self {
        Self::UnknownName {
            quantity: quantity.into(),
            name: name.into(),
            known: known.iter().map(ToString::to_string).collect(),
        }
    }

    /// An [`Error::OutOfRange`] without a hint.
    pub fn out_of_range(quantity: impl Into<String>, value: f64, requirement: impl Into<String>) -> Self {
        Self::OutOfRange {
            quantity: quantity.into(),
            value,
            requirement: requirement.into(),
            hint: String::new(),
        }
    }

    /// An [`Error::Internal`] with the message of a panic.
    pub fn from_panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_string());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self::Internal {
            message: text.unwrap_or_else(|| "no message".into()),
        }
    }

    /// The same error with a hint at the likely mistake.
    #[must_use]
    pub fn with_hint(mut self, text: impl Into<String>) -> Self {
        if let Self::OutOfRange { hint, .. } = &mut self {
            *hint = text.into();
        }
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange {
                quantity,
                value,
                requirement,
                hint,
            } => {
                write!(f, "{quantity} must be {requirement}, got {value}")?;
                if hint.is_empty() {
                    Ok(())
                } else {
                    write!(f, " ({hint})")
                }
            }
            Self::Shape {
                quantity,
                shape,
                requirement,
            } => write!(f, "{quantity} must be {requirement}, got shape {shape:?}"),
            Self::Undefined { quantity, reason } => write!(f, "{quantity} is undefined: {reason}"),
            Self::Missing { quantity, reason } => write!(f, "{quantity} must be given: {reason}"),
            Self::Duplicate { quantity, name } => write!(f, "{quantity} must be unique, got '{name}' more than once"),
            Self::Geometry { quantity, reason } => write!(f, "{quantity} cannot be used: {reason}"),
            Self::UnknownName { quantity, name, known } => {
                write!(f, "{quantity} must be one of {}, got '{name}'", known.join(", "))
            }
            Self::Contraindicated { reason } => write!(f, "contraindicated: {reason}"),
            Self::Memory { quantity, bytes } => {
                write!(f, "{quantity} needs {:.1} MiB of memory, more than is available", *bytes as f64 / 1048576.0)
            }
            Self::Cancelled => write!(f, "cancelled by the caller"),
            Self::Internal { message } => write!(
                f,
                "a defect of yttria itself stopped the calculation ({message}): please report it with the input that led to it"
            ),
        }
    }
}

impl std::error::Error for Error {}

/// Checks that return the value, so that a constructor lists the domains of its fields.
pub mod check {
    use super::{Error, Result};

    /// Finite and greater than zero.
    pub fn positive(quantity: &str, value: f64) -> Result<f64> {
        if value.is_finite() && value > 0.0 {
            Ok(value)
        } else {
            Err(Error::out_of_range(quantity, value, "finite and > 0"))
        }
    }

    /// Finite and at least zero.
    pub fn non_negative(quantity: &str, value: f64) -> Result<f64> {
        if value.is_finite() && value >= 0.0 {
            Ok(value)
        } else {
            Err(Error::out_of_range(quantity, value, "finite and >= 0"))
        }
    }

    /// Finite and within `[low, high]`.
    pub fn within(quantity: &str, value: f64, low: f64, high: f64) -> Result<f64> {
        if value.is_finite() && (low..=high).contains(&value) {
            Ok(value)
        } else {
            Err(Error::out_of_range(quantity, value, format!("within [{low}, {high}]")))
        }
    }

    /// A fraction within `[0, 1]`. A value up to 100 gives the hint that it is a percentage, but is still an error.
    pub fn fraction(quantity: &str, value: f64) -> Result<f64> {
        within(quantity, value, 0.0, 1.0).map_err(|e| percent_hint(e, value))
    }

    /// A fraction within `[0, 1)`.
    pub fn fraction_below_one(quantity: &str, value: f64) -> Result<f64> {
        if value.is_finite() && (0.0..1.0).contains(&value) {
            Ok(value)
        } else {
            Err(percent_hint(Error::out_of_range(quantity, value, "within [0, 1)"), value))
        }
    }

    fn percent_hint(error: Error, value: f64) -> Error {
        if value > 1.0 && value <= 100.0 {
            error.with_hint(format!("did you mean {}?", value / 100.0))
        } else {
            error
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_percentage_is_an_error_with_a_hint() {
        let text = check::fraction("lung shunt fraction", 12.0).unwrap_err().to_string();
        assert_eq!(text, "lung shunt fraction must be within [0, 1], got 12 (did you mean 0.12?)");
    }

    #[test]
    fn not_a_number_is_never_valid() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(check::positive("x", value).is_err());
            assert!(check::non_negative("x", value).is_err());
            assert!(check::fraction("x", value).is_err());
            assert!(check::fraction_below_one("x", value).is_err());
        }
    }
}
