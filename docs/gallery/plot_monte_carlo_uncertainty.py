"""
Uncertainty of a Monte Carlo dose
=================================

Monte Carlo states the statistical standard uncertainty of each dose. It decreases with the square root of the number
of simulated decays. Four times as many decays halve it.
"""

import matplotlib.pyplot as plt
import numpy as np

import yttria

density_g_per_ml = np.full((12, 12, 12), 0.26)
density_g_per_ml[:6] = 1.06
activity_mbq_per_ml = np.where(density_g_per_ml > 1, 1.0, 0.0)
lung = density_g_per_ml < 1

histories = [10_000, 40_000, 160_000]
relative = []
for number in histories:
    found = yttria.monte_carlo(
        activity_mbq_per_ml, density_g_per_ml, (4.0, 4.0, 4.0), histories=number, structures={"lung": lung}
    ).structures["lung"]
    relative.append(100 * found.uncertainty_gy / found.mean_gy)
    print(f"{number} decays: lung {found.mean_gy:.3f} Gy with a standard uncertainty of {relative[-1]:.2f} %")

figure, axes = plt.subplots()
axes.loglog(histories, relative, "o", label="found")
axes.loglog(histories, relative[0] * np.sqrt(histories[0] / np.array(histories)), label="inverse square root")
axes.set(xlabel="simulated decays", ylabel="standard uncertainty of the lung's mean / %")
axes.legend()
plt.show()
