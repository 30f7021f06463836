"""Single compartment, energy balance, mass."""

from __future__ import annotations

from ... import planning as p
from ._common import Answer, Inputs, codes, nuclide


def mass_kg(i: Inputs) -> float:
    if "mass_kg" in i:
        return float(i["mass_kg"])
    return p.mass_from_volume_kg(i["volume_mL"], density_g_per_ml=i["density_g_per_mL"])


def single_compartment(result: p.SingleCompartment) -> Answer:
    return {
        "activity_in_vial_at_treatment_GBq": result.vial_activity_gbq,
        "activity_delivered_GBq": result.delivered_activity_gbq,
        "perfused_dose_Gy": result.perfused_dose_gy,
        "lung_dose_Gy": result.lung_dose_gy,
        "lung_dose_Gy_at_1kg": result.lung_dose_gy,
        "warnings": codes(result),
    }


def single_compartment_inverse(i: Inputs) -> Answer:
    return single_compartment(
        p.single_compartment_activity(
            i["target_dose_Gy"],
            mass_kg=mass_kg(i),
            lung_shunt_fraction=i["lung_shunt_fraction"],
            residual_fraction=i.get("residual_fraction", 0.0),
            lung_mass_kg=i.get("lung_mass_kg", 1.0),
            nuclide=nuclide(i),
        )
    )


def single_compartment_forward(i: Inputs) -> Answer:
    return single_compartment(
        p.single_compartment_dose(
            i["activity_in_vial_at_treatment_GBq"],
            mass_kg=mass_kg(i),
            lung_shunt_fraction=i["lung_shunt_fraction"],
            residual_fraction=i.get("residual_fraction", 0.0),
            lung_mass_kg=i.get("lung_mass_kg", 1.0),
            nuclide=nuclide(i),
        )
    )


def energy_balance_check(i: Inputs) -> Answer:
    result = p.energy_balance(
        i["reported_tumour_dose_Gy"],
        tumor_mass_kg=i["tumour_mass_kg"],
        delivered_activity_gbq=i["activity_delivered_GBq"],
        lung_shunt_fraction=i["lung_shunt_fraction"],
        nuclide=nuclide(i),
    )
    return {
        "fraction_of_liver_energy_in_tumour": result.fraction_of_liver_energy_in_tumor,
        "warnings": codes(result),
    }


def tumour_mass_for_dose(i: Inputs) -> Answer:
    return {
        "tumour_mass_kg": p.tumor_mass_for_dose_kg(
            i["tumour_dose_Gy"],
            delivered_activity_gbq=i["activity_delivered_GBq"],
            lung_shunt_fraction=i["lung_shunt_fraction"],
            fraction_of_liver_activity_in_tumor=i["fraction_of_liver_activity_in_tumour"],
            nuclide=nuclide(i),
        )
    }


def sphere_volume(i: Inputs) -> Answer:
    """The doses are those of the published third patient: 4.7 GBq, a shunt of 12 %, in all or 80 % of the sphere."""
    volume = p.ellipsoid_volume_ml(i["diameter_mm"])
    mass = p.mass_from_volume_kg(volume, density_g_per_ml=i["density_g_per_mL"])
    dose = {
        share: p.single_compartment_dose(4.7, mass_kg=share * mass, lung_shunt_fraction=0.12).perfused_dose_gy
        for share in (1.0, 0.8)
    }
    return {
        "volume_mL": volume,
        "mass_kg": mass,
        "dose_if_all_liver_activity_uniform_Gy": dose[1.0],
        "dose_if_80_percent_perfused_Gy": dose[0.8],
    }


ADAPTERS = {
    "energy_balance_check": energy_balance_check,
    "single_compartment_err": single_compartment_inverse,
    "single_compartment_forward": single_compartment_forward,
    "single_compartment_inverse": single_compartment_inverse,
    "sphere_volume": sphere_volume,
    "tumour_mass_for_dose": tumour_mass_for_dose,
}
