//! FFT along one axis, direct along the two others: for kernels of half size 4 to 8.
//!
//! Rows of the map are transformed along axis 1 with neighboring columns (axis 2) as lanes, so nothing is transposed
//! (`lane_fft`). Per frequency remains the folded 2-D sum over axes 0 and 2 (`taps`), `(hk + 1)(hi + 1)` multiplications
//! instead of `(hk + 1)(hj + 1)(hi + 1)`. The spectrum of an even kernel is real, so the real and the imaginary part of
//! a transform carry two maps that do not meet: two blocks of rows (overlap-save), or the two halves of the planes.
//! Transformed planes live in a ring in the last-level cache, one row of it per plane, frequency and part; the sum of a
//! plane overwrites the oldest one. The input is read and the output written once.
//!
//! Only the columns, rows and planes of the bounding box of the non-zeros, and what the kernel reaches from there, are
//! computed. Limited by the multiplications of the 2-D sum, then by the loads and stores of the transforms.

use std::ops::Range;
use std::sync::OnceLock;

use pulp::{Scalar, Simd, WithSimd};

use super::lane_fft::{Complex, LaneFft, Sink, Source, load, store};
use super::octant::Octant;
use super::taps::{Accumulate, GROUP, Shift, Tap, Taps};
use super::workspace::Pool;
use super::{Call, Form};
use crate::error::{Error, Result};
use crate::parallel::{Cancellation, try_for_each};
use crate::simd::Element;

/// Planes that are summed per pass over the ring.
const PLANES: usize = 8;
/// A multiple of the lanes of every instruction set.
const LANES: usize = 16;
/// The longest transform.
const LONGEST: usize = 640;

/// Transform and kernel spectra of one length.
struct Spectrum<T> {
    fft: LaneFft<T>,
    /// Per group of accumulators: the first one, how many, their weights per position and plane offset.
    groups: Vec<(usize, usize, Vec<T>)>,
}

/// Tables of the form.
pub(super) struct FftDirect<T> {
    octant: Octant,
    shape: [usize; 3],
    lengths: Vec<usize>,
    /// Per length, made at its first use.
    spectra: Vec<OnceLock<Spectrum<T>>>,
    /// Elements that a worker takes, and no division may exceed.
    workspace: usize,
}
