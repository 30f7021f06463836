"""Tables of a comparison of two dose maps for a report, from the content of comparison.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .sections import Column, Json

_DIFFERENCES = (
    Column("structure", "Structure"),
    Column("volume_ml", "Volume", "mL"),
    Column("mean_a_gy", "Mean A", "Gy"),
    Column("mean_b_gy", "Mean B", "Gy"),
    Column("mean_difference_gy", "B - A", "Gy"),
    Column("relative_difference", "(B - A) / A"),
    Column("q75_gy", "75 % of |B - A|", "Gy"),
    Column("q99_gy", "99 % of |B - A|", "Gy"),
    Column("maximum_gy", "Max |B - A|", "Gy"),
    Column("gamma_passing_fraction", "Gamma passes"),
)
_ISODOSES = (
    Column("level_gy", "Isodose / Gy"),
    Column("volume_a_ml", "Volume A", "mL"),
    Column("volume_b_ml", "Volume B", "mL"),
    Column("dice", "Dice"),
)


def comparison_tables(comparison: Json) -> dict[str, Any]:
    """Make the facts on gamma, and the three tables."""
    gamma, worst = comparison["gamma"], comparison["worst_voxel"]
    kind = "of each voxel's dose" if gamma["local"] else "of the normalization dose"
    place = ", ".join(f"{value:.1f}" for value in worst["position_lps_mm"])
    facts = [
        ("Gamma criterion", f"{100 * gamma['dose_difference_fraction']:g} % {kind}, {gamma['distance_mm']:g} mm"),
        ("Normalization dose / Gy", gamma["normalization_gy"]),
        ("Fraction of voxels that pass", gamma["passing_fraction"]),
        ("Voxels evaluated", gamma["evaluated_voxels"]),
        ("Mean gamma", gamma["mean_gamma"]),
        ("Largest difference B - A / Gy", worst["difference_gy"]),
        ("Its place, LPS / mm", place),
    ]
    columns, rows = _by_map(comparison["dose_volume"])
    tables = (
        (
            "Differences by structure; quantiles and maximum of |B - A|.",
            _DIFFERENCES,
            comparison["differences"],
            "structure",
        ),
        ("Quantities of the histograms in Gy, in both maps.", columns, rows, "structure"),
        ("Volumes above isodose levels, and their overlap.", _ISODOSES, comparison["isodoses"], "level_gy"),
    )
    return {
        "gamma": [(words, value) for words, value in facts if value is not None],
        "tables": [
            {"caption": caption, "columns": columns, "rows": rows, "name": name}
            for caption, columns, rows, name in tables
            if rows
        ],
    }


def _by_map(dose_volume: Sequence[Json]) -> tuple[list[Column], list[dict[str, Any]]]:
    """Make three rows for each structure, A, B and B - A, with a column for each quantity of the histogram."""
    quantities = list(dict.fromkeys(str(row["quantity"]) for row in dose_volume))
    rows: list[dict[str, Any]] = []
    for structure in dict.fromkeys(row["structure"] for row in dose_volume):
        of_it = [row for row in dose_volume if row["structure"] == structure]
        for words, key in (("A", "a_gy"), ("B", "b_gy"), ("B - A", "difference_gy")):
            found = {str(row["quantity"]): row[key] for row in of_it}
            rows.append({"structure": structure, "map": words, **{name: found.get(name) for name in quantities}})
    columns = [Column("structure", "Structure"), Column("map", "Map", text=True)]
    return [*columns, *(Column(name, name[:1].upper() + name[1:]) for name in quantities)], rows
