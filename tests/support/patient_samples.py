"""Patients for the comparison of planning models."""

from __future__ import annotations

from dataclasses import replace

from planning_samples import tumor

from yttria.planning import (
    PartitionLimits,
    Patient,
)

RESIN = Patient(
    device="resin",
    tumors=(tumor(0.3, 4, "right"), tumor(0.05, 2.5, "satellite")),
    normal_perfused_mass_kg=0.9,
    normal_total_mass_kg=1.4,
    lung_shunt_fraction=0.12,
    height_cm=170,
    weight_kg=70,
    target_perfused_dose_gy=80,
    target_tumor_dose_gy=120,
    limits=PartitionLimits(normal_perfused_limit_gy=40, lung_limit_gy=30, cumulative_lung_limit_gy=50),
    disease="HCC",
    intent="unilobar",
    pretreated_or_impaired=False,
)
GLASS = replace(RESIN, device="glass", target_tumor_dose_gy=205, bilirubin_mg_per_dl=0.6)
PRIORS = Patient(
    device="glass",
    tumors=(tumor(0.5, 4),),
    normal_perfused_mass_kg=0.6,
    normal_total_mass_kg=1.1,
    lung_shunt_fraction=0.15,
    prior_lung_dose_gy=40,
    limits=PartitionLimits(lung_limit_gy=30, cumulative_lung_limit_gy=50),
)
GLASS_SEGMENT = Patient(
    device="glass",
    tumors=(),
    normal_perfused_mass_kg=None,
    normal_total_mass_kg=None,
    lung_shunt_fraction=0.05,
    perfused_mass_incl_tumor_kg=0.4,
    target_perfused_dose_gy=400,
    intent="segmentectomy",
)
