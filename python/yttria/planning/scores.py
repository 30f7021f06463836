"""Scores that a plan cites: ALBI, Child-Pugh, mRECIST."""

from __future__ import annotations

from dataclasses import dataclass, replace

import yttria._core as _core

from .._foundation.choices import TARGET_RESPONSES, Ascites, Encephalopathy, TargetResponse
from .._foundation.numbers import number, one_of
from ..advisory import Advisory, advise
from ..sources import Read, read_of
from . import laboratory

_ALBI_SOURCE, _CHILD_PUGH_SOURCE, _MRECIST_SOURCE = "johnson2015, hiraoka2017", "pugh1973", "lencioni2010"


@dataclass(frozen=True, kw_only=True)
class Albi:
    """Albumin-bilirubin score and its grades.

    Parameters
    ----------
    score : float
        Unrounded score.
    grade : int
        1, 2 or 3.
    modified_grade : str
        "1", "2a", "2b" or "3".
    source : str
        Citation keys.
    advisories : tuple of Advisory
        On units and rounding.
    """

    score: float
    grade: int
    modified_grade: str
    source: str
    advisories: tuple[Advisory, ...]

    @property
    def source_read(self) -> Read | None:
        """State of reading of the sources (`yttria.sources.Source.read`)."""
        return read_of(self.source)

    @property
    def score_2dp(self) -> float:
        """The score as papers print it; the grade is never taken from it."""
        return round(self.score, 2)


def albi(
    bilirubin_umol_per_l: float | None = None,
    albumin_g_per_l: float | None = None,
    *,
    bilirubin_mg_per_dl: float | None = None,
    albumin_g_per_dl: float | None = None,
) -> Albi:
    """Compute the albumin-bilirubin score and its grades.

    Parameters
    ----------
    bilirubin_umol_per_l, bilirubin_mg_per_dl : float
        Total bilirubin in one of the two units; 1 mg/dL is 17.104 umol/L.
    albumin_g_per_l, albumin_g_per_dl : float
        Serum albumin in one of the two units.

    Returns
    -------
    Albi
        Score, grade, modified grade; advisories on units and on rounding.

    Raises
    ------
    ArgumentError
        If a value is given in both units, or in neither.
    OutOfRangeError
        If a value is outside the range of its unit.

    Notes
    -----
    `0.66 log10(bilirubin in umol/L) - 0.085 (albumin in g/L)`. Source: johnson2015; modified grade:
    hiraoka2017.

    Examples
    --------
    >>> albi(bilirubin_mg_per_dl=1.0, albumin_g_per_dl=4.2).grade
    1
    """
    bilirubin, doubts = laboratory.bilirubin_umol_per_l(bilirubin_umol_per_l, bilirubin_mg_per_dl)
    albumin, _ = laboratory.albumin_g_per_l(albumin_g_per_l, albumin_g_per_dl)
    graded = albi_grade(_core.albi_score(bilirubin, albumin))
    return replace(graded, advisories=(*doubts, *graded.advisories))


def albi_grade(score: float) -> Albi:
    """Grade an unrounded ALBI score.

    Parameters
    ----------
    score : float
        Unrounded score, finite.

    Returns
    -------
    Albi
        Grade 1 up to -2.60, 2 up to -1.39, 3 above; 2a up to -2.270, 2b above. An advisory states if the score
        rounded to
        two decimals would fall in another grade.

    Raises
    ------
    OutOfRangeError
        If the score is not finite.

    References
    ----------
    johnson2015, hiraoka2017

    Examples
    --------
    >>> albi_grade(-2.7).grade
    1
    """
    value = number("ALBI score", score)
    grade, modified = _core.albi_grades(value)
    advisories: tuple[Advisory, ...] = ()
    if _core.albi_grades(round(value, 2))[1] != modified:
        limit = min((-2.60, -2.270, -1.39), key=lambda boundary: abs(boundary - value))
        advisories = (advise("albi_rounding_changes_grade", score=value, boundary=limit),)
    return Albi(score=value, grade=grade, modified_grade=modified, source=_ALBI_SOURCE, advisories=advisories)


@dataclass(frozen=True, kw_only=True)
class ChildPugh:
    """Child-Pugh points and class, with the points of each item.

    Parameters
    ----------
    points : int
        5 to 15.
    grade : str
        Class "A", "B" or "C".
    bilirubin_points, albumin_points, inr_points, ascites_points, encephalopathy_points : int
        1 to 3 each.
    source : str
        Citation keys.
    advisories : tuple of Advisory
        If a value lies where calculators differ.
    """

    points: int
    grade: str
    bilirubin_points: int
    albumin_points: int
    inr_points: int
    ascites_points: int
    encephalopathy_points: int
    source: str
    advisories: tuple[Advisory, ...]

    @property
    def source_read(self) -> Read | None:
        """State of reading of the sources (`yttria.sources.Source.read`)."""
        return read_of(self.source)


