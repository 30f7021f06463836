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

figure, axes = plt.subplots(figsize=(7.2, 2.6))
colors = {"met": "C0", "above limit": "C3", "below target": "C1"}
for state in found.states:
    name = f"{state.limit.kind.replace('_', ' ')}, {state.limit.direction}"
    axes.barh(name, state.value, color=colors.get(state.state, "0.7"))
    axes.plot([state.limit.low or state.limit.high] * 2, [name] * 2, "|", color="k", markersize=26)
    print(state)
axes.set(xlabel="absorbed dose, and the limit or target / Gy")
plt.show()
