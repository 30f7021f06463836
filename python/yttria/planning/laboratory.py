"""Laboratory values in the units in which laboratories report them."""

from __future__ import annotations

from .._foundation.numbers import number
from ..advisory import Advisory, advise
from ..errors import ArgumentError, OutOfRangeError

#: Bilirubin: its molar mass is 584.66 g/mol, so 1 mg/dL is 17.104 umol/L.
UMOL_PER_L_PER_MG_PER_DL = 17.104
#: A bilirubin in umol/L below the first value is doubtful, and one in mg/dL above the second.
_SMALL = 5.0


def bilirubin_umol_per_l(
    bilirubin_umol_per_l: float | None = None, bilirubin_mg_per_dl: float | None = None
) -> tuple[float, tuple[Advisory, ...]]:
    """Convert a total bilirubin in one of two units to umol/L.

    Parameters
    ----------
    bilirubin_umol_per_l : float, optional
        Total bilirubin in umol/L, within [0.1, 2000].
    bilirubin_mg_per_dl : float, optional
        Total bilirubin in mg/dL, within [0.00585, 116.9]; 1 mg/dL is 17.104 umol/L.

    Returns
    -------
    bilirubin : float
        In umol/L.
    advisories : tuple of Advisory
        `bilirubin_unit_doubtful` if the number would be usual in the other unit and is unusual in its own.

    Raises
    ------
    ArgumentError
        If both are given, or neither.
    OutOfRangeError
        If the value is outside its range.

    Examples
    --------
    >>> bilirubin_umol_per_l(bilirubin_mg_per_dl=2.0)
    (34.208, ())
    """
    micromolar, milligrams = bilirubin_umol_per_l, bilirubin_mg_per_dl
    given = _one("bilirubin", ("bilirubin_umol_per_l", micromolar), ("bilirubin_mg_per_dl", milligrams))
    in_mg = milligrams is not None
    value = given * UMOL_PER_L_PER_MG_PER_DL if in_mg else given
    if not 0.1 <= value <= 2000.0:
        unit = "mg/dL" if in_mg else "umol/L"
        low, high = (x / (UMOL_PER_L_PER_MG_PER_DL if in_mg else 1.0) for x in (0.1, 2000.0))
        raise OutOfRangeError(
            f"bilirubin in {unit} must be within [{low:.4g}, {high:.4g}], got {given:g} (1 mg/dL is 17.104 umol/L)"
        )
    # Reference ranges are about 0.2 to 1.2 mg/dL or 3 to 21 umol/L. A small number of umol/L is usually a value in
    # mg/dL. More than 5 mg/dL, far above treated values, is usually a value in umol/L.
    if given > _SMALL if in_mg else given < _SMALL:
        unit, other = ("mg/dL", "umol/L") if in_mg else ("umol/L", "mg/dL")
        return value, (advise("bilirubin_unit_doubtful", laboratory_value=given, unit=unit, other_unit=other),)
    return value, ()


def albumin_g_per_l(
    albumin_g_per_l: float | None = None, albumin_g_per_dl: float | None = None
) -> tuple[float, tuple[Advisory, ...]]:
    """Convert a serum albumin in one of two units to g/L.

    Parameters
    ----------
    albumin_g_per_l : float, optional
        Albumin in g/L, within [10, 80].
    albumin_g_per_dl : float, optional
        Albumin in g/dL, within [1, 8].

    Returns
    -------
    albumin : float
        In g/L.
    advisories : tuple of Advisory
        Always empty. The two ranges do not overlap, so that a wrong unit is an error.

    Raises
    ------
    ArgumentError
        If both are given, or neither.
    OutOfRangeError
        If the value is outside its range; the message names the other unit if it would fit there.

    Examples
    --------
    >>> albumin_g_per_l(albumin_g_per_dl=4.0)
    (40.0, ())
    """
    per_l, per_dl = albumin_g_per_l, albumin_g_per_dl
    given = _one("albumin", ("albumin_g_per_l", per_l), ("albumin_g_per_dl", per_dl))
    unit, low, high = ("g/L", 10.0, 80.0) if per_dl is None else ("g/dL", 1.0, 8.0)
    if not low <= given <= high:
        other, factor = ("g/dL", 0.1) if per_dl is None else ("g/L", 10.0)
        hint = (
            f" ({given:g} {other} would be {given / factor:g} {unit})" if low * factor <= given <= high * factor else ""
        )
        raise OutOfRangeError(f"albumin in {unit} must be within [{low:g}, {high:g}], got {given:g}{hint}")
    return given * 10.0 if per_dl is not None else given, ()


def _one(quantity: str, *given: tuple[str, float | None]) -> float:
    known = [(name, value) for name, value in given if value is not None]
    if len(known) != 1:
        names = " or ".join(name for name, _ in given)
        raise ArgumentError(f"{quantity} must be given once, as {names}, got {'both' if known else 'neither'}")
    return number(quantity, known[0][1])
