"""
Delivered doses and the limits of a guideline
=============================================

After treatment, the doses of the structures are compared with the limits and targets that apply to device, disease
and intent. A limit whose condition is not known is reported as undecided.
"""

import matplotlib.pyplot as plt

import yttria
from yttria.phantom import liver_phantom
from yttria.planning import delivered_limits

phantom = liver_phantom((5.0, 5.0, 5.0))
result = yttria.dose_image(phantom.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=20.0))
found = delivered_limits(
    result,
    phantom.structures,
    roles={"normal_perfused": "Normal liver"},
    device="resin",
    disease="HCC",
    intent="bilobar",
    lung_activity_gbq=0.1,
    lung_mass_kg=1.0,
)

rows = result.table(phantom.structures)
figure, axes = plt.subplots(figsize=(7.2, 2.6))
axes.barh([row.structure for row in rows], [row.mean_gy for row in rows], color="C0")
axes.set(xlabel="mean absorbed dose / Gy")
for state in found.states:
    if state.limit.unit == "Gy":
        axes.axvline(state.limit.high or state.limit.low, color="C3", linestyle="--", linewidth=1)
    print(state)
plt.show()
