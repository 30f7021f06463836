"""
Complication and control
========================

A published set of parameters converts a dose into a probability. No set is a default, because the same dose has
another probability with another set.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.evaluation import ntcp_lyman, tcp_poisson

dose_gy = np.linspace(0.0, 300.0, 101)
figure, axes = plt.subplots()
for td50_gy in (52.0, 70.0):
    risk = [ntcp_lyman(float(d), td50_gy=td50_gy, m=0.28, n=1.0).probability for d in dose_gy]
    axes.plot(dose_gy, risk, label=f"complication, TD50 {td50_gy:g} Gy")
control = [tcp_poisson(float(d), alpha_per_gy=0.05, clonogens=1000.0).probability for d in dose_gy]
axes.plot(dose_gy, control, label="control, 0.05 per Gy and 1000 clonogens")
axes.set(xlabel="uniform absorbed dose / Gy", ylabel="probability")
axes.legend(loc="lower right")
at_40 = [ntcp_lyman(40.0, td50_gy=td50_gy, m=0.28, n=1.0).probability for td50_gy in (52.0, 70.0)]
print(f"complication at 40 Gy: {100 * at_40[0]:.0f} % or {100 * at_40[1]:.0f} %")
plt.show()
