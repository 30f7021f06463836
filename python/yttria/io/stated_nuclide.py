"""Nuclide that a file other than DICOM states, compared with the expected isotope."""

from __future__ import annotations

from typing import Any

from .._foundation.choices import IsotopeName
from ..advisory import Advisory, advise
from .dicom.nuclide import expected_in_words, half_life_range_h, is_half_life
from .pet_sidecar import is_number


def other_nuclide(
    file: str, isotope: IsotopeName, *, name: str, is_expected: bool, half_life_s: Any
) -> tuple[Advisory, ...]:
    """Report a file that states another nuclide than the expected one, by its name or its half-life.

    Parameters
    ----------
    file : str
        Name of the file.
    isotope : str
        The expected isotope.
    name : str
        Statement of the nuclide, such as "TracerRadionuclide 'F18'".
    is_expected : bool
        Whether this statement means the expected isotope, or there is none.
    half_life_s : object
        Half-life in s as the file states it. A value that is not a number above 0 states nothing.

    Returns
    -------
    tuple of Advisory
        `other_nuclide`, or nothing.
    """
    half_life_h = half_life_s / 3600.0 if is_number(half_life_s) and half_life_s > 0 else None
    if is_expected and (half_life_h is None or is_half_life(half_life_h, isotope)):
        return ()
    return (
        advise(
            "other_nuclide",
            "file",
            file=file,
            stated=f"a half-life of {half_life_h:.4g} h" if is_expected else name,
            half_life_h=half_life_h,
            expected=expected_in_words(isotope),
            expected_h=half_life_range_h(isotope)[0],
        ),
    )
