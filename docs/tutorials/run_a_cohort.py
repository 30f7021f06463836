"""
Run a cohort, and relate doses to outcomes
==========================================

The doses of thirty phantoms with different uptake are computed as a batch. Random responses follow from a known curve,
and the analysis finds this curve again within its interval.
"""

# %%
# Cases and their manifest
# ------------------------

import tempfile
from pathlib import Path

import numpy as np

import yttria
from yttria.batch import check_manifest, run_manifest, write_manifest
from yttria.phantom import liver_phantom

folder = Path(tempfile.mkdtemp())
rng = np.random.default_rng(3)
rows = []
for n in range(30):
    ratios = tuple(float(r) for r in rng.uniform(1.5, 9.0, 2))
    phantom = liver_phantom((10.0, 10.0, 10.0), tumor_to_normal_ratio=ratios)
    yttria.write_image(phantom.activity, folder / f"pet_{n}.nrrd")
    yttria.write_structures(phantom.structures, folder / f"structures_{n}.seg.nrrd")
    files = {"activity": f"pet_{n}.nrrd", "structures": f"structures_{n}.seg.nrrd"}
    rows.append({"case_id": f"patient {n}", **files, "scan_delay_h": 20.0})
write_manifest(rows, folder / "manifest.csv")
print(check_manifest(folder / "manifest.csv"))

# %%
# The first number is the number of cases. The list would name each problem with its row and column.
#
# Run
# ---

report = run_manifest(folder / "manifest.csv", folder / "results")
print(f"{report.state}: {report.counts.done} done, {report.counts.failed} failed")

# %%
# A second run finds that every result exists. The content of the inputs identifies a result.

again = run_manifest(folder / "manifest.csv", folder / "results").counts
print(f"{again.done} done, {again.known} known from before")

# %%
# Doses as a table
# ----------------

import pyarrow.parquet as pq

table = pq.read_table(folder / "results" / "doses.parquet").to_pylist()
means_gy = {(row["case_id"], row["structure"]): row["value"] for row in table if row["metric"] == "mean_gy"}
print(len(means_gy), "mean doses;", f"patient 0: {means_gy['patient 0', 'Tumor 1']:.0f} Gy to tumor 1")

# %%
# Outcomes
# --------
#
# The response of each tumor is drawn from a logistic curve with a D50 of 150 Gy.

from yttria.outcomes import Outcome, analyze, join_doses, outcome_figure

outcomes = []
for (case_id, structure), dose_gy in means_gy.items():
    if structure.startswith("Tumor"):
        responds = rng.uniform() < 1 / (1 + (150.0 / dose_gy) ** 4)
        outcomes.append(Outcome(case_id=case_id, structure=structure, response="PR" if responds else "SD"))
analysis = analyze(join_doses(outcomes, folder / "results", endpoint="response"))
fit = analysis.dose_response
print(f"D50 {fit.d50_gy.value:.0f} Gy, 95 % interval {fit.d50_gy.lower:.0f} to {fit.d50_gy.upper:.0f} Gy")

# %%
# The figure shows the curve with its interval, and the ROC curve.

figure = outcome_figure(analysis)

# %%
# The next block prints the advisories of the fit.

for advisory in analysis.advisories:
    print(f"{advisory.severity}: {advisory.message}")
