"""
Vials and decay
===============

A vial has the required activity for a few hours only. The window in which each size is within 5 % of 3 GBq follows
from the half-life of 64.1 h.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.planning import decayed_activity_gbq, vial_timing

hours = np.linspace(0.0, 144.0, 100)
figure, axes = plt.subplots()
axes.axhspan(0.95 * 3.0, 1.05 * 3.0, color="0.9")
for size_gbq in (5.0, 7.0, 10.0):
    axes.plot(hours, [decayed_activity_gbq(size_gbq, float(hour)) for hour in hours], label=f"vial of {size_gbq:g} GBq")
    timing = vial_timing(size_gbq, 3.0, tolerance_fraction=0.05)
    axes.plot([timing.earliest_h, timing.latest_h], [3.0, 3.0], "k", linewidth=3)
    print(f"{size_gbq:g} GBq: from {timing.earliest_h:.0f} to {timing.latest_h:.0f} h after calibration")

axes.set(xlabel="time after calibration / h", ylabel="activity of the vial / GBq", ylim=(0, None))
axes.legend()
plt.show()
