//! The elements that substances are made of.

/// One element of a substance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Element {
    /// Atomic number.
    pub z: f64,
    /// Atomic weight in g/mol.
    pub weight_g_per_mol: f64,
    /// Fraction by mass.
    pub mass_fraction: f64,
}

impl Element {
    /// Of an atomic number, with the abridged standard atomic weight (IUPAC 2021), and its fraction by mass.
    pub fn new(z: u8, mass_fraction: f64) -> Self {
        Self {
            z: f64::from(z),
            weight_g_per_mol: atomic_weight(z),
            mass_fraction,
        }
    }
}

/// Abridged standard atomic weights, IUPAC 2021.
fn atomic_weight(z: u8) -> f64 {
    match z {
        1 => 1.008,
        6 => 12.011,
        7 => 14.007,
        8 => 15.999,
        11 => 22.990,
        12 => 24.305,
        15 => 30.974,
        16 => 32.06,
        17 => 35.45,
        18 => 39.95,
        19 => 39.098,
        20 => 40.078,
        _ => unreachable!("no substance has element {z}"),
    }
}
