"""Noise of the counts in structures, from repeated or bootstrapped images of the same activity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import ArgumentError, GeometryError, UndefinedError
from ..geometry.image import Image
from ..geometry.structure import Structure
from ..geometry.structure_selection import check_unique_names
from .structure_fractions import sum_inside


def repeated_count_uncertainty(
    images: Sequence[Image], structures: Sequence[Structure], *, threads: int | None = None
) -> dict[str, float]:
    """Compute the relative standard uncertainty of the counts in structures from repeated images.

    Parameters
    ----------
    images : sequence of Image
        At least two images of the same activity on one grid and in one unit, such as bootstrapped reconstructions of
        one scan. Each has the noise of one scan.
    structures : sequence of Structure
        Their names must differ. One wholly outside of the images is left out.
    threads : int, optional
        1 to 1024; every processor available if not given.

    Returns
    -------
    dict of str to float
        Uncertainty of one image by the structure's name, as input `UncertaintyInputs.count_uncertainty`. From n images
        it is known within `1 / sqrt(2 (n - 1))` of its value.

    Raises
    ------
    ArgumentError
        If there are fewer than two images.
    GeometryError
        If the images lie on different grids, or a structure in another frame of reference.
    DuplicateNameError
        If two structures share a name.
    UndefinedError
        If the mean counts in a structure are not positive.

    Notes
    -----
    `u = s / m` with the mean m and the standard deviation s (n - 1) of the sums `sum f a` over the voxels, with the
    fraction f of each inside the structure. The reconstruction correlates neighbors in each image in the same way, so
    that no model of the correlation is needed.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria import Image, Structure
    >>> rng = np.random.default_rng(1)
    >>> affine_lps = np.diag([4.0, 4.0, 4.0, 1.0])
    >>> images = [Image(rng.normal(100.0, 20.0, (8, 8, 8)), affine_lps, "counts") for _ in range(50)]
    >>> tumor = Structure("Tumor", np.ones((8, 8, 8), dtype=bool), affine_lps)
    >>> round(repeated_count_uncertainty(images, [tumor])["Tumor"], 3)
    0.009
    """
    if len(images) < 2:
        raise ArgumentError(f"repeated images must be at least two, got {len(images)}")
    first = images[0]
    for image in images[1:]:
        if not image.same_grid(first) or image.unit != first.unit:
            raise GeometryError("repeated images must lie on one grid and be in one unit")
    found: dict[str, float] = {}
    for structure in check_unique_names(structures):
        structure.check_frame(first)
        fractions = structure.voxel_fractions_on(first, threads=threads)
        if not fractions.weights.size:
            continue
        sums = np.array([sum_inside(fractions, image) for image in images])
        mean = float(sums.mean())
        if not mean > 0.0:
            raise UndefinedError(f"noise of the counts in '{structure.name}' is undefined: their mean is {mean:g}")
        found[structure.name] = float(sums.std(ddof=1)) / mean
    return found
