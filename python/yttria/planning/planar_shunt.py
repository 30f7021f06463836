"""Lung shunt fraction from the views of a planar scan and regions drawn in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._foundation.numbers import number
from ..advisory import advise, advise_if
from ..errors import OutOfRangeError, UndefinedError
from ..geometry.planar_views import PlanarViews
from ..geometry.structure import Structure
from .lung_shunt import LungShunt, planar_lung_shunt_fraction
from .tracer import TC99M_HALF_LIFE_H

Region = Structure | ArrayLike


def planar_lung_shunt(
    views: PlanarViews,
    *,
    lungs: Region | Sequence[Structure],
    liver: Region | Sequence[Structure],
    background: Region | None = None,
    extrahepatic: Region | None = None,
    lung_transmission: float = 1.0,
    liver_transmission: float = 1.0,
    tracer_half_life_h: float = TC99M_HALF_LIFE_H,
) -> LungShunt:
    """Compute the lung shunt fraction from regions of an anterior and a posterior view.

    Parameters
    ----------
    views : PlanarViews
        Counts per pixel.
    lungs, liver : Structure, sequence of Structure, or array
        Regions by pixel. The shape is (2, rows, columns) with the anterior view first, or (rows, columns) of the
        anterior view, whose mirror image is used for the posterior one. Several structures are one region, and a pixel
        in two of them counts once. A pixel of the lungs that is in the liver's region too belongs to the liver.
    background : Structure or array, optional
        Region without uptake; its mean counts per pixel of each view are taken off.
    extrahepatic : Structure or array, optional
        Region of other uptake in the abdomen, which belongs to neither organ.
    lung_transmission, liver_transmission : float, default 1.0
        Share of the photons that pass through the whole body from front to back at the organ, within (0, 1]. It comes
        from a transmission scan or a CT. 1 corrects nothing.
    tracer_half_life_h : float, default 6.0067
        Half-life in hours, that of Tc-99m if not given (see `tracer_half_life_h`), by which the posterior view is
        decayed to the time of the anterior one.

    Returns
    -------
    LungShunt
        As `planar_lung_shunt_fraction`.

    Raises
    ------
    ShapeError
        If a region does not fit the views.
    UndefinedError
        If a region is empty in a view.
    OutOfRangeError
        If a transmission or the half-life is out of its range, or counts less background are not positive.

    Warns
    -----
    lung_shunt_above_20_percent, planar_only, extrahepatic_uptake
        As `planar_lung_shunt_fraction`.
    planar_not_attenuation_corrected
        If both transmissions are 1. The lungs transmit more photons than the abdomen, so that the shunt is too high.
    planar_regions_overlap
        The regions of lungs and liver share more than 2 % of the lungs' pixels.

    Notes
    -----
    With the net counts A and P of the two views and the transmission `t` through the whole body, `G = sqrt(A P / t)`. A
    source at depth x of a body of thickness T gives `A = C exp(-mu x)` and `P = C exp(-mu (T - x))`. Their product does
    not depend on x. The factor of an extended source is left out. Posterior counts are multiplied by `2^(d / T_half)`
    with the delay d.

    Examples
    --------
    >>> import numpy as np
    >>> view = np.array([[10.0, 90.0]])
    >>> views = PlanarViews(anterior=view, posterior=view[:, ::-1])
    >>> round(planar_lung_shunt(views, lungs=np.array([[1, 0]]), liver=np.array([[0, 1]])).lung_shunt_fraction, 3)
    0.1
    """
    half_life = number("half-life of the tracer in h", tracer_half_life_h)
    if not half_life > 0.0:
        raise OutOfRangeError(f"half-life of the tracer in h must be > 0, got {half_life:g}")
    decay = 2.0 ** (views.posterior_delay_h / half_life)
    images = (views.anterior, views.posterior * decay)
    of_liver = _region(views, "liver", liver)
    of_lungs = _region(views, "lungs", lungs)
    shared = sum(float(np.minimum(a, b).sum()) for a, b in zip(of_lungs, of_liver, strict=True))
    share = shared / sum(float(each.sum()) for each in of_lungs)
    found = list(advise_if("planar_regions_overlap", shared_fraction=share))
    of_lungs = [np.maximum(a - b, 0.0) for a, b in zip(of_lungs, of_liver, strict=True)]
    _check_not_empty("lungs outside the liver's region", of_lungs)
    per_pixel = (0.0, 0.0)
    if background is not None:
        inside = _region(views, "background", background)
        front, behind = (float((v * w).sum() / w.sum()) for v, w in zip(images, inside, strict=True))
        per_pixel = front, behind
    nets = {
        name: [float((v * w).sum() - b * w.sum()) for v, w, b in zip(images, region, per_pixel, strict=True)]
        for name, region in (("lung", of_lungs), ("liver", of_liver))
    }
    other = [0.0, 0.0]
    if extrahepatic is not None:
        inside = _region(views, "extrahepatic", extrahepatic)
        other = [max(0.0, float(((v - b) * w).sum())) for v, w, b in zip(images, inside, per_pixel, strict=True)]
    for name, counts in nets.items():
        for view, value in zip(("anterior", "posterior"), counts, strict=True):
            if not value > 0.0:
                raise OutOfRangeError(f"{name} {view} counts less background must be > 0, got {value:.4g}")
    result = planar_lung_shunt_fraction(
        lung_anterior_counts=nets["lung"][0],
        lung_posterior_counts=nets["lung"][1],
        liver_anterior_counts=nets["liver"][0],
        liver_posterior_counts=nets["liver"][1],
        extrahepatic_anterior_counts=other[0],
        extrahepatic_posterior_counts=other[1],
        lung_transmission=lung_transmission,
        liver_transmission=liver_transmission,
    )
    if lung_transmission == 1.0 and liver_transmission == 1.0:
        found.append(advise("planar_not_attenuation_corrected"))
    return replace(result, advisories=(*views.advisories, *result.advisories, *found))


def _region(views: PlanarViews, name: str, given: Region | Sequence[Structure]) -> list[NDArray[np.float64]]:
    """Compute the fractions of a region in the anterior and the posterior view."""
    several = isinstance(given, list | tuple) and all(isinstance(each, Structure) for each in given)
    parts: list[Any] = list(given) if several else [given]  # type: ignore[arg-type]
    if not parts:
        raise UndefinedError(f"the lung shunt fraction is undefined: no region is given as '{name}'")
    masks = [views.region(name, part.mask if isinstance(part, Structure) else part) for part in parts]
    made = [np.maximum.reduce([mask[view] for mask in masks]) for view in (0, 1)]
    _check_not_empty(name, made)
    return made


def _check_not_empty(name: str, region: Sequence[NDArray[np.float64]]) -> None:
    for view, inside in zip(("anterior", "posterior"), region, strict=True):
        if not inside.any():
            raise UndefinedError(
                f"the lung shunt fraction is undefined: the region '{name}' is empty in the {view} view"
            )
