"""Spread of the energy of one voxel over others, as linear operators on maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._foundation.provenance import Provenance
from ..geometry.image import Image
from .convolution import ConvolutionPlan
from .dose_kernel import s_values_of

Array = NDArray[np.float64]
Operator = Callable[[Array], Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class Transport:
    """Kernel of a dose map as operators on maps of its grid.

    Parameters
    ----------
    local : bool
        Whether each voxel keeps the energy of its own activity.
    variance : callable
        Function that applies the squared kernel to a map.
    adjoint : callable
        Function that applies the transpose of the kernel to weights: Gy per MBq/mL of each source voxel.
    words : str
        Description of the kernel.
    reach : tuple of int
        Voxels along each axis beyond which the kernel is 0.
    """

    local: bool
    variance: Operator
    adjoint: Operator
    words: str
    reach: tuple[int, int, int] = (0, 0, 0)


def transport_of(used: Provenance, image: Image, density: Image | None, threads: int | None) -> Transport:
    """Return the kernel of a dose; for superposition and Monte Carlo, the voxel S values of liver."""
    if used.method == "local_deposition":
        each = used.density_g_per_ml if density is None else density.array.astype(np.float64)
        assert each is not None
        gy = used.dose_factor_gy_kg_per_gbq / each
        words = "each voxel keeps the energy of its own microspheres"
        return Transport(local=True, variance=lambda c: gy**2 * c, adjoint=lambda w: gy * w, words=words)
    s_values = s_values_of(used, image, threads)
    kernel = s_values.gy_per_mbq_per_ml()
    plan = ConvolutionPlan(image.shape, kernel, threads=threads)
    k, j, i = (n // 2 for n in kernel.shape)
    words = f"voxel S values of {s_values.medium}, {s_values.density_g_per_ml:g} g/mL"
    return Transport(local=False, variance=plan.variance_plan().apply, adjoint=plan.apply, words=words, reach=(k, j, i))
