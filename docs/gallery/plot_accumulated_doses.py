"""
Doses of two treatments
=======================

Doses of several treatments are added voxel by voxel. The biological effects are not those of the sum. Each treatment
has its own biologically effective dose (BED).
"""

import matplotlib.pyplot as plt

import yttria
from yttria.evaluation import TreatmentDose, accumulate_doses, bed_gy
from yttria.phantom import liver_phantom

phantom = liver_phantom((6.0, 6.0, 6.0))
dose = yttria.dose_image(phantom.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=20.0)).image
treatments = [
    TreatmentDose(name="March", dose=dose),
    TreatmentDose(name="June", dose=dose.with_array(0.5 * dose.array, "Gy")),
]
total = accumulate_doses(treatments)
bed, _ = total.bed(alpha_beta_gy=2.5, repair_half_time_h=2.5)

figure, panels = plt.subplots(1, 2, figsize=(7.2, 3.0))
k = dose.array.shape[0] // 2
for axes, image, title in ((panels[0], total.image, "sum of doses"), (panels[1], bed, "sum of BED")):
    drawn = axes.imshow(image.array[k], cmap="inferno")
    axes.set(title=title)
    axes.axis("off")
    figure.colorbar(drawn, ax=axes, label=image.unit, shrink=0.8)

each = [float(image.array.max()) for image in (dose, treatments[1].dose)]
at_once = bed_gy(sum(each), alpha_beta_gy=2.5, repair_half_time_h=2.5)
in_two = bed.array.max()
print(f"hottest voxel: {sum(each):.0f} Gy; BED {in_two:.0f} Gy in two treatments, {at_once:.0f} Gy if given at once")
plt.show()
