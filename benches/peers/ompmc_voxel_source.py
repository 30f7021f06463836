"""Y-90 in one 3 mm water voxel by ompMC, an independent Monte Carlo code, against yttria's voxel S values.

    pip install ompmc
    python benches/peers/ompmc_voxel_source.py [histories]

ompMC has no source inside the phantom; it reads IAEA phase spaces, and a phase space may as well hold electrons that
start within a voxel, which is what this script writes: uniform in the central voxel, isotropic, energies from the
spectrum of the unique first-forbidden transition (2279 keV; N(T) = p W q^2 (lambda p^2 + q^2) F with Coulomb
factors of a point nucleus, from memory). That spectrum is this script's own; its mean energy is printed, and the doses
are scaled to the 932.97 keV of ICRP 107. Electrons and photons are followed to 10 keV.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import ompmc
from numpy.typing import NDArray

import yttria

SIZE_MM = 3.0
SIDE = 15
END_POINT_MEV, ELECTRON_MEV, ALPHA = 2.2788, 0.51099895, 1 / 137.035999
#: Daughter, and the nuclear radius in electron Compton wavelengths over 2 pi.
Z, RADIUS = 40, 1.2 * 90 ** (1 / 3) / 386.159
MEAN_MEV = 0.932968
HEADER = """$IAEA_INDEX:
1000
$TITLE:
electrons of Y-90 in a voxel
$FILE_TYPE:
0
$CHECKSUM:
{bytes}
$RECORD_CONTENTS:
    1     // X is stored
    1     // Y is stored
    1     // Z is stored
    1     // U is stored
    1     // V is stored
    1     // W is stored
    0     // Weight is stored
    0     // Extra floats stored
    0     // Extra longs stored
$RECORD_CONSTANT:
    1.0000     // Constant Weight
$RECORD_LENGTH:
25
$BYTE_ORDER:
1234
$ORIG_HISTORIES:
{count}
$PARTICLES:
{count}
$ELECTRONS:
{count}
"""


def spectrum() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Kinetic energies in MeV and the cumulative probability up to each."""
    kinetic = np.linspace(0.0, END_POINT_MEV, 20_001)[1:-1]
    total = 1 + kinetic / ELECTRON_MEV
    momentum = np.sqrt(total**2 - 1)
    neutrino = (END_POINT_MEV - kinetic) / ELECTRON_MEV
    first, second = coulomb(1, total, momentum), coulomb(2, total, momentum)
    density = momentum * total * neutrino**2 * (second * momentum**2 + first * neutrino**2)
    cumulative = np.cumsum(density)
    return kinetic, cumulative / cumulative[-1]


def coulomb(k: int, total: NDArray[np.float64], momentum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coulomb factor of the k-th partial wave of a point nucleus, times what lambda_k has beside it."""
    gamma = np.sqrt(k**2 - (ALPHA * Z) ** 2)
    eta = ALPHA * Z * total / momentum
    # |Gamma(gamma + i eta)|^2 by recurrence and Stirling's series.
    shifted, product = gamma + 1j * eta, np.ones_like(eta)
    for _ in range(12):
        product *= np.abs(shifted) ** 2
        shifted = shifted + 1
    log_gamma = (shifted - 0.5) * np.log(shifted) - shifted + 0.5 * np.log(2 * np.pi) + 1 / (12 * shifted)
    size = (math.gamma(2 * k + 1) / (math.gamma(k) * math.gamma(1 + 2 * gamma))) ** 2
    factor = size * (2 * momentum * RADIUS) ** (2 * (gamma - k)) * np.exp(np.pi * eta + 2 * log_gamma.real) / product
    return factor * (k + gamma) / k


def write_phase_space(path: Path, count: int) -> float:
    """Electrons in the central voxel; their mean energy in MeV."""
    rng = np.random.default_rng(90)
    kinetic, cumulative = spectrum()
    record = np.zeros(count, np.dtype([("kind", "i1"), ("energy", "<f4"), ("at", "<f4", 3), ("toward", "<f4", 2)]))
    energy = np.interp(rng.random(count), cumulative, kinetic)
    direction = rng.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    # The third component is stored by its sign alone, as the sign of the kind; a negative energy marks a new history.
    record["kind"] = np.where(direction[:, 2] < 0, -2, 2)
    record["energy"] = -energy
    record["at"] = (rng.random((count, 3)) - 0.5) * SIZE_MM / 10
    record["toward"] = direction[:, :2]
    path.with_suffix(".IAEAphsp").write_bytes(record.tobytes())
    path.with_suffix(".IAEAheader").write_text(HEADER.format(bytes=record.nbytes, count=count))
    return float(energy.mean())


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    bounds = (np.arange(SIDE + 1) - SIDE / 2) * SIZE_MM / 10
    shape = (SIDE,) * 3
    water = np.asfortranarray(np.ones(shape))
    geometry = ompmc.Geometry(*[bounds] * 3, ["H2O521ICRU"], water, np.asfortranarray(np.ones(shape, np.int32)))
    with tempfile.TemporaryDirectory() as folder:
        mean = write_phase_space(Path(folder) / "y90", count)
        source = ompmc.PhaseSpaceSource(str(Path(folder) / "y90"))
        pegs = ompmc.data_path() / "pegs4" / "521icru.pegs4dat"
        physics = ompmc.Physics(pegs, global_ecut=ELECTRON_MEV + 0.010, global_pcut=0.01, n_split=1)
        start = time.perf_counter()
        dose, uncertainty, summary = ompmc.calc_forward_phsp(geometry, source, physics, n_histories=count)
        seconds = time.perf_counter() - start
    # Gy per electron to mGy per MBq s, at the mean energy of ICRP 107.
    theirs = dose * 1e9 * MEAN_MEV / mean
    nuclide = yttria.Nuclide("ICRP107")
    ours = yttria.voxel_s_values((SIZE_MM,) * 3, medium="water", density_g_per_ml=1.0, nuclide=nuclide).values
    middle, half = SIDE // 2, ours.shape[0] // 2
    print(f"ompmc {version('ompmc')}, yttria {yttria.__version__}: {count} histories in {seconds:.1f} s; {summary}")
    print(f"mean energy {1e3 * mean:.1f} keV")
    print("   k j i   ompMC mGy/(MBq s)   sigma    yttria   yttria / ompMC")
    for k, j, i in ((0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1), (0, 0, 2), (0, 1, 2), (0, 0, 3)):
        # All images of the offset under permutation and reflection are the same number.
        images = {p for q in ((k, j, i), (k, i, j), (j, k, i), (j, i, k), (i, k, j), (i, j, k)) for p in signs(q)}
        values = np.array([theirs[middle + a, middle + b, middle + c] for a, b, c in images])
        errors = np.array([uncertainty[middle + a, middle + b, middle + c] for a, b, c in images]) * values
        mean_value, sigma = values.mean(), np.sqrt((errors**2).sum()) / len(images)
        reference = ours[half + k, half + j, half + i]
        ratio = reference / mean_value
        print(f"   {k} {j} {i}   {mean_value:17.5f}   {sigma / mean_value:.3%}   {reference:7.5f}   {ratio:.4f}")
    inside = theirs[middle - 5 : middle + 6, middle - 5 : middle + 6, middle - 5 : middle + 6].sum()
    print(f"sum within +-16.5 mm: ompMC {inside:.4f}, yttria {ours.sum():.4f}")


def signs(offset: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    a, b, c = offset
    return [(x, y, z) for x in {a, -a} for y in {b, -b} for z in {c, -c}]


if __name__ == "__main__":
    main()
