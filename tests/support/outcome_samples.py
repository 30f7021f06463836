"""Cohorts with known curves: doses as a batch writes them, and outcomes drawn from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

D50_GY, GAMMA50 = 120.0, 1.0


def lesions(patients: int = 40, seed: int = 7) -> list[dict[str, Any]]:
    """Lesions of patients with dose, response, toxicity and times; rows of outcomes with a further "dose_gy"."""
    generator = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for patient in range(patients):
        level = np.exp(generator.normal(np.log(D50_GY), 0.5))
        survival = float(generator.exponential(14.0 * (level / D50_GY) ** 0.8))
        follow_up = float(generator.uniform(8.0, 40.0))
        liver = float(level * generator.uniform(0.2, 0.5))
        case = {"case_id": f"case {patient:03d}"}
        for n in range(int(generator.integers(1, 4))):
            dose = float(level * np.exp(generator.normal(0.0, 0.3)))
            responds = generator.uniform() < 1.0 / (1.0 + (D50_GY / dose) ** (4 * GAMMA50))
            response = str(generator.choice(["CR", "PR"] if responds else ["SD", "PD"]))
            rows.append(case | {"structure": f"Tumor {n + 1}", "response": response, "dose_gy": dose})
        grade = int(np.clip(generator.poisson(liver / 25.0), 0, 5))
        rows.append(
            case
            | {
                "structure": "Normal liver",
                "toxicity_grade": grade,
                "survival_months": round(min(survival, follow_up), 2),
                "survival_event": survival <= follow_up,
                "dose_gy": liver,
            }
        )
    return rows


def write_doses(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """A folder of results with a dose table of these rows, as `yttria batch run` writes it."""
    import pyarrow
    import pyarrow.parquet

    from yttria.batch.tables import _schema

    folder.mkdir(parents=True, exist_ok=True)
    columns: dict[str, list[Any]] = {name: [] for name in _schema("doses").names}
    for row in rows:
        for metric, value, unit in (("mean_gy", row["dose_gy"], "Gy"), ("volume_ml", 50.0, "mL")):
            isotope = row.get("isotope", "Y-90")
            values = (
                row["case_id"],
                row["structure"],
                metric,
                value,
                unit,
                "local_deposition",
                "",
                None,
                None,
                isotope,
            )
            for name, each in zip(columns, values, strict=True):
                columns[name].append(each)
    numbers = ("value", "standard_uncertainty", "coverage_factor")
    arrays = {
        name: pyarrow.array(each, pyarrow.float64() if name in numbers else pyarrow.string())
        for name, each in columns.items()
    }
    pyarrow.parquet.write_table(pyarrow.table(arrays).cast(_schema("doses")), folder / "doses.parquet")
    return folder