def child_pugh(
    bilirubin_umol_per_l: float | None = None,
    albumin_g_per_l: float | None = None,
    inr: float | None = None,
    *,
    ascites: Ascites,
    encephalopathy: Encephalopathy,
    cholestatic: bool = False,
    bilirubin_mg_per_dl: float | None = None,
    albumin_g_per_dl: float | None = None,
) -> ChildPugh:
    """Compute the Child-Pugh score and class.

    Parameters
    ----------
    bilirubin_umol_per_l, bilirubin_mg_per_dl : float
        Total bilirubin in one of the two units; 1 mg/dL is 17.104 umol/L.
    albumin_g_per_l, albumin_g_per_dl : float
        Serum albumin in one of the two units.
    inr : float
        International normalized ratio.
    ascites : {"none", "mild", "moderate-severe"}
    encephalopathy : {"none", "1-2", "3-4"}
    cholestatic : bool, default False
        Take 68 and 171 umol/L (4 and 10 mg/dL), for primary biliary and sclerosing cholangitis.

    Returns
    -------
    ChildPugh
        Points, class, the points of each item; an advisory if a value lies where calculators differ.

    Raises
    ------
    ArgumentError
        If a value is given in both units, or in neither.
    DTypeError, OutOfRangeError, UnknownNameError
        If a value is missing, outside its range, or not one of the names.

    Notes
    -----
    Points 1/2/3: bilirubin below 34, 34 to 50, above 50 umol/L; albumin above 35, 28 to 35, below 28 g/L; INR below
    1.7, 1.7 to 2.3, above 2.3. Class A has 5 to 6 points, B 7 to 9, C 10 to 15. Calculators differ at the limits (an
    INR of exactly 1.7; 34 umol/L or 2 mg/dL, which is 34.2). Source: pugh1973.

    Examples
    --------
    >>> child_pugh(bilirubin_mg_per_dl=1.0, albumin_g_per_dl=4.0, inr=1.1, ascites="none", encephalopathy="none").grade
    'A'
    """
    bilirubin, doubts = laboratory.bilirubin_umol_per_l(bilirubin_umol_per_l, bilirubin_mg_per_dl)
    albumin, _ = laboratory.albumin_g_per_l(albumin_g_per_l, albumin_g_per_dl)
    values = (bilirubin, albumin, number("INR", inr))
    items, grade = _core.child_pugh_points(*values, ascites, encephalopathy, cholestatic)
    bilirubin_bands = ((68.0, 68.5), (171.0, 171.1)) if cholestatic else ((34.0, 34.3), (50.0, 51.4))
    bands = (
        ("bilirubin", " umol/L", values[0], bilirubin_bands),
        ("albumin", " g/L", values[1], ((28.0, 28.0), (35.0, 35.0))),
        ("INR", "", values[2], ((1.7, 1.7), (2.3, 2.3))),
    )
    advisories = tuple(
        advise("child_pugh_on_boundary", quantity=name, laboratory_value=value, unit=unit, low=low)
        for name, unit, value, pairs in bands
        for low, high in pairs
        if low <= value <= high
    )
    names = ("bilirubin", "albumin", "inr", "ascites", "encephalopathy")
    return ChildPugh(
        points=sum(items),
        grade=grade,
        **{f"{name}_points": points for name, points in zip(names, items, strict=True)},
        source=_CHILD_PUGH_SOURCE,
        advisories=(*doubts, *advisories),
    )


@dataclass(frozen=True, kw_only=True)
class Mrecist:
    """mRECIST category "CR", "PD", "PR" or "SD"; changes are fractions, `None` if the nadir is zero."""

    category: TargetResponse
    change_from_baseline_fraction: float
    change_from_nadir_fraction: float | None
    source: str
    advisories: tuple[Advisory, ...]

    @property
    def source_read(self) -> Read | None:
        """State of reading of the sources (`yttria.sources.Source.read`)."""
        return read_of(self.source)


def mrecist(
    baseline_viable_sum_mm: float,
    current_viable_sum_mm: float,
    *,
    nadir_viable_sum_mm: float | None = None,
    new_lesion: bool,
) -> Mrecist:
    """Give the mRECIST category from sums of viable diameters.

    Parameters
    ----------
    baseline_viable_sum_mm : float
        Sum of the viable (arterially enhancing) diameters at baseline in mm, positive.
    current_viable_sum_mm : float
        Sum now in mm, at least 0.
    nadir_viable_sum_mm : float, optional
        Smallest sum before this one in mm; the baseline if not given.
    new_lesion : bool
        Whether there is a new lesion.

    Returns
    -------
    Mrecist
        Category and changes as fractions.

    Raises
    ------
    OutOfRangeError
        If a sum is negative or not finite, or the baseline is 0.

    Warns
    -----
    nadir_not_given
        If the sum has fallen and no nadir is given.

    Notes
    -----
    The response is CR if no lesion enhances and there is no new lesion. Otherwise it is PD if the sum is at least 20 %
    above the nadir or if there is a new lesion. Otherwise it is PR if the sum is at least 30 % below the baseline, and
    else SD.

    References
    ----------
    lencioni2010

    Examples
    --------
    >>> mrecist(50.0, 30.0, nadir_viable_sum_mm=50.0, new_lesion=False).category
    'PR'
    """
    baseline = number("sum of viable diameters at baseline", baseline_viable_sum_mm)
    current = number("sum of viable diameters now", current_viable_sum_mm)
    nadir = baseline if nadir_viable_sum_mm is None else number("smallest sum so far", nadir_viable_sum_mm)
    category = one_of("category", _core.mrecist_category(baseline, nadir, current, new_lesion), TARGET_RESPONSES)
    advisories: tuple[Advisory, ...] = ()
    if nadir_viable_sum_mm is None and current < baseline:
        advisories = (advise("nadir_not_given"),)
    return Mrecist(
        category=category,
        change_from_baseline_fraction=(current - baseline) / baseline,
        change_from_nadir_fraction=(current - nadir) / nadir if nadir > 0.0 else None,
        source=_MRECIST_SOURCE,
        advisories=advisories,
    )
