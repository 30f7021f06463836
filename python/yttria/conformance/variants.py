"""Known mistakes, by name: what another implementation returns when it makes one of them.

None of these is an answer. They exist so that a cross-validation can say which mistake a deviating number looks like.
"""

from __future__ import annotations


def resin_bsa_double_count_gbq(
    body_surface_area_m2: float, tumor_volume_ml: float, liver_volume_incl_tumor_ml: float
) -> float:
    """Wrong: divides by `V_tumor + V_liver` although the liver's volume already includes the tumor.

    Comes from reading "volume of tumor / (volume of tumor + volume of liver)" with the whole liver for the second term.
    """
    return body_surface_area_m2 - 0.2 + tumor_volume_ml / (tumor_volume_ml + liver_volume_incl_tumor_ml)


def single_compartment_multiplied_gbq(
    target_dose_gy: float, mass_kg: float, lung_shunt_fraction: float, dose_factor_gy_kg_per_gbq: float
) -> float:
    """Wrong: multiplies by `1 - L` where the activity must be divided by it; 19 % low at a shunt of 10 %.

    An earlier version of a public web calculator, whose tests asserted the wrong number.
    """
    return target_dose_gy * mass_kg * (1.0 - lung_shunt_fraction) / dose_factor_gy_kg_per_gbq


def partition_wrong_weight_gbq(
    target_tumor_dose_gy: float,
    tumor_to_normal_ratio: float,
    normal_perfused_mass_kg: float,
    lung_shunt_fraction: float,
    dose_factor_gy_kg_per_gbq: float,
) -> float:
    """Wrong: weights with `m_N (r + 1)` for `m_N + r m_T`, and multiplies by `1 - L`; +85 to +148 % in published cases.

    The tumor's mass does not appear in it at all.
    """
    normal_dose_gy = target_tumor_dose_gy / tumor_to_normal_ratio
    weight_kg = normal_perfused_mass_kg * (tumor_to_normal_ratio + 1.0)
    return normal_dose_gy * weight_kg * (1.0 - lung_shunt_fraction) / dose_factor_gy_kg_per_gbq
