//! The partition model over arrays: each element is the scalar model's number, bit for bit, on any number of threads.

use pulp::Arch;

use self::inputs::{ACTIVITY, Buffers, Domain, Input, Inputs, LUNG, NORMAL, RATIO, SHUNT, TARGET, TUMOR};
use self::loops::{Forward, Inverse};
use super::broadcast::{Operand, View};
use crate::error::{Error, Result};
use crate::memory;
use crate::nuclide::Nuclide;
use crate::parallel::Workers;

mod inputs;
mod loops;

/// Elements that one thread takes at a time, and how many of them it holds in its cache at once.
const SPAN: usize = 16 * RUN;
const RUN: usize = 1024;

/// The territories: arrays that broadcast with each other. The two of the tumors have one more axis, their last.
#[derive(Debug, Clone, Copy)]
pub struct Territories<'a> {
    /// Perfused mass of each tumor in kg.
    pub tumor_mass_kg: Operand<'a>,
    /// Ratio of each tumor.
    pub tumor_to_normal_ratio: Operand<'a>,
    /// Perfused normal liver in kg.
    pub normal_perfused_mass_kg: Operand<'a>,
    /// Lung shunt fraction.
    pub lung_shunt_fraction: Operand<'a>,
    /// Lung mass in kg.
    pub lung_mass_kg: Operand<'a>,
}

/// Where the doses go: C order, the tumors' array with one more axis than the others.
#[derive(Debug)]
pub struct DosesOut<'a> {
    /// Perfused normal liver in Gy; not a number where there is none.
    pub normal_gy: &'a mut [f64],
    /// Each tumor in Gy.
    pub tumors_gy: &'a mut [f64],
    /// Lungs in Gy.
    pub lung_gy: &'a mut [f64],
}

/// What an element outside its domain does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// The call is an error that names the quantity, the value and the index.
    Raise,
    /// What is computed from it is not a number; everything else is as it would be without it.
    Nan,
}

impl Territories<'_> {
    /// Every array must broadcast to the results' shape, and the tumors' last axes to the number of tumors.
    fn check(&self, given: &Operand<'_>, shape: &[usize], tumors: usize) -> Result<()> {
        if tumors == 0 {
            return Err(Error::Undefined {
                quantity: "partition model".into(),
                reason: "it has no tumor; the single-compartment model needs none".into(),
            });
        }
        for of_tumors in [&self.tumor_mass_kg, &self.tumor_to_normal_ratio] {
            let (batch, last) = of_tumors.split_last()?;
            check_broadcast(of_tumors, batch, shape)?;
            check_broadcast(of_tumors, &[last], &[tumors])?;
        }
        for other in [
            given,
            &self.normal_perfused_mass_kg,
            &self.lung_shunt_fraction,
            &self.lung_mass_kg,
        ] {
            check_broadcast(other, other.shape, shape)?;
        }
        Ok(())
    }

    /// Doses of the delivered activities, in arrays of a shape that all inputs broadcast to; the number of inputs outside
    /// their domain, which is 0 where they raise.
    #[allow(clippy::too_many_arguments)]
    pub fn doses(
        &self,
        delivered_activity_gbq: Operand<'_>,
        shape: &[usize],
        tumors: usize,
        out: DosesOut<'_>,
        nuclide: &Nuclide,
        invalid: Invalid,
        workers: &Workers<'_>,
    ) -> Result<usize> {
        self.check(&delivered_activity_gbq, shape, tumors)?;
        let count = out.normal_gy.len();
        check_length("perfused normal liver doses", out.normal_gy, shape)?;
        check_length("tumor doses", out.tumors_gy, &[count, tumors])?;
        check_length("lung doses", out.lung_gy, shape)?;
        let c = nuclide.dose_factor_gy_kg_per_gbq();
        let arch = Arch::new();
        let inputs = self.inputs(delivered_activity_gbq, ACTIVITY, shape, tumors, invalid);
        let spans = out
            .normal_gy
            .chunks_mut(SPAN)
            .zip(out.tumors_gy.chunks_mut(SPAN * tumors))
            .zip(out.lung_gy.chunks_mut(SPAN))
            .map(|((normal, tumors), lung)| (normal, tumors, lung));
        run(spans, workers, |span, (normal, tumor, lung)| {
            let mut buffers = Buffers::new(tumors)?;
            let mut dose = [0.0; RUN];
            let mut found = 0;
            let runs = normal.chunks_mut(RUN).zip(tumor.chunks_mut(RUN * tumors)).zip(lung.chunks_mut(RUN));
            for (k, ((normal, tumor), lung)) in runs.enumerate() {
                let read = inputs.read(span * SPAN + k * RUN, normal.len(), &mut buffers, &mut found)?;
                let dose = &mut dose[..normal.len()];
                arch.dispatch(Forward {
                    c,
                    tumors,
                    read,
                    dose,
                    normal,
                    tumor,
                    lung,
                });
            }
            Ok(found)
        })
    }

    /// Delivered activities for mean doses to the tumor of that index; shape and count as for [`Territories::doses`].
    #[allow(clippy::too_many_arguments)]
    pub fn activities(
        &self,
        target_dose_gy: Operand<'_>,
        tumor: usize,
        shape: &[usize],
        tumors: usize,
        activity_gbq: &mut [f64],
        nuclide: &Nuclide,
        invalid: Invalid,
        workers: &Workers<'_>,
    ) -> Result<usize> {
        self.check(&target_dose_gy, shape, tumors)?;
        check_length("activities", activity_gbq, shape)?;
        if tumor >= tumors {
            return Err(Error::out_of_range("tumor", tumor as f64, format!("an index below {tumors}")));
        }
        let c = nuclide.dose_factor_gy_kg_per_gbq();
        let arch = Arch::new();
        let inputs = self.inputs(target_dose_gy, TARGET, shape, tumors, invalid);
        run(activity_gbq.chunks_mut(SPAN), workers, |span, activity| {
            let mut buffers = Buffers::new(tumors)?;
            let mut found = 0;
            for (k, activity) in activity.chunks_mut(RUN).enumerate() {
                let read = inputs.read(span * SPAN + k * RUN, activity.len(), &mut buffers, &mut found)?;
                arch.dispatch(Inverse {
                    c,
                    tumors,
                    tumor,
                    read,
                    activity,
                });
            }
            Ok(found)
        })
    }

    fn inputs<'s>(
        &'s self,
        given: Operand<'s>,
        given_domain: Domain,
        shape: &[usize],
        tumors: usize,
        invalid: Invalid,
    ) -> Inputs<'s> {
        let of_tumors = [shape, &[tumors]].concat();
        let input = |operand, shape: &[usize], domain| Input {
            view: View::new(operand, shape),
            shape: shape.to_vec(),
            domain,
            invalid,
        };
        Inputs {
            arch: Arch::new(),
            tumors,
            given: input(given, shape, given_domain),
            normal: input(self.normal_perfused_mass_kg, shape, NORMAL),
            shunt: input(self.lung_shunt_fraction, shape, SHUNT),
            lung: input(self.lung_mass_kg, shape, LUNG),
            mass: input(self.tumor_mass_kg, &of_tumors, TUMOR),
            ratio: input(self.tumor_to_normal_ratio, &of_tumors, RATIO),
        }
    }
}

