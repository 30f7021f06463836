"""
Score of another implementation
===============================

The conformance suite requests numbers with known answers from another program. The program below computes the
partition model. Its mistake is that the whole delivered activity reaches the liver.
"""

import matplotlib.pyplot as plt

from yttria.conformance import cases, score


def my_partition(inputs):
    """Answer a case of the suite; the shunt is forgotten."""
    density, ratio, target = (inputs[name] for name in ("density_g_per_mL", "tnr", "target_tumour_dose_Gy"))
    tumor_kg = inputs["tumour_volume_mL"] * density * 1e-3
    normal_kg = inputs["total_volume_mL"] * density * 1e-3 - tumor_kg
    energy_j = target * (tumor_kg + normal_kg / ratio)
    delivered_gbq = energy_j / inputs["dose_factor_Gy_kg_per_GBq"]
    return {
        "energy_J": energy_j,
        "activity_delivered_GBq": delivered_gbq,
        "activity_in_vial_at_treatment_GBq": delivered_gbq / (1 - inputs["residual_fraction"]),
        "normal_dose_Gy": target / ratio,
    }


asked = [case for case in cases() if case.model == "partition_inverse_target"]
report = score({"implementation": "mine", "answers": {case.id: my_partition(case.inputs) for case in asked}})

answered = [case for case in report.cases if case.status in ("pass", "fail")]
for case in answered:
    print(f"{case.id}: {case.status}, {case.quantity}: {case.got} instead of {case.expected}")

figure, axes = plt.subplots(figsize=(7.2, 2.4))
axes.barh([case.id for case in answered], [100 * case.deviation for case in answered], color="C3")
axes.set(xlabel="largest relative deviation / %")
plt.show()
