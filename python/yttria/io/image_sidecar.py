"""Statements of PET-BIDS sidecars about an image in NIfTI, compared with its header and with the caller's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._foundation.choices import IsotopeName
from .._foundation.units import stated_unit, states_nothing
from ..advisory import Advisory, advise
from ..errors import UnitError
from .pet_sidecar import isotope_of, merged_sidecars, sidecars_of, stated_columns, states_nuclide
from .stated_nuclide import other_nuclide

#: Keys that concern a dose. `RadionuclideHalfLife` (s) and `AttenuationCorrectionMethod` are those of dcm2niix.
_NUCLIDE, _HALF_LIFE, _UNITS = "TracerRadionuclide", "RadionuclideHalfLife", "Units"
_ATTENUATION = ("AttenuationCorrection", "AttenuationCorrectionMethod")
_TIMES = ("ImageDecayCorrected", "ImageDecayCorrectionTime", "InjectionStart")
_SHOWN = (_NUCLIDE, _HALF_LIFE, _UNITS, *_TIMES, *_ATTENUATION)
#: Texts of the attenuation correction that mean that there was none.
_NO_CORRECTION = {"", "none", "no", "false", "not applied", "not corrected", "uncorrected", "nac"}
#: Largest difference from the sidecar without an advisory: h of the scan delay, 1/640 of the dose; share of activity.
_DELAY_TOLERANCE_H, _ACTIVITY_TOLERANCE = 0.1, 0.01


@dataclass(frozen=True, kw_only=True)
class ImageSidecar:
    """Keys that the sidecars of an image state, with the file of each.

    Parameters
    ----------
    stated : mapping of str to object
        The values by key. It is empty without a sidecar.
    origin : mapping of str to Path
        The file of each value.
    notes : tuple of (Path, str)
        Sidecars that could not be used, each with the reason.
    """

    stated: Mapping[str, Any]
    origin: Mapping[str, Path]
    notes: tuple[tuple[Path, str], ...]

    def unit(self, image: Path, header: str | None) -> tuple[Path, str | None]:
        """Return the unit that header or sidecar state, and the file that states it; the header comes first.

        Parameters
        ----------
        image : Path
            The image.
        header : str or None
            Unit in its header.

        Returns
        -------
        file : Path
            File that states the unit.
        unit : str or None
            As it is spelled, None if neither file states one.

        Raises
        ------
        UnitError
            If the header and a sidecar state different units.
        """
        stated = self.stated.get(_UNITS)
        in_header = header is not None and not states_nothing(header)
        if not isinstance(stated, str) or states_nothing(stated):
            return image, header
        file = self.origin[_UNITS]
        if not in_header or header is None:
            return file, stated
        if stated_unit(header) != stated_unit(stated):
            raise UnitError(
                f"{image}: its header states the unit {header!r:.60}, and {file.name} states {stated!r:.60}"
            )
        return image, header

    def advisories(self, isotope: IsotopeName) -> tuple[Advisory, ...]:
        """List what the sidecars state, and what speaks against a dose of an isotope.

        Parameters
        ----------
        isotope : {"Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"}
            Isotope that the image is expected to be of.

        Returns
        -------
        tuple of Advisory
            `sidecar_read`, `sidecar_not_used`, `other_nuclide` and `not_attenuation_corrected`.
        """
        found = [advise("sidecar_not_used", file=file.name, reason=reason) for file, reason in self.notes]
        shown = [key for key in _SHOWN if self.stated.get(key) is not None]
        for file in dict.fromkeys(self.origin[key] for key in shown):
            stated = ", ".join(f"{key} {self.stated[key]!r:.60}" for key in shown if self.origin[key] == file)
            found.append(advise("sidecar_read", file=file.name, stated=stated))
        units, nuclide = self.stated.get(_UNITS), self.stated.get(_NUCLIDE)
        for key, value, usable in (
            (_UNITS, units, isinstance(units, str)),
            (_NUCLIDE, nuclide, states_nuclide(nuclide)),
        ):
            if value is not None and not usable:
                found.append(advise("sidecar_not_used", file=self.origin[key].name, reason=f"{key} is {value!r:.60}"))
        is_expected = not states_nuclide(nuclide) or isotope_of(nuclide) == isotope
        if (key := _HALF_LIFE if is_expected else _NUCLIDE) in self.origin:
            found += other_nuclide(
                self.origin[key].name,
                isotope,
                name=f"{_NUCLIDE} {nuclide!r:.60}",
                is_expected=is_expected,
                half_life_s=self.stated.get(_HALF_LIFE),
            )
        for key in _ATTENUATION:
            value = self.stated.get(key)
            if value is False or (isinstance(value, str) and value.strip().casefold() in _NO_CORRECTION):
                found.append(
                    advise("not_attenuation_corrected", file=self.origin[key].name, stated=f"{key} {value!r:.60}")
                )
        return tuple(found)


def read_image_sidecar(image: Path) -> ImageSidecar:
    """Read the sidecars of an image in NIfTI, by the inheritance principle of BIDS."""
    stated, origin, notes = merged_sidecars(sidecars_of(image))
    return ImageSidecar(stated=stated, origin=origin, notes=tuple(notes))


def compare_with_sidecar(
    image: Path, *, scan_delay_h: float | None, administered_activity_gbq: float | None
) -> tuple[Advisory, ...]:
    """Compare what is stated of an activity image with its sidecars.

    Parameters
    ----------
    image : Path
        The image in NIfTI.
    scan_delay_h : float or None
        Scan delay of absolute scaling. With None, the scaling is relative.
    administered_activity_gbq : float or None
        Administered activity.

    Returns
    -------
    tuple of Advisory
        `differs_from_sidecar` if delays differ by more than 0.1 h or activities by more than 1 %.
    """
    files = sidecars_of(image)
    if not files:
        return ()
    columns, _ = stated_columns(files)
    found = []
    share = _ACTIVITY_TOLERANCE * (administered_activity_gbq or 0.0)
    for name, words, unit, given, tolerance in (
        ("scan_delay_h", "a scan delay", "h", scan_delay_h, _DELAY_TOLERANCE_H),
        ("administered_activity_gbq", "an administered activity", "GBq", administered_activity_gbq, share),
    ):
        stated = columns.get(name)
        if stated is not None and given is not None and abs(stated - given) > tolerance:
            found.append(
                advise(
                    "differs_from_sidecar", file=files[-1].name, quantity=words, sidecar=stated, given=given, of=unit
                )
            )
    return tuple(found)
