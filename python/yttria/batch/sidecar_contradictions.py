"""Values that a case declares otherwise than the PET-BIDS sidecars of its image."""

from __future__ import annotations

import math

from ..case import Case
from ..io.pet_sidecar import OTHER_NUCLIDES, YTTRIUM, sidecars_of, stated_columns


def contradictions(case: Case) -> list[str]:
    """Find what a case declares otherwise than the sidecars of its activity state.

    Parameters
    ----------
    case : Case
        The declared case.

    Returns
    -------
    list of str
        A sentence for each column: another unit, another nuclide, or a number that differs by more than 0.1 %; and
        each nuclide that yttria does not know. It is empty if there is no sidecar.
    """
    files = sidecars_of(case.activity)
    if not files:
        return []
    stated, notes = stated_columns(files)
    found = [note for note in notes if "TracerRadionuclide must be" in note]
    isotope = next((name for name in OTHER_NUCLIDES if case.nuclide.startswith(name)), YTTRIUM)
    declared = {name: getattr(case, name) for name in stated} | ({"nuclide": isotope} if "nuclide" in stated else {})
    for name, value in stated.items():
        other = declared[name]
        same = math.isclose(other, value, rel_tol=1e-3) if isinstance(other, float) else other in (value, None)
        if not same:
            found.append(f"{files[-1]}: {name} is {_shown(value)} by the sidecar, and {_shown(other)} by the manifest")
    return found


def _shown(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
