//! Treatments of one territory over arrays. Each element has the bits of the scalar model, on any number of threads.

use crate::error::{Error, Result, check};
use crate::nuclide::Nuclide;
use crate::planning::broadcast::{Domain, Input, Operand, Output, Run, evaluate};
use crate::planning::quantity;
use crate::planning::territory::{self, LARGEST_RATIO, check_ratio};

const SMALLEST: f64 = f64::from_bits(1);
const ACTIVITY: Domain = Domain {
    low: 0.0,
    high: 100.0,
    check: |x| quantity::activity_gbq("delivered activity in GBq", x),
};
const TARGET: Domain = Domain {
    low: SMALLEST,
    high: 2000.0,
    check: |x| quantity::target_dose_gy("target tumor dose in Gy", x),
};
const TUMOR: Domain = Domain {
    low: SMALLEST,
    high: 10.0,
    check: |x| quantity::mass_kg("tumor mass in kg", x, 0.0, 10.0),
};
const RATIO: Domain = Domain {
    low: SMALLEST,
    high: LARGEST_RATIO,
    check: check_ratio,
};
const NORMAL: Domain = Domain {
    low: 0.0,
    high: 10.0,
    check: |x| quantity::liver_mass_kg("perfused normal liver mass in kg", x),
};
const SHUNT: Domain = Domain {
    low: 0.0,
    high: 1.0_f64.next_down(),
    check: |x| check::fraction_below_one("lung shunt fraction", x),
};
const LUNG: Domain = Domain {
    low: 0.3,
    high: 2.5,
    check: quantity::lung_mass_kg,
};

/// The territories: arrays that broadcast with each other. The two of the tumors have one more axis, their last.
#[derive(Debug, Clone, Copy)]
pub struct TerritoryArrays<'a> {
    /// Number of tumors, which the last axes of their arrays broadcast to.
    pub tumors: usize,
    /// Perfused mass of each tumor in kg.
    pub tumor_mass_kg: Operand<'a>,
    /// Ratio of each tumor.
    pub tumor_to_normal_ratio: Operand<'a>,
    /// Perfused normal liver in kg.
    pub normal_perfused_mass_kg: Operand<'a>,
    /// Lung shunt fraction.
    pub lung_shunt_fraction: Operand<'a>,
}

impl TerritoryArrays<'_> {
    /// Inputs of both directions: activity or dose, normal liver, shunt, tumor masses, ratios.
    fn inputs<'s>(&'s self, given: Operand<'s>, domain: Domain, run: &Run<'_>) -> Result<[Input<'s>; 5]> {
        if self.tumors == 0 {
            return Err(territory::no_tumor());
        }
        Ok([
            Input::new(given, domain, run)?,
            Input::new(self.normal_perfused_mass_kg, NORMAL, run)?,
            Input::new(self.lung_shunt_fraction, SHUNT, run)?,
            Input::with_last_axis(self.tumor_mass_kg, self.tumors, TUMOR, run)?,
            Input::with_last_axis(self.tumor_to_normal_ratio, self.tumors, RATIO, run)?,
        ])
    }

    /// Doses of delivered activities in Gy: perfused normal liver (NaN if there is none), each tumor, lungs.
    ///
    /// Returns the number of inputs outside their domain, which is 0 where they raise.
    pub fn doses(
        &self,
        delivered_activity_gbq: Operand<'_>,
        lung_mass_kg: Operand<'_>,
        [normal_gy, tumors_gy, lung_gy]: [&mut [f64]; 3],
        nuclide: &Nuclide,
        run: &Run<'_>,
    ) -> Result<usize> {
        let [activity, normal, shunt, mass, ratio] = self.inputs(delivered_activity_gbq, ACTIVITY, run)?;
        let lung = Input::new(lung_mass_kg, LUNG, run)?;
        let outputs = [
            output("perfused normal liver doses", normal_gy, 1),
            output("tumor doses", tumors_gy, self.tumors),
            output("lung doses", lung_gy, 1),
        ];
        let (c, tumors) = (nuclide.dose_factor_gy_kg_per_gbq(), self.tumors);
        evaluate(
            run,
            &[activity, normal, shunt, lung, mass, ratio],
            outputs,
            #[inline(always)]
            |read, out| doses(c, tumors, read, out),
        )
    }

    /// Delivered activities for mean doses to the tumor of that index; the count as for [`TerritoryArrays::doses`].
    pub fn activities(
        &self,
        target_dose_gy: Operand<'_>,
        tumor: usize,
        activity_gbq: &mut [f64],
        nuclide: &Nuclide,
        run: &Run<'_>,
    ) -> Result<usize> {
        let inputs = self.inputs(target_dose_gy, TARGET, run)?;
        let (c, tumors) = (nuclide.dose_factor_gy_kg_per_gbq(), self.tumors);
        if tumor >= tumors {
            return Err(Error::out_of_range("tumor", tumor as f64, format!("an index below {tumors}")));
        }
        evaluate(
            run,
            &inputs,
            [output("activities", activity_gbq, 1)],
            #[inline(always)]
            |[dose, normal, shunt, mass, ratio], [activity]| {
                weights(tumors, normal, mass, ratio, activity);
                let ratios = ratio.chunks_exact(tumors);
                for (((activity, dose), shunt), ratio) in activity.iter_mut().zip(dose).zip(shunt).zip(ratios) {
                    *activity = territory::activity_gbq(*dose, *activity, ratio[tumor], c, *shunt);
                }
            },
        )
    }
}

