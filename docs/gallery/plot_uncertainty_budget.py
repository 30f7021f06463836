"""
Uncertainty of a mean dose
==========================

Volume, recovery and calibration contribute to the uncertainty of the mean dose of a tumor. For small tumors, the
outline on a blurred image is the largest contribution.
"""

import matplotlib.pyplot as plt
import numpy as np

from yttria.evaluation import RecoveryCurve, dose_uncertainty, sphere_volume_uncertainty

curve = RecoveryCurve(b1_ml=2.0, b2=0.8)
diameters_mm = np.linspace(15.0, 80.0, 27)
volume, dose = [], []
for diameter in diameters_mm:
    u = sphere_volume_uncertainty(float(diameter), voxel_size_mm=4.0, fwhm_mm=6.0).relative
    volume_ml = float(np.pi / 6 * diameter**3 * 1e-3)
    found = dose_uncertainty(volume_ml, volume_uncertainty=u, fwhm_mm=6.0, recovery=curve, calibration_uncertainty=0.05)
    volume.append(100 * u)
    dose.append(100 * found.absorbed_dose)

figure, axes = plt.subplots()
axes.plot(diameters_mm, volume, label="volume")
axes.plot(diameters_mm, dose, label="mean absorbed dose")
axes.set(xlabel="diameter of the tumor / mm", ylabel="relative standard uncertainty / %", ylim=(0, None))
axes.legend()
print(f"{diameters_mm[0]:.0f} mm: {dose[0]:.0f} %; {diameters_mm[-1]:.0f} mm: {dose[-1]:.0f} %")
plt.show()
