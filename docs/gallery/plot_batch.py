"""
A batch of cases
================

`yttria.batch.run` computes the doses of cases one after another and yields their results. The script writes twelve
phantoms with increasing tumor-to-normal ratio as files, and runs them as a cohort.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import yttria
from yttria.batch import Case, run
from yttria.phantom import liver_phantom

ratios = [2.0 + 0.5 * n for n in range(12)]
with tempfile.TemporaryDirectory() as name:
    cases = []
    for n, ratio in enumerate(ratios):
        phantom = liver_phantom((8.0, 8.0, 8.0), tumor_to_normal_ratio=(ratio, ratio))
        pet, masks = Path(name, f"{n}.nrrd"), Path(name, f"{n}.seg.nrrd")
        yttria.write_image(phantom.activity, pet)
        yttria.write_structures(phantom.structures, masks)
        cases.append(Case(case_id=f"case {n}", activity=pet, structures=(masks,), scan_delay_h=20.0))
    outcomes = list(run(cases, workers=2))

figure, axes = plt.subplots()
for structure in ("Tumor 1", "Normal liver"):
    means_gy = [next(row["mean_gy"] for row in each.rows if row["structure"] == structure) for each in outcomes]
    axes.plot(ratios, means_gy, "o-", label=structure)
axes.set(xlabel="tumor-to-normal ratio", ylabel="mean absorbed dose / Gy", ylim=(0, None))
axes.legend()
print(f"{len(outcomes)} cases, {sum(each.failure is not None for each in outcomes)} failures")
plt.show()