fn check_broadcast(operand: &Operand<'_>, shape: &[usize], to: &[usize]) -> Result<()> {
    operand.check()?;
    let tail = to.len().checked_sub(shape.len()).map(|first| &to[first..]);
    if tail.is_some_and(|tail| shape.iter().zip(tail).all(|(n, of)| n == of || *n == 1)) {
        return Ok(());
    }
    Err(Error::Shape {
        quantity: operand.quantity.into(),
        shape: operand.shape.to_vec(),
        requirement: format!("of a shape that broadcasts to {to:?}"),
    })
}

fn check_length(quantity: &str, out: &[f64], shape: &[usize]) -> Result<()> {
    if shape.iter().try_fold(1_usize, |count, &n| count.checked_mul(n)) == Some(out.len()) {
        return Ok(());
    }
    Err(Error::Shape {
        quantity: format!("array for the {quantity}"),
        shape: vec![out.len()],
        requirement: format!("of the elements of {shape:?}"),
    })
}

/// Works on every span; the sum of what they found, or the error of the first span in order that has one.
fn run<T: Send>(
    spans: impl ExactSizeIterator<Item = T> + Send,
    workers: &Workers<'_>,
    work: impl Fn(usize, T) -> Result<usize> + Sync,
) -> Result<usize> {
    let mut found = memory::filled("results of the workers", Ok(0), spans.len())?;
    workers.for_each(found.iter_mut().zip(spans).enumerate(), |(i, (slot, span))| {
        *slot = work(i, span);
        Ok(())
    })?;
    found.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::Cancellation;

    #[test]
    fn an_error_is_that_of_the_first_element_on_any_number_of_threads() {
        let mut shunt = vec![0.1; 100_000];
        for bad in [99_000, 40_001, 70_000] {
            shunt[bad] = 12.0;
        }
        let operand = |quantity, values, shape| Operand {
            quantity,
            values,
            shape,
        };
        let territories = Territories {
            tumor_mass_kg: operand("tumor mass in kg", &[0.3], &[1]),
            tumor_to_normal_ratio: operand("tumor-to-normal ratio", &[4.0], &[1]),
            normal_perfused_mass_kg: operand("perfused normal liver mass in kg", &[1.2], &[]),
            lung_shunt_fraction: operand("lung shunt fraction", &shunt, &[100, 1000]),
            lung_mass_kg: operand("lung mass in kg", &[1.0], &[]),
        };
        let never = Cancellation::never();
        for threads in 1..5 {
            let workers = &Workers::new(Some(threads), &never).unwrap();
            let mut out = vec![0.0; 100_000];
            let target = operand("target tumor dose in Gy", &[205.0], &[]);
            let error = territories
                .activities(target, 0, &[100, 1000], 1, &mut out, &Nuclide::default(), Invalid::Raise, workers)
                .unwrap_err();
            assert_eq!(
                error.to_string(),
                "lung shunt fraction at [40, 1] must be within [0, 1), got 12 (did you mean 0.12?)"
            );
            let found = territories.activities(
                target,
                0,
                &[100, 1000],
                1,
                &mut out,
                &Nuclide::default(),
                Invalid::Nan,
                workers,
            );
            assert_eq!(found, Ok(3));
            assert_eq!(out.iter().filter(|a| a.is_nan()).count(), 3);
        }
    }
}