fn output<'a>(quantity: &'static str, values: &'a mut [f64], per_element: usize) -> Output<'a> {
    Output {
        quantity,
        values,
        per_element,
    }
}

#[inline(always)]
fn doses(
    c: f64,
    tumors: usize,
    [activity, normal, shunt, lung, mass, ratio]: [&[f64]; 6],
    [normal_gy, tumors_gy, lung_gy]: [&mut [f64]; 3],
) {
    weights(tumors, normal, mass, ratio, normal_gy);
    for ((dose, activity), shunt) in normal_gy.iter_mut().zip(activity).zip(shunt) {
        *dose = territory::liver_energy_j(c, *activity, *shunt) / *dose;
    }
    for (((dose, activity), shunt), mass) in lung_gy.iter_mut().zip(activity).zip(shunt).zip(lung) {
        *dose = territory::lung_dose_gy(c, *activity, *shunt, *mass);
    }
    // The usual small numbers of tumors have separate loops, whose length the compiler knows.
    match tumors {
        1 => tumor_doses(1, ratio, normal_gy, tumors_gy),
        2 => tumor_doses(2, ratio, normal_gy, tumors_gy),
        3 => tumor_doses(3, ratio, normal_gy, tumors_gy),
        _ => tumor_doses(tumors, ratio, normal_gy, tumors_gy),
    }
    for (dose, mass) in normal_gy.iter_mut().zip(normal) {
        *dose = if *mass == 0.0 { f64::NAN } else { *dose };
    }
}

#[inline(always)]
fn weights(tumors: usize, normal: &[f64], mass: &[f64], ratio: &[f64], out: &mut [f64]) {
    match tumors {
        1 => weights_of(1, normal, mass, ratio, out),
        2 => weights_of(2, normal, mass, ratio, out),
        3 => weights_of(3, normal, mass, ratio, out),
        _ => weights_of(tumors, normal, mass, ratio, out),
    }
}

#[inline(always)]
fn weights_of(tumors: usize, normal: &[f64], mass: &[f64], ratio: &[f64], out: &mut [f64]) {
    let of_tumors = ratio.chunks_exact(tumors).zip(mass.chunks_exact(tumors));
    for ((weight, normal), (ratio, mass)) in out.iter_mut().zip(normal).zip(of_tumors) {
        *weight = territory::weight_kg(*normal, ratio.iter().copied().zip(mass.iter().copied()));
    }
}

#[inline(always)]
fn tumor_doses(tumors: usize, ratio: &[f64], dose: &[f64], out: &mut [f64]) {
    let of_tumors = out.chunks_exact_mut(tumors).zip(ratio.chunks_exact(tumors));
    for ((out, ratio), dose) in of_tumors.zip(dose) {
        for (out, ratio) in out.iter_mut().zip(ratio) {
            *out = ratio * dose;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::{Cancellation, Workers};
    use crate::planning::broadcast::Invalid;

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
        let territories = TerritoryArrays {
            tumors: 1,
            tumor_mass_kg: operand("tumor mass in kg", &[0.3], &[1]),
            tumor_to_normal_ratio: operand("tumor-to-normal ratio", &[4.0], &[1]),
            normal_perfused_mass_kg: operand("perfused normal liver mass in kg", &[1.2], &[]),
            lung_shunt_fraction: operand("lung shunt fraction", &shunt, &[100, 1000]),
        };
        let never = Cancellation::never();
        for threads in 1..5 {
            let workers = &Workers::new(Some(threads), &never).unwrap();
            let mut out = vec![0.0; 100_000];
            let target = operand("target tumor dose in Gy", &[205.0], &[]);
            let mut activities = |invalid| {
                let run = Run {
                    shape: &[100, 1000],
                    invalid,
                    workers,
                };
                territories.activities(target, 0, &mut out, &Nuclide::default(), &run)
            };
            assert_eq!(
                activities(Invalid::Raise).unwrap_err().to_string(),
                "lung shunt fraction at [40, 1] must be within [0, 1), got 12 (did you mean 0.12?)"
            );
            assert_eq!(activities(Invalid::Nan), Ok(3));
            assert_eq!(out.iter().filter(|a| a.is_nan()).count(), 3);
        }
    }
}
