"""What comes of a case: its doses, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a case has no result: the class of the error and what it said."""

    error: str
    message: str


@dataclass(frozen=True, eq=False, kw_only=True)
class CaseOutcome:
    """The result of one case, or its failure.

    `rows`: the table of its structures, as `DoseResult.table` makes it. `dvh_volume_ml[structure][n]`: the volume in mL
    that receives `n x dvh_step_gy` or more; the last value is 0, unless 10 000 do not reach it. `advisories` and
    `provenance`: plain data. `sha256`: of the content of each file. `dose_map`: where the map was written, relative to
    the folder of results. `seconds`: what was spent where, which is not part of the result.
    """

    row: int
    case_id: str
    key: str | None = None
    sha256: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    dvh_step_gy: float = 1.0
    dvh_volume_ml: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    advisories: list[dict[str, Any]] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    dose_map: str | None = None
    signature: str | None = None
    failure: Failure | None = None
    seconds: dict[str, float] = field(default_factory=dict)
