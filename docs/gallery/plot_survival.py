"""
Survival
========

The Kaplan-Meier curve counts the patients who are still in the follow-up. A patient who left the study is counted
neither as dead nor as alive. The curve crosses one half at the median.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.outcomes import kaplan_meier

rng = np.random.default_rng(5)
died_months = rng.exponential(18.0, 60)
left_months = rng.uniform(3.0, 40.0, 60)
curve = kaplan_meier(np.minimum(died_months, left_months), died_months < left_months)

months = np.linspace(0.0, 36.0, 200)
figure, axes = plt.subplots()
axes.step(months, curve.probability_at(months), where="post")
axes.axhline(0.5, color="k", linestyle="--", linewidth=1)
axes.set(xlabel="time / months", ylabel="survival", ylim=(0, 1.02))
median = curve.median_months
print(f"median {median.value:.1f} months, 95 % interval {median.lower:.1f} to {median.upper:.1f}; true median 12.5")
plt.show()
