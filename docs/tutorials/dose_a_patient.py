"""
Dose a patient from DICOM
=========================

This tutorial leads from a folder of DICOM to doses of structures, a picture and an RTDOSE. The patient is a phantom
whose true doses are known.
"""

# %%
# A study
# -------
#
# ``yttria demo --dicom`` writes this study. The next block calls the same functions. Replace ``folder`` with your own
# folder.

import tempfile
from pathlib import Path

import yttria
from yttria.phantom import liver_phantom, write_dicom_study

phantom = liver_phantom((4.0, 4.0, 4.0), blur_fwhm_mm=5.0)
folder = Path(tempfile.mkdtemp())
written = write_dicom_study(phantom, folder)
print(len(written), "files in", ", ".join(sorted(path.name for path in folder.iterdir())))

# %%
# Content of the study
# --------------------
#
# The headers state nuclide, unit, times and the administered activity. ``activity_timing`` reads them, and states the
# delay between administration and scan with its origin.

from yttria.io.dicom import activity_timing

timing = activity_timing(folder / "pet")
print(f"{timing.scan_delay_h:.2f} h after administration of {timing.administered_activity_gbq:g} GBq")

# %%
# Dose
# ----
#
# The image is in Bq/mL, so that the scaling is absolute. The administered activity is a check. If the whole image has
# another activity, an advisory states it.

pet = yttria.read_image(folder / "pet")
structures = yttria.read_structures(folder / "structures.dcm")
scaling = yttria.AbsoluteScaling(
    scan_delay_h=timing.scan_delay_h, administered_activity_gbq=timing.administered_activity_gbq
)
local = yttria.dose_image(pet, scaling=scaling, density_g_per_ml=phantom.density_g_per_ml)
for row in local.table(structures):
    print(f"{row.structure:14} {row.volume_ml:7.1f} mL   mean {row.mean_gy:6.1f} Gy   D70 {row.d70_gy:6.1f} Gy")
for advisory in local.advisories:
    print(f"{advisory.severity}: {advisory.message}")

# %%
# Compare with the true doses
# ---------------------------
#
# The mean doses of the phantom without blur are known. With a blur of 5 mm, a tumor of 11 mL loses much of its activity
# to its surroundings, and a large tumor loses little.

for row in local.table(structures):
    true_gy = phantom.mean_dose_gy[row.structure]
    print(f"{row.structure:14} {row.mean_gy:6.1f} Gy of {true_gy:6.1f} Gy, {100 * (row.mean_gy / true_gy - 1):+5.1f} %")

# %%
# Another method
# --------------
#
# Superposition needs the density of a CT, which may have any grid. CT numbers of air outside the curve are clamped,
# because the call requests it.

density = yttria.density_image(yttria.read_image(folder / "ct"), out_of_range="clamp")
superposed = yttria.dose_image(pet, scaling=scaling, method="superposition", density=density)
for one, other in zip(local.table(structures), superposed.table(structures), strict=True):
    print(f"{one.structure:14} {one.mean_gy:6.1f} Gy local, {other.mean_gy:6.1f} Gy by superposition")

# %%
# A picture
# ---------

from yttria.report import dose_figure

figure = dose_figure(superposed, structures, background=phantom.ct, title="Digital phantom")

# %%
# Write the results
# -----------------
#
# The RTDOSE takes patient, study and frame of reference from the PET. DICOM cannot store negative doses. Rounding of
# the transforms causes small negative doses far from the activity. They are refused unless the caller replaces them
# with 0.

from yttria.io.dicom import write_rtdose

rtdose = write_rtdose(superposed, folder / "dose.dcm", reference=folder / "pet", negative_doses="clip")
yttria.write_image(superposed.image, folder / "dose.nrrd")
again = yttria.read_image(folder / "dose.nrrd")
print("maximum", round(float(again.array.max()), 1), again.unit)

# %%
# On the command line, one call does all of this::
#
#     yttria dose pet -s structures.dcm --ct ct --method superposition --rtdose -o out
