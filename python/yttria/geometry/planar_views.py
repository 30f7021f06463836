"""Anterior and posterior views of a planar scan, which have no position in the patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .._foundation.arrays import real
from .._foundation.brief import brief
from .._foundation.numbers import number
from ..advisory import Advisory
from ..errors import DTypeError, OutOfRangeError, ShapeError
from .image import Image

Regions = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class PlanarViews:
    """Anterior and posterior view of a planar scan, in counts per pixel.

    Parameters
    ----------
    anterior, posterior : array, shape (rows, columns)
        Counts as each detector sees them. The posterior view is seen from behind, so that the patient's left is on its
        left.
    posterior_delay_h : float, default 0.0
        Hours from the anterior to the posterior view, negative if that came first; 0 for two detectors at once.
    patient_id : str or None
        Identifier of the patient, if the file states one.
    source : str, default ""
        Origin of the views, for the reader of a result.
    advisories : tuple of Advisory
        Findings that a reader of the file must know.

    Raises
    ------
    ShapeError
        If a view is not two-dimensional, or the views differ in shape.
    DTypeError
        If a view does not hold real numbers.
    OutOfRangeError
        If a value is not finite, or the delay is not within a day.

    Examples
    --------
    >>> import numpy as np
    >>> PlanarViews(anterior=np.ones((4, 3)), posterior=np.ones((4, 3))).shape
    (4, 3)
    """

    anterior: npt.NDArray[Any]
    posterior: npt.NDArray[Any]
    posterior_delay_h: float = 0.0
    patient_id: str | None = None
    source: str = ""
    advisories: tuple[Advisory, ...] = ()

    __repr__ = brief

    def __post_init__(self) -> None:
        for name in ("anterior", "posterior"):
            view = np.array(real(f"{name} view", getattr(self, name)), dtype=np.float64)
            if view.ndim != 2 or not view.size:
                raise ShapeError(f"{name} view must have the shape (rows, columns), got {list(view.shape)}")
            if not np.isfinite(view).all():
                raise OutOfRangeError(f"{name} view must hold finite numbers")
            view.flags.writeable = False
            object.__setattr__(self, name, view)
        if self.anterior.shape != self.posterior.shape:
            raise ShapeError(
                f"views must have one shape, got {list(self.anterior.shape)} and {list(self.posterior.shape)}"
            )
        delay = number("delay of the posterior view in h", self.posterior_delay_h)
        if not abs(delay) <= 24.0:
            raise OutOfRangeError(f"delay of the posterior view in h must be within [-24, 24], got {delay:g}")
        object.__setattr__(self, "posterior_delay_h", delay)

    @classmethod
    def from_image(cls, image: Image) -> PlanarViews:
        """Take two views from an image of two slices, the anterior one first.

        Parameters
        ----------
        image : Image
            Shape (2, rows, columns), for example of a planar scan that was stored as NRRD.

        Returns
        -------
        PlanarViews
            The two views, without a delay between them.

        Raises
        ------
        ShapeError
            If the image does not have two slices.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria import Image
        >>> image = Image(np.ones((2, 64, 48)), np.diag([4.0, 4.0, 4.0, 1.0]), "counts")
        >>> PlanarViews.from_image(image).shape
        (64, 48)
        """
        if image.shape[0] != 2:
            raise ShapeError(f"an image of planar views must have two slices, got the shape {list(image.shape)}")
        return cls(
            anterior=image.array[0],
            posterior=image.array[1],
            patient_id=image.patient_id,
            source="the first slice taken as the anterior view, the second as the posterior one",
            advisories=image.advisories,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a view."""
        rows, columns = self.anterior.shape
        return rows, columns

    def region(self, name: str, mask: npt.ArrayLike) -> tuple[Regions, Regions]:
        """Take a region of both views, as the fraction of each pixel inside it.

        Parameters
        ----------
        name : str
            Name of the region in messages.
        mask : array, shape (2, rows, columns), (1, rows, columns) or (rows, columns)
            Fractions within [0, 1], anterior first. A single view is the anterior one, and its mirror image is used for
            the posterior view.

        Returns
        -------
        tuple of two arrays, shape (rows, columns)
            Anterior and posterior.

        Raises
        ------
        ShapeError
            If the mask does not fit the views.
        DTypeError
            If the mask does not hold real numbers.
        OutOfRangeError
            If a value is outside [0, 1].

        Examples
        --------
        >>> import numpy as np
        >>> views = PlanarViews(anterior=np.ones((4, 6)), posterior=np.ones((4, 6)))
        >>> lung = np.zeros((4, 6))
        >>> lung[:, :2] = 1.0
        >>> anterior, posterior = views.region("lung", lung)
        >>> float(anterior[0, 0]), float(posterior[0, 0])
        (1.0, 0.0)
        """
        given = real(f"region '{name}'", mask)
        if given.dtype.kind not in "biuf":
            raise DTypeError(f"region '{name}' must hold real numbers, got {given.dtype}")
        inside = np.asarray(given, dtype=np.float64)
        if inside.ndim == 2:
            inside = inside[None]
        if inside.shape[1:] != self.shape or inside.shape[0] not in (1, 2):
            raise ShapeError(
                f"region '{name}' must have the shape of the views, {list(self.shape)} or [2, ...], got "
                f"{list(np.shape(mask))}"
            )
        if not (inside.min() >= 0.0 and inside.max() <= 1.0):
            raise OutOfRangeError(f"region '{name}' must hold fractions within [0, 1]")
        return inside[0], inside[1] if len(inside) == 2 else inside[0][:, ::-1]
