"""
Dose-volume histograms
======================

The cumulative histogram states the part of a structure that receives at least a dose. D70 follows from it, because 70
% of the tumor receives at least that dose.
"""

import matplotlib.pyplot as plt
import numpy as np

import yttria
from yttria.phantom import liver_phantom

phantom = liver_phantom((4.0, 4.0, 4.0), blur_fwhm_mm=5.0)
result = yttria.dose_image(phantom.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=20.0))

figure, axes = plt.subplots()
for name, histogram in result.dose_volume_histograms(phantom.structures).items():
    dose_gy, volume_ml = histogram.curve(doses_gy=np.linspace(0.0, 240.0, 481))
    axes.plot(dose_gy, 100 * volume_ml / histogram.volume_ml, label=name)
    print(f"{name}: mean {histogram.mean_gy:.1f} Gy, D70 {histogram.dose_at_volume_percent(70.0):.1f} Gy")

axes.set(xlabel="absorbed dose / Gy", ylabel="volume that receives at least this dose / %", ylim=(0, 102))
axes.legend(loc="upper right")
plt.show()
