"""
Isodoses on a CT
================

`dose_figure` draws planes through each tumor with isodose lines on a background, and histograms beside them. The true
mean of the tumor is known here. The difference is the loss by the blur of the image.
"""

import matplotlib.pyplot as plt

import yttria
from yttria.phantom import liver_phantom
from yttria.report import dose_figure

phantom = liver_phantom((4.0, 4.0, 4.0), blur_fwhm_mm=5.0)
result = yttria.dose_image(phantom.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=20.0), method="voxel_s_values")

figure = dose_figure(result, phantom.structures, background=phantom.ct, isodoses_gy=[20, 50, 100, 200])
row = next(row for row in result.table(phantom.structures) if row.structure == "Tumor 1")
print(f"Tumor 1: {row.mean_gy:.0f} Gy in the image, {phantom.mean_dose_gy['Tumor 1']:.0f} Gy in truth")
plt.show()
