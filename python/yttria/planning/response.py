"""Response of target lesions by RECIST 1.1, and the overall response with non-target and new lesions."""

from __future__ import annotations

from dataclasses import dataclass

from .._foundation.choices import (
    NON_TARGET_RESPONSES,
    TARGET_RESPONSES,
    NonTargetResponse,
    OverallResponseCategory,
    TargetResponse,
)
from .._foundation.numbers import number, one_of
from ..advisory import Advisory, advise
from ..errors import ArgumentError, OutOfRangeError, UndefinedError
from ..sources import Read, read_of

_RECIST_SOURCE = "eisenhauer2009"
_OVERALL_SOURCE = "eisenhauer2009, lencioni2010"


@dataclass(frozen=True, kw_only=True)
class Recist:
    """RECIST 1.1 category of the target lesions.

    Parameters
    ----------
    category : {"CR", "PR", "SD", "PD", "NE"}
        Response of the target lesions; never "NE" from measured sums.
    change_from_baseline_fraction : float
        Change of the sum of diameters from baseline.
    change_from_nadir_fraction : float or None
        Change from the smallest sum so far; None if that is zero.
    source : str
        Citation key.
    advisories : tuple of Advisory
        Warnings.
    """

    category: TargetResponse
    change_from_baseline_fraction: float
    change_from_nadir_fraction: float | None
    source: str
    advisories: tuple[Advisory, ...]

    @property
    def source_read(self) -> Read | None:
        """State of reading of the source (`yttria.sources.Source.read`)."""
        return read_of(self.source)


@dataclass(frozen=True, kw_only=True)
class OverallResponse:
    """Response of a patient at one time point.

    Parameters
    ----------
    category : {"CR", "PR", "SD", "PD", "NE", "non-CR/non-PD"}
        Overall response; "non-CR/non-PD" only if there is no target lesion.
    decided_by : str
        The finding that decided it, in words.
    source : str
        Citation keys.
    """

    category: OverallResponseCategory
    decided_by: str
    source: str

    @property
    def source_read(self) -> Read | None:
        """State of reading of the sources (`yttria.sources.Source.read`)."""
        return read_of(self.source)


def recist(
    baseline_sum_mm: float,
    current_sum_mm: float,
    *,
    nadir_sum_mm: float | None = None,
    only_normal_nodes_left: bool = False,
) -> Recist:
    """RECIST 1.1 category of the target lesions from sums of their diameters.

    Parameters
    ----------
    baseline_sum_mm, current_sum_mm : float
        Sum of the longest diameters (short axes of lymph nodes) in mm at baseline, above 0, and now.
    nadir_sum_mm : float, optional
        Smallest sum before this one, at most the baseline. Default: the baseline.
    only_normal_nodes_left : bool, default False
        Whether all that is left of the sum are lymph nodes with short axes below 10 mm, which is a complete response.

    Returns
    -------
    Recist
        Category and relative changes.

    Raises
    ------
    ArgumentError
        If a sum is not a real number.
    OutOfRangeError
        If a sum is negative or not finite, the baseline is 0, or the nadir is above the baseline.

    Warns
    -----
    nadir_not_given
        If the sum is below the baseline and no nadir was given.

    Notes
    -----
    CR: nothing is left; PD: at least 20 % and 5 mm above the nadir; PR: at least 30 % below the baseline; SD: none of
    these. `mrecist` counts viable diameters only, and does not ask for the 5 mm. Source: eisenhauer2009.

    Examples
    --------
    >>> recist(10, 9, nadir_sum_mm=7).category  # 29 % above the nadir, but only 2 mm
    'SD'
    """
    baseline = _sum("sum of diameters at baseline in mm", baseline_sum_mm)
    current = _sum("sum of diameters now in mm", current_sum_mm)
    nadir = baseline if nadir_sum_mm is None else _sum("smallest sum of diameters so far in mm", nadir_sum_mm)
    if baseline == 0.0:
        raise OutOfRangeError("sum of diameters at baseline in mm must be above 0, got 0")
    if nadir > baseline:
        raise OutOfRangeError(f"smallest sum of diameters so far in mm must be within [0, {baseline:g}], got {nadir:g}")
    # Scaled by ten: 2 and 3 are exact in binary, 0.2 and 0.3 are not, and an exact 20 % must count.
    if current == 0.0 or only_normal_nodes_left:
        category: TargetResponse = "CR"
    elif current - nadir >= 5.0 and 10.0 * (current - nadir) >= 2.0 * nadir:
        category = "PD"
    elif 10.0 * (baseline - current) >= 3.0 * baseline:
        category = "PR"
    else:
        category = "SD"
    advisories: tuple[Advisory, ...] = ()
    if nadir_sum_mm is None and current < baseline:
        advisories = (advise("nadir_not_given"),)
    return Recist(
        category=category,
        change_from_baseline_fraction=(current - baseline) / baseline,
        change_from_nadir_fraction=(current - nadir) / nadir if nadir > 0.0 else None,
        source=_RECIST_SOURCE,
        advisories=advisories,
    )


