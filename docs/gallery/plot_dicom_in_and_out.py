"""
DICOM in and out
================

A PET series of DICOM becomes an RTDOSE of the same patient in the same frame of reference. Each slice of the PET has
its own slope. The RTDOSE has 32 bits, so that rounding of its doses is not visible.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import yttria
from yttria.io.dicom import activity_timing, read_rtdose, write_rtdose
from yttria.phantom import liver_phantom, write_dicom_study

with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    write_dicom_study(liver_phantom((6.0, 6.0, 6.0)), folder)
    pet = yttria.read_image(folder / "pet")
    delay_h = activity_timing(folder / "pet").scan_delay_h
    scaling = yttria.AbsoluteScaling(scan_delay_h=delay_h)
    result = yttria.dose_image(pet, scaling=scaling)
    write_rtdose(result, folder / "dose.dcm", reference=folder / "pet")
    again = read_rtdose(folder / "dose.dcm")

figure, panels = plt.subplots(1, 2, figsize=(7.2, 2.8))
k = again.array.shape[0] // 2
for axes, image, title in ((panels[0], pet, "PET as read"), (panels[1], again, "RTDOSE as read back")):
    drawn = axes.imshow(image.array[k], cmap="inferno")
    axes.set(title=title)
    axes.axis("off")
    figure.colorbar(drawn, ax=axes, label=image.unit, shrink=0.8)
rounding_gy = float(np.abs(again.array - result.image.array).max())
print(f"maximum {again.array.max():.1f} {again.unit}, changed by {1e6 * rounding_gy:.1f} uGy at most")
plt.show()
