"""
Response against dose
=====================

A logistic curve that is fitted to a cohort states the dose at which half of the tumors respond, with its interval.
Forty simulated tumors with a true D50 of 140 Gy show the width of that interval.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.outcomes import fit_dose_response

rng = np.random.default_rng(8)
dose_gy = rng.uniform(50.0, 350.0, 40)
true = 1 / (1 + (140.0 / dose_gy) ** 4)
response = rng.uniform(size=40) < true
fit = fit_dose_response(dose_gy, response)

shown_gy = np.linspace(40.0, 360.0, 100)
figure, axes = plt.subplots()
axes.plot(dose_gy, response, "|", color="k", markersize=12, label="tumors")
axes.plot(shown_gy, 1 / (1 + (140.0 / shown_gy) ** 4), linestyle="--", label="truth")
slope = 4 * fit.gamma50.value
axes.plot(shown_gy, 1 / (1 + (fit.d50_gy.value / shown_gy) ** slope), label="fitted")
axes.axvspan(fit.d50_gy.lower, fit.d50_gy.upper, color="C1", alpha=0.15)
axes.set(xlabel="absorbed dose / Gy", ylabel="probability of response")
axes.legend(loc="center right")
print(f"D50 {fit.d50_gy.value:.0f} Gy, 95 % interval {fit.d50_gy.lower:.0f} to {fit.d50_gy.upper:.0f} Gy")
plt.show()
