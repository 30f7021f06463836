"""
Check my own implementation
===========================

A small program answers cases of the conformance suite. It has a mistake on purpose, and the score names it. Then two
dose maps of one patient are compared.
"""

# %%
# Cases
# -----
#
# A case states its inputs with their units, the required quantities, and a tolerance. You can answer any number of
# cases.

from yttria.conformance import cases, score

asked = [case for case in cases() if case.model in ("decay_factor", "ldm_absolute")]
for case in asked:
    print(case.id, case.inputs, list(case.expected))

# %%
# A program
# ---------
#
# This program has a half-life of 2.7 days, as a table of isotopes may print it. It ignores the 64.1 h of the case.

HALF_LIFE_H = 2.7 * 24


def answer(case):
    """Answer one case by the program under test."""
    given = case.inputs
    if case.model == "decay_factor":
        return {"factor": 0.5 ** (given["elapsed_h"] / HALF_LIFE_H)}
    growth = 2 ** (given["hours_admin_to_reference"] / HALF_LIFE_H)
    mbq_per_ml = given["concentration_kBq_per_mL_at_scan"] * 1e-3 * growth
    return {"dose_Gy": given["dose_factor_Gy_kg_per_GBq"] * mbq_per_ml / given["density_g_per_mL"]}


report = score({"implementation": "mine", "answers": {case.id: answer(case) for case in asked}})
for case in report.cases:
    if case.status in ("pass", "fail"):
        print(f"{case.id}: {case.status}, deviation {100 * case.deviation:.2f} %")
for finding in report.findings:
    print(finding.name)

# %%
# A program in another language reads the exported suite and writes a file of answers::
#
#     yttria conformance export suite
#     yttria conformance score results.json
#
# Two dose maps
# -------------
#
# The second map is made without the decay correction from scan to administration.

import numpy as np

import yttria
from yttria.evaluation import compare_doses
from yttria.phantom import liver_phantom
from yttria.report import comparison_figure

phantom = liver_phantom((5.0, 5.0, 5.0), blur_fwhm_mm=5.0)
ours = yttria.dose_image(phantom.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=20.0)).image
theirs = yttria.dose_image(phantom.activity, scaling=yttria.AbsoluteScaling(scan_delay_h=0.0)).image
comparison = compare_doses(ours, theirs, phantom.structures)
for row in comparison.differences:
    print(f"{row.structure:14} {row.mean_a_gy:6.1f} Gy and {row.mean_b_gy:6.1f} Gy")
print(f"gamma 3 %, 3 mm: {100 * comparison.gamma.passing_fraction:.0f} % pass")

# %%
# Every mean is 0.806 of the other one, which is the decay of 20 h. If the ratio is the same everywhere, the cause is
# the scaling, and not the dose model.

print(round(float(np.exp(-np.log(2) * 20.0 / 64.1)), 3))

# %%
figure = comparison_figure(comparison, title="A with, B without decay correction")
