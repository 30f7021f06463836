"""
Lung shunt and its limits
=========================

The dose to the lungs is proportional to activity and shunt. With a limit of 30 Gy for one treatment, a larger shunt
allows less activity.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.planning import lung_dose

activity_gbq = np.linspace(0.1, 8.0, 60)
figure, axes = plt.subplots()
for shunt in (0.02, 0.05, 0.10, 0.20):
    dose_gy = [lung_dose(float(a), lung_shunt_fraction=shunt).lung_dose_gy for a in activity_gbq]
    axes.plot(activity_gbq, dose_gy, label=f"shunt {100 * shunt:g} %")
    per_gbq = lung_dose(1.0, lung_shunt_fraction=shunt).lung_dose_gy
    print(f"shunt {100 * shunt:g} %: {per_gbq:.2f} Gy per GBq, 30 Gy at {30 / per_gbq:.1f} GBq")

axes.axhline(30.0, color="k", linestyle="--", linewidth=1)
axes.set(xlabel="delivered activity / GBq", ylabel="lungs of 1 kg / Gy", ylim=(0, 60))
axes.legend()
plt.show()
