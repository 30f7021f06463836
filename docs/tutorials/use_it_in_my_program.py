"""
Use it in my program
====================

The functions take and return numpy arrays. They also take images of SimpleITK and nibabel, and many maps of one shape.
This tutorial needs ``pip install SimpleITK nibabel`` in addition to yttria.
"""

# %%
# Arrays
# ------
#
# Arrays have the axes ``(k, j, i)``, which are slice, row and column. Units are in the names.

import numpy as np

import yttria

activity_mbq_per_ml = np.zeros((40, 50, 60), np.float32)
activity_mbq_per_ml[15:25, 20:30, 25:40] = 2.0
voxel_size_mm = (3.0, 4.07, 4.07)

s_values = yttria.voxel_s_values(voxel_size_mm, medium="liver")
dose_gy = yttria.absorbed_dose(activity_mbq_per_ml, s_values)
print(dose_gy.shape, dose_gy.dtype, f"maximum {dose_gy.max():.1f} Gy")

# %%
# Many maps
# ---------
#
# A plan stores everything that depends only on the shape and the voxel size.

plan = yttria.ConvolutionPlan(activity_mbq_per_ml.shape, s_values.gy_per_mbq_per_ml(), np.float32)
maxima = [float(plan.apply(activity_mbq_per_ml * np.float32(factor)).max()) for factor in (0.5, 1.0, 2.0)]
print([round(maximum, 1) for maximum in maxima])

# %%
# SimpleITK
# ---------

import SimpleITK as sitk

guest = sitk.GetImageFromArray(activity_mbq_per_ml)
guest.SetSpacing((4.07, 4.07, 3.0))
guest.SetOrigin((-120.0, -100.0, 40.0))
image = yttria.geometry.Image.from_any(guest, unit="MBq/mL")
result = yttria.dose_image(image, scaling=yttria.AbsoluteScaling(scan_delay_h=0.0))

dose = sitk.GetImageFromArray(result.image.array)
dose.CopyInformation(guest)
print(dose.GetSize(), dose.GetOrigin())

# %%
# nibabel
# -------
#
# The axes of NIfTI point to the right and to the front, and those of yttria to the left and to the back. The position
# in the patient is the same.

import nibabel

nifti = nibabel.Nifti1Image(activity_mbq_per_ml.T, np.diag([-4.07, -4.07, 3.0, 1.0]))
image = yttria.geometry.Image.from_any(nifti, unit="MBq/mL")
print(np.diag(image.affine_lps))

# %%
# Errors and advisories
# ---------------------
#
# An input that cannot be right raises an exception, whose sentence can be shown to a user. The result states everything
# else that a reader must know.

try:
    yttria.absorbed_dose(activity_mbq_per_ml, yttria.voxel_s_values((0.1, 4.0, 4.0), medium="liver"))
except yttria.YttriaError as error:
    print(f"{type(error).__name__}: {error}")

for advisory in result.advisories:
    print(advisory.code, advisory.severity)

# %%
# 3D Slicer
# ---------
#
# In Slicer's Python console, the same calls work on the arrays of nodes::
#
#     activity = slicer.util.arrayFromVolume(node) / 1e6            # Bq/mL to MBq/mL, (k, j, i) already
#     voxel_size_mm = tuple(reversed(node.GetSpacing()))
#     dose_gy = yttria.absorbed_dose(activity, yttria.voxel_s_values(voxel_size_mm, medium="liver"))
