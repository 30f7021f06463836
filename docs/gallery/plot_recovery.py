"""
Recovery of small tumors
========================

A camera spreads the activity of a small tumor over its surroundings, so that its concentration in the image is too
low. The recovery of a ball follows from the blur alone. A curve that is fitted to the inserts of a phantom describes
the camera.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.evaluation import ball_recovery, fit_recovery_curve

volumes_ml = [0.5, 1.2, 2.6, 5.6, 11.5, 26.5]
measured = [0.22, 0.36, 0.5, 0.64, 0.78, 0.88]
fit = fit_recovery_curve(volumes_ml, measured, uncertainties=[0.03] * 6)

shown_ml = np.geomspace(0.3, 60.0, 60)
figure, axes = plt.subplots()
axes.errorbar(volumes_ml, measured, yerr=0.03, fmt="o", color="k", label="inserts")
axes.semilogx(shown_ml, [fit.curve.recovery(float(v)) for v in shown_ml], label="fitted curve")
axes.semilogx(shown_ml, [ball_recovery(float(v), fwhm_mm=8.0) for v in shown_ml], label="ball, blur of 8 mm")
axes.set(xlabel="volume / mL", ylabel="recovery", ylim=(0, 1.05))
axes.legend()
uncertainty = fit.curve.uncertainty(5.0, volume_uncertainty=0.1)
print(f"a tumor of 5 mL keeps {fit.curve.recovery(5.0):.2f} with a standard uncertainty of {uncertainty:.2f}")
plt.show()
