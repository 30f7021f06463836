"""Transport of photons in water, Compton scattering from free electrons and photoelectric absorption, for tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from yttria.reference.photon_dose import ELECTRONS_PER_G, RADIUS2_CM2, REST_MEV

Array = NDArray[np.float64]
#: Energy in MeV below which a photon is absorbed locally, and the radius in cm beyond which it is lost.
CUT_MEV, FAR_CM = 0.01, 60.0


def _scattering_cm2_per_g(energies: Array) -> Array:
    cosine, weight = np.polynomial.legendre.leggauss(60)
    kept = 1.0 / (1.0 + energies[:, None] / REST_MEV * (1.0 - cosine))
    return np.asarray(
        np.pi * RADIUS2_CM2 * ELECTRONS_PER_G * (kept**2 * (kept + 1.0 / kept - 1.0 + cosine**2) * weight).sum(axis=1)
    )


GRID = np.geomspace(0.005, 3.0, 300)
SCATTERING = _scattering_cm2_per_g(GRID)


def _directions(count: int, random: np.random.Generator) -> Array:
    found = random.normal(size=(count, 3))
    return np.asarray(found / np.linalg.norm(found, axis=1)[:, None])


def _kept_fractions(energies: Array, random: np.random.Generator) -> Array:
    """Energy after the collision over that before it, by rejection from an even distribution of cosines."""
    kept, left = np.empty_like(energies), np.arange(energies.size)
    while left.size:
        cosine = 2.0 * random.random(left.size) - 1.0
        ratio = 1.0 / (1.0 + energies[left] / REST_MEV * (1.0 - cosine))
        taken = random.random(left.size) < ratio**2 * (ratio + 1.0 / ratio - 1.0 + cosine**2) / 2.0
        kept[left[taken]] = ratio[taken]
        left = left[~taken]
    return kept


def absorbed_mev(
    energy_mev: float, edges_cm: Array, photons: int, seed: int, *, source_radius_cm: float = 0.0
) -> Array:
    """Energy in MeV per photon that shells around the center of a ball of uniform activity absorb."""
    random = np.random.default_rng(seed)
    place = _directions(photons, random) * source_radius_cm * random.random(photons)[:, None] ** (1.0 / 3.0)
    direction, energy = _directions(photons, random), np.full(photons, energy_mev)
    found = np.zeros(len(edges_cm) - 1)
    while energy.size:
        scattering = np.interp(np.log(energy), np.log(GRID), SCATTERING)
        photoelectric = 0.002_76 * (energy / 0.1) ** -3.29
        place = place + direction * (random.exponential(size=energy.size) / (scattering + photoelectric))[:, None]
        ends = random.random(energy.size) < photoelectric / (scattering + photoelectric)
        ends |= energy < CUT_MEV
        kept = _kept_fractions(energy, random)
        radius = np.linalg.norm(place, axis=1)
        found += np.histogram(radius, edges_cm, weights=np.where(ends, energy, energy * (1.0 - kept)))[0]
        on = ~ends & (radius < FAR_CM)
        cosine = (1.0 - (1.0 / kept - 1.0) * REST_MEV / energy)[on]
        place, along, energy = place[on], direction[on], (energy * kept)[on]
        across = _directions(energy.size, random)
        across -= (across * along).sum(axis=1)[:, None] * along
        across /= np.linalg.norm(across, axis=1)[:, None]
        direction = cosine[:, None] * along + np.sqrt(np.clip(1.0 - cosine**2, 0.0, None))[:, None] * across
    return found / photons