def overall_response(
    target: TargetResponse | None, non_target: NonTargetResponse | None, *, new_lesion: bool
) -> OverallResponse:
    """Overall response of a patient from target, non-target and new lesions.

    Parameters
    ----------
    target : {"CR", "PR", "SD", "PD", "NE"} or None
        Response of the target lesions, from `mrecist` (without new lesions) or `recist`. "NE" means that not all were
        evaluated, and None that there are none.
    non_target : {"CR", "non-CR/non-PD", "PD", "NE"} or None
        Response of all other lesions; None if there are none. "PD" is an unequivocal progression, which the reader
        decides and no percentage. Tumor thrombi in vessels are non-target lesions in mRECIST.
    new_lesion : bool
        Whether there is an unequivocal new lesion.

    Returns
    -------
    OverallResponse
        Category, and the finding that decided it.

    Raises
    ------
    UnknownNameError
        If a response is not one of the names.
    ArgumentError
        If `new_lesion` is not a truth value.
    UndefinedError
        If there is neither a target nor a non-target lesion, and no new one.

    Notes
    -----
    Progression of anything is PD. Otherwise a complete response needs both kinds of lesions to be CR; if the target
    lesions are CR and the others are not, the response is partial. RECIST 1.1 and mRECIST have the same table;
    enhancement takes the place of size in mRECIST. Sources: eisenhauer2009, lencioni2010.

    Examples
    --------
    >>> overall_response("CR", "non-CR/non-PD", new_lesion=False).category
    'PR'
    >>> overall_response("SD", "PD", new_lesion=False).decided_by
    'progression of a non-target lesion'
    """
    if not isinstance(new_lesion, bool):
        raise ArgumentError(f"new_lesion must be true or false, got {new_lesion!r:.80}")
    if target is not None:
        target = one_of("response of the target lesions", target, TARGET_RESPONSES)
    if non_target is not None:
        non_target = one_of("response of the non-target lesions", non_target, NON_TARGET_RESPONSES)
    category, decided_by = _overall(target, non_target, new_lesion)
    return OverallResponse(category=category, decided_by=decided_by, source=_OVERALL_SOURCE)


def _overall(
    target: TargetResponse | None, non_target: NonTargetResponse | None, new_lesion: bool
) -> tuple[OverallResponseCategory, str]:
    if new_lesion:
        return "PD", "a new lesion"
    if target == "PD":
        return "PD", "progression of the target lesions"
    if non_target == "PD":
        return "PD", "progression of a non-target lesion"
    if target is None:
        if non_target is None:
            raise UndefinedError("an overall response needs a target or a non-target lesion, got neither")
        return non_target, "the non-target lesions alone"
    if target == "CR" and non_target not in (None, "CR"):
        return "PR", "a non-target lesion that is left or was not evaluated"
    return target, "the target lesions"


def _sum(quantity: str, value: object) -> float:
    found = number(quantity, value)
    if not 0.0 <= found < float("inf"):
        raise OutOfRangeError(f"{quantity} must be finite and not negative, got {found:g}")
    return found
