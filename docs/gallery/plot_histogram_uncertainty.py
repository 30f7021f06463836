"""
Histograms with their uncertainty
=================================

The outline, the calibration and the counts of a structure are uncertain. Random draws of these inputs give an interval
for each dose at a volume. The interval of the small tumor is wider than that of the large one.
"""

import matplotlib.pyplot as plt

import yttria
from yttria.evaluation import UncertaintyInputs, dose_metric
from yttria.phantom import liver_phantom
from yttria.voxel import propagate_uncertainty

phantom = liver_phantom((4.0, 4.0, 4.0), blur_fwhm_mm=5.0)
result = yttria.dose_image(phantom.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=20.0))
tumors = [structure for structure in phantom.structures if structure.name.startswith("Tumor")]
percents = (2, 10, 30, 50, 70, 90, 95, 98)
stated = UncertaintyInputs(fwhm_mm=5.0, calibration_uncertainty=0.05, count_uncertainty=0.03)
metrics = [dose_metric(f"D{percent}") for percent in percents]
doses = propagate_uncertainty(result, tumors, stated, metrics=metrics, draws=100, seed=1)

figure, axes = plt.subplots()
for tumor in tumors:
    found = [doses.of(tumor.name, f"d{percent}_gy") for percent in percents]
    values = [each.value for each in found]
    low, high = zip(*(each.interval for each in found), strict=True)
    (line,) = axes.plot(values, percents, label=f"{tumor.name}, {tumor.volume_ml:.0f} mL")
    axes.fill_betweenx(percents, low, high, color=line.get_color(), alpha=0.2)
    print(f"{tumor.name}: D70 {values[4]:.0f} Gy, 95 % interval {low[4]:.0f} to {high[4]:.0f} Gy")

axes.set(xlabel="absorbed dose / Gy", ylabel="volume that receives at least this dose / %", ylim=(0, 102))
axes.set_xlim(0, None)
axes.legend(loc="lower left")
plt.show()
