"""Fields that every row with an uncertain difference has."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class DifferenceUncertainty:
    """A difference of two doses in units of its uncertainty; all fields are None if an uncertainty is not known.

    Parameters
    ----------
    coverage_factor : float or None
        Factor from the standard uncertainty of the difference to half the width of an interval.
    z, normalized_error : float or None
        The difference over its standard uncertainty, and over its expanded uncertainty; see
        `yttria.evaluation.uncertain_difference`.
    """

    coverage_factor: float | None = None
    z: float | None = None
    normalized_error: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dictionary, ready for JSON.

        Returns
        -------
        dict
            By name, with the unit at its end; values as JSON takes them.

        Examples
        --------
        >>> DifferenceUncertainty(coverage_factor=2.0, z=1.5, normalized_error=0.75).as_dict()["z"]
        1.5
        """
        # The columns of the tables have these fields last.
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return plain | {name: plain.pop(name) for name in DIFFERENCE_FIELDS}


DIFFERENCE_FIELDS = tuple(field.name for field in fields(DifferenceUncertainty))
