//! The ways to compute a convolution, by name, and the cost model that chooses one.

use super::fft_direct;
use crate::error::{Error, Result};

/// A way to compute the sum. All of them agree to rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The sum as it is defined, in `f64`: the reference of the tests.
    Definition,
    /// Mirror images are added before they are multiplied; for short kernels.
    Direct,
    /// FFT along axis 1, direct sum along the two others; for kernels of half size 4 and above.
    FftDirect,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Definition, Self::Direct, Self::FftDirect];

    /// The name that [`Method::from_name`] accepts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Definition => "definition",
            Self::Direct => "direct",
            Self::FftDirect => "fft_direct",
        }
    }

    /// The method of this name; `None` for "auto", which lets the cost model choose.
    pub fn from_name(name: &str) -> Result<Option<Self>> {
        if name == "auto" {
            return Ok(None);
        }
        Self::ALL
            .into_iter()
            .find(|method| method.name() == name)
            .map(Some)
            .ok_or_else(|| Error::UnknownName {
                quantity: "convolution method".into(),
                name: name.into(),
                known: std::iter::once("auto").chain(Self::ALL.map(Self::name)).map(String::from).collect(),
            })
    }

    /// The method of least cost for a map of this shape and a kernel of these half sizes.
    ///
    /// Costs are nanoseconds per 64 bytes of map on one core. They were fitted to dense maps of 128 x 192 x 200 with
    /// kernels of half sizes 2 to 10 that are zero outside an ellipsoid, in `f32` and `f64` with AVX-512, and to a map
    /// of 109 x 200 x 200 with half sizes 4, 3 and 3, for which the direct sum is faster. Only the order of the costs
    /// matters; it changes between half sizes 3 and 4. The times themselves may be off by a third. Zeros in the map
    /// scale both costs nearly alike. A transform is longer than its axis by a half size. It computes one column at a
    /// time if the map has fewer columns than a vector has lanes.
    pub(super) fn cheapest(shape: [usize; 3], half: [usize; 3]) -> Self {
        let [hk, hj, hi] = half.map(|h| (h + 1) as f64);
        let direct = 18.0 + 0.45 * hk * hj * hi;
        let padding = 1.0 + half[1] as f64 / shape[1] as f64;
        let thin = if shape[2] < 16 { 16.0 } else { 1.0 };
        let transform = thin * padding * (43.0 + 0.6 * hk * hi);
        if 2 * half[1] < fft_direct::LONGEST && transform < direct {
            Self::FftDirect
        } else {
            Self::Direct
        }
    }
}
