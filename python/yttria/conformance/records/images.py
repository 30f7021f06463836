"""Records of quantities that a plan takes from images, which are sets of structures, counts and planar views."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from ... import geometry, planning
from ...geometry import Image, PlanarViews, Structure
from ...reference import lung, structure_algebra, structure_counts
from .._record import Record, in_room

_grid, _plan = map(in_room, ("geometry", "planning"))
SHAPE, SIZE_MM = (6, 9, 7), (4.0, 3.0, 5.0)
TRANSMISSIONS = {"lung_transmission": (0.2, 1.0), "liver_transmission": (0.02, 0.5)}


def records() -> tuple[Record, ...]:
    """List the records of this file."""
    return (*_sets(), *_counts(), _planar())


def _sets() -> tuple[Record, ...]:
    rng, affine = np.random.default_rng(41), np.diag([*SIZE_MM[::-1], 1.0])
    parts = [Structure(f"S{n}", rng.random(SHAPE), affine) for n in range(3)]
    masks = [part.mask for part in parts]
    first, *others = parts

    def made(name: str, *of: Any) -> SimpleNamespace:
        return SimpleNamespace(**{name: lambda: getattr(geometry, name)(*of, name="made").mask})

    return (
        _grid("union", {}, of=lambda: made("union", parts), reference=lambda: structure_algebra.union(masks)),
        _grid(
            "intersection",
            {},
            of=lambda: made("intersection", parts),
            reference=lambda: structure_algebra.intersection(masks),
        ),
        _grid(
            "difference",
            {},
            of=lambda: made("difference", first, others),
            reference=lambda: structure_algebra.difference(masks[0], masks[1:]),
        ),
    )


def _counts() -> tuple[Record, ...]:
    """Compare sums, separated voxels, and a separated blur of 6 mm, in structures that fill the image to its edges."""
    rng, affine = np.random.default_rng(42), np.diag([*SIZE_MM[::-1], 1.0])
    # Voxel fractions that are whole multiples of 2^-20 are stored exactly.
    fractions = np.floor(rng.dirichlet([0.5, 0.5, 1.0], SHAPE) * 2**20) / 2**20
    masks = [np.ascontiguousarray(fractions[..., n]) for n in range(2)]
    concentrations = fractions @ np.array([9.0, 3.0, 1.0])
    image = Image(structure_counts.blurred(concentrations, SIZE_MM, 6.0), affine, "counts")
    structures = [Structure(f"S{n}", mask, affine) for n, mask in enumerate(masks)]
    resolutions = (None, 0.0, 6.0)

    def counted() -> SimpleNamespace:
        def each() -> list[float]:
            found = (planning.structure_counts(image, structures, resolution_fwhm_mm=fwhm) for fwhm in resolutions)
            return [one.counts for of_all in found for one in of_all]

        return SimpleNamespace(structure_counts=each)

    def defined() -> Any:
        return [structure_counts.structure_counts(image.array, masks, SIZE_MM, fwhm) for fwhm in resolutions]

    return (_plan("structure_counts", {}, of=counted, reference=defined, relative=1e-9),)


def _planar() -> Record:
    rng, shape = np.random.default_rng(43), (8, 6)
    regions = {name: np.zeros((2, *shape)) for name in ("lungs", "liver", "background")}
    regions["lungs"][:, :3, 1:4], regions["liver"][:, 4:7, :5], regions["background"][:, 7] = 1.0, 0.5, 1.0
    front, behind = rng.uniform(50.0, 400.0, (2, *shape))
    front[7], behind[7] = rng.uniform(0.0, 20.0, (2, shape[1]))

    def shunt(posterior_delay_h: float, lung_transmission: float, liver_transmission: float) -> float:
        views = PlanarViews(anterior=front, posterior=behind, posterior_delay_h=posterior_delay_h)
        found = planning.planar_lung_shunt(
            views,
            **regions,
            tracer_half_life_h=6.0,
            lung_transmission=lung_transmission,
            liver_transmission=liver_transmission,
        )
        return found.lung_shunt_fraction

    def defined(posterior_delay_h: float, lung_transmission: float, liver_transmission: float) -> float:
        return lung.planar_lung_shunt(
            front,
            behind,
            **regions,
            posterior_delay_h=posterior_delay_h,
            tracer_half_life_h=6.0,
            lung_transmission=lung_transmission,
            liver_transmission=liver_transmission,
        )

    return _plan(
        "planar_lung_shunt",
        {"posterior_delay_h": (-2.0, 2.0), **TRANSMISSIONS},
        of=lambda: SimpleNamespace(planar_lung_shunt=shunt),
        reference=defined,
    )
