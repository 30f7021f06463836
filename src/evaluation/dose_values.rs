//! Doses as arrays and sorted lists hold them: float32 and float64.

use super::radix::Keyed;

/// A dose as arrays hold it.
pub trait Dose: Copy + Send + Sync + Into<f64> {
    /// The number's bits, mapped so that they sort like the number.
    type Key: Keyed;
    /// From a finite number; both zeros have one key.
    fn encode(self) -> Self::Key;
    /// Back.
    fn decode(key: Self::Key) -> Self;
    /// Many of them.
    fn collect(doses: Vec<Self>) -> Doses;
}

/// Doses in the precision in which they came.
#[derive(Debug, Clone, PartialEq)]
pub enum Doses {
    /// From a float32 map.
    Single(Vec<f32>),
    /// From a float64 map.
    Double(Vec<f64>),
}

impl Doses {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Single(doses) => doses.len(),
            Self::Double(doses) => doses.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    pub fn get(&self, n: usize) -> f64 {
        match self {
            Self::Single(doses) => f64::from(doses[n]),
            Self::Double(doses) => doses[n],
        }
    }
}

macro_rules! dose {
    ($float:ty, $key:ty, $variant:ident) => {
        impl Dose for $float {
            type Key = $key;

            // Below zero all bits are flipped, from zero on the sign alone.
            fn encode(self) -> $key {
                let bits = (self + 0.0).to_bits();
                let sign = 1 << (<$key>::BITS - 1);
                if bits & sign == 0 { bits ^ sign } else { !bits }
            }
            fn decode(key: $key) -> Self {
                let sign = 1 << (<$key>::BITS - 1);
                <$float>::from_bits(if key & sign == 0 { !key } else { key ^ sign })
            }
            fn collect(doses: Vec<Self>) -> Doses {
                Doses::$variant(doses)
            }
        }
    };
}
dose!(f32, u32, Single);
dose!(f64, u64, Double);
