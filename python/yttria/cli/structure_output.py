"""Tables in addition to that of doses: mean doses corrected for blur, and numbers of microspheres."""

from __future__ import annotations

from collections.abc import Sequence

from .._foundation.text import shown_with_uncertainty
from .output import Row, print_table

_RECOVERED = {
    "structure": "Structure",
    "volume_ml": "mL",
    "mean_gy": "Mean",
    "recovery_coefficient": "Recovery coefficient",
    "recovered_mean_gy": "Recovered mean",
    "noise_amplification": "Noise times",
}
_SPHERES = {
    "structure": "Structure",
    "microspheres": "Microspheres",
    "microspheres_per_ml": "per mL",
    "microspheres_per_voxel": "per voxel",
    "microsphere_voxel_relative_uncertainty": "Spread of voxels in %",
}


def print_recovered(rows: Sequence[Row]) -> None:
    """Print the corrected means with the means; nothing if they were not requested."""
    shown = [row for row in rows if "recovered_mean_gy" in row]
    if shown:
        texts: list[Row] = [row | {name: _with_uncertainty(row, name) for name in _UNCERTAIN} for row in shown]
        print_table(
            texts,
            title="Mean dose in Gy, corrected for the blur of the image",
            headings=_RECOVERED,
            to_the_right=tuple(_UNCERTAIN),
        )


_UNCERTAIN = {
    "recovery_coefficient": "recovery_coefficient_standard_uncertainty",
    "recovered_mean_gy": "recovered_mean_standard_uncertainty_gy",
}


def _with_uncertainty(row: Row, name: str) -> str | float | None:
    value, u = row[name], row.get(_UNCERTAIN[name])
    if isinstance(value, float) and isinstance(u, float):
        return shown_with_uncertainty(value, u)
    return value


def print_spheres(rows: Sequence[Row]) -> None:
    """Print the numbers of microspheres; nothing if their activity was not stated."""
    shown = [row for row in rows if "microspheres" in row]
    name = "microsphere_voxel_relative_uncertainty"
    if shown:
        texts = [row | {name: None if row[name] is None else 100.0 * float(str(row[name]))} for row in shown]
        print_table(texts, title="Number of microspheres, and the spread that it causes", headings=_SPHERES)
