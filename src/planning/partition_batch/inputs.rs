//! What the loops read: inputs in the results' shape, a run at a time, checked.

use pulp::Arch;

use super::loops::{Inside, Read};
use super::{Invalid, RUN};
use crate::error::{Error, Result, check};
use crate::memory;
use crate::planning::broadcast::{View, multi_index};
use crate::planning::partition::{Partition, check_ratio};
use crate::planning::quantity;

/// A domain as a closed interval that a loop can test many values against, and the check that words the error.
#[derive(Clone, Copy)]
pub(super) struct Domain {
    pub low: f64,
    pub high: f64,
    pub check: fn(f64) -> Result<f64>,
}

pub(super) const SMALLEST: f64 = f64::from_bits(1);
pub(super) const ACTIVITY: Domain = Domain {
    low: 0.0,
    high: 100.0,
    check: |x| quantity::activity_gbq("delivered activity in GBq", x),
};
pub(super) const TARGET: Domain = Domain {
    low: SMALLEST,
    high: 2000.0,
    check: |x| quantity::target_dose_gy("target tumor dose in Gy", x),
};
pub(super) const TUMOR: Domain = Domain {
    low: SMALLEST,
    high: 10.0,
    check: |x| quantity::mass_kg("tumor mass in kg", x, 0.0, 10.0),
};
pub(super) const RATIO: Domain = Domain {
    low: SMALLEST,
    high: Partition::LARGEST_RATIO,
    check: check_ratio,
};
pub(super) const NORMAL: Domain = Domain {
    low: 0.0,
    high: 10.0,
    check: |x| quantity::liver_mass_kg("perfused normal liver mass in kg", x),
};
pub(super) const SHUNT: Domain = Domain {
    low: 0.0,
    high: 1.0_f64.next_down(),
    check: |x| check::fraction_below_one("lung shunt fraction", x),
};
pub(super) const LUNG: Domain = Domain {
    low: 0.3,
    high: 2.5,
    check: quantity::lung_mass_kg,
};

/// The inputs, each seen in the results' shape.
pub(super) struct Inputs<'a> {
    pub arch: Arch,
    pub tumors: usize,
    pub given: Input<'a>,
    pub normal: Input<'a>,
    pub shunt: Input<'a>,
    pub lung: Input<'a>,
    pub mass: Input<'a>,
    pub ratio: Input<'a>,
}

/// Room for what cannot be read in place.
pub(super) struct Buffers {
    pub given: Vec<f64>,
    pub normal: Vec<f64>,
    pub shunt: Vec<f64>,
    pub lung: Vec<f64>,
    pub mass: Vec<f64>,
    pub ratio: Vec<f64>,
}

impl Buffers {
    pub fn new(tumors: usize) -> Result<Self> {
        let room = |count| memory::filled("partition model", 0.0, count);
        Ok(Self {
            given: room(RUN)?,
            normal: room(RUN)?,
            shunt: room(RUN)?,
            lung: room(RUN)?,
            mass: room(RUN * tumors)?,
            ratio: room(RUN * tumors)?,
        })
    }
}

impl Inputs<'_> {
    pub fn read<'b>(&'b self, start: usize, count: usize, to: &'b mut Buffers, found: &mut usize) -> Result<Read<'b>> {
        let (first, all) = (start * self.tumors, count * self.tumors);
        let arch = self.arch;
        Ok(Read {
            given: self.given.read(arch, start, &mut to.given[..count], found)?,
            normal: self.normal.read(arch, start, &mut to.normal[..count], found)?,
            shunt: self.shunt.read(arch, start, &mut to.shunt[..count], found)?,
            lung: self.lung.read(arch, start, &mut to.lung[..count], found)?,
            mass: self.mass.read(arch, first, &mut to.mass[..all], found)?,
            ratio: self.ratio.read(arch, first, &mut to.ratio[..all], found)?,
        })
    }
}

pub(super) struct Input<'a> {
    pub view: View<'a>,
    pub shape: Vec<usize>,
    pub domain: Domain,
    pub invalid: Invalid,
}

impl Input<'_> {
    /// The elements from the flat index `start`, in place where they lie in a row and are all inside their domain.
    pub fn read<'b>(&'b self, arch: Arch, start: usize, buffer: &'b mut [f64], found: &mut usize) -> Result<&'b [f64]> {
        if let Some(values) = self.view.in_place(&self.shape, start, buffer.len())
            && arch.dispatch(Inside(values, self.domain))
        {
            return Ok(values);
        }
        self.view.read(&self.shape, start, buffer);
        if !arch.dispatch(Inside(buffer, self.domain)) {
            *found += self.outside(start, buffer)?;
        }
        Ok(buffer)
    }

    fn outside(&self, start: usize, values: &mut [f64]) -> Result<usize> {
        let mut found = 0;
        for (i, value) in values.iter_mut().enumerate() {
            match ((self.domain.check)(*value), self.invalid) {
                (Ok(_), _) => {}
                (Err(_), Invalid::Nan) => {
                    *value = f64::NAN;
                    found += 1;
                }
                (Err(error), Invalid::Raise) if self.view.is_constant() => return Err(error),
                (Err(error), Invalid::Raise) => return Err(at_index(error, &multi_index(&self.shape, start + i))),
            }
        }
        Ok(found)
    }
}

fn at_index(mut error: Error, index: &[usize]) -> Error {
    if let Error::OutOfRange { quantity, .. } = &mut error {
        *quantity = format!("{quantity} at {index:?}");
    }
    error
}
