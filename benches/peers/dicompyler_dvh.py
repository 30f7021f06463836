"""dicompyler-core's DVH on shapes whose histogram is known (Nelms et al., Med Phys 42:4435, 2015).

It needs an environment of its own, because its release cannot be imported beside pydicom 3:

    pip install dicompyler-core==0.5.6 'pydicom<3' 'numpy<2' scikit-image
    python benches/peers/dicompyler_dvh.py FOLDER

FOLDER holds STRUCT, DOSE and analytic.csv. Contours and dose grid come with 1, 2 or 3 mm spacing or, first line,
contours at 0.2 mm with dose at 1 mm. dicompyler is called as in its documentation. It is also called with its
interpolation between planes and to a finer grid if the spacing allows ("interpolated"). Doses are cGy in its bins of 1
cGy.
"""

from __future__ import annotations

import csv
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from dicompylercore import dicomparser, dvhcalc

QUANTITIES = ("volume", "Dmean", "D99", "D95", "D5", "D1")


def figures(folder: Path, case: dict[str, str], interpolated: bool) -> list[float]:
    """Volume in mL, then doses in Gy."""
    gradient = "AntPost" if case["gradient"] == "AP" else "SupInf"
    dose = folder / "DOSE" / f"Linear_{gradient}_{case['dose_grid_mm']}mm_Aligned.dcm"
    structure = folder / "STRUCT" / f"{case['structure']}.dcm"
    rois = dicomparser.DicomParser(str(structure)).GetStructures()
    roi = next(number for number, s in rois.items() if s["type"] == "ORGAN")
    options: dict[str, object] = {}
    if interpolated:
        spacing = float(case["dose_grid_mm"])
        options = {"interpolation_resolution": (spacing / 4, spacing / 4), "interpolation_segments_between_planes": 2}
    dvh = dvhcalc.get_dvh(str(structure), str(dose), roi, **options)
    doses = [dvh.mean, *(dvh.statistic(f"D{x}").value for x in (99, 95, 5, 1))]
    return [dvh.volume, *map(float, doses)]


def main() -> None:
    folder = Path(sys.argv[1])
    with (folder / "analytic.csv").open(newline="") as file:
        cases = [case for case in csv.DictReader(file) if (folder / "STRUCT" / f"{case['structure']}.dcm").exists()]
    print(f"dicompyler-core {version('dicompyler-core')}, pydicom {version('pydicom')}, numpy {np.__version__}")
    print("errors in %, median / largest: " + ", ".join(QUANTITIES))
    for interpolated in (False, True):
        for spacing in sorted({case["contour_spacing_mm"] for case in cases}, key=float):
            errors, failed = [], 0
            for case in (c for c in cases if c["contour_spacing_mm"] == spacing):
                exact = [float(case[k]) for k in ("volume_ml", "Dmean_gy", "D99_gy", "D95_gy", "D5_gy", "D1_gy")]
                try:
                    got = figures(folder, case, interpolated)
                except Exception as error:
                    failed += 1
                    print(f"  {case['structure']}: {type(error).__name__}: {error}"[:120])
                    continue
                errors.append([100 * abs(g / e - 1) for g, e in zip(got, exact, strict=True)])
            if errors:
                cells = [f"{m:5.2f} / {x:5.1f}" for m, x in zip(np.median(errors, 0), np.max(errors, 0), strict=True)]
                how = "interpolated" if interpolated else "as documented"
                print(f"{spacing} mm, {how}, {len(errors)} cases, {failed} failed: " + ", ".join(cells), flush=True)


if __name__ == "__main__":
    main()
