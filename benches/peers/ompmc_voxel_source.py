"""Y-90 in one 3 mm water voxel by ompMC, an independent Monte Carlo code, beside yttria's Monte Carlo and S values.

    pip install ompmc
    python benches/peers/ompmc_voxel_source.py [histories]

ompMC has no source inside the phantom. It reads IAEA phase spaces, which may also hold electrons that start within a
voxel. This script writes such a phase space. The electrons are uniform in the central voxel and isotropic. Their
energies have the spectrum of the unique first-forbidden transition (2279 keV; N(T) = p W q^2 (lambda p^2 + q^2) F with
Coulomb factors of a point nucleus). The spectrum was not compared with a source. Its mean energy is printed, and the
doses are scaled to the 932.97 keV of ICRP 107. Electrons and photons are followed to 10 keV.

Both codes run on one thread and take turns; times are processor times. The time to 1 % is that of the histories after
which the standard error of the source voxel, the hottest one, would be 1 %.
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
#: Both codes take turns; yttria follows so many times more histories in each.
TURNS, OURS_PER_HISTORY = 4, 20
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
    """Coulomb factor of the k-th partial wave of a point nucleus, times the other factors of lambda_k."""
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
    # Of the third component only the sign is stored, as the sign of the kind. A negative energy marks a new history.
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
    pegs = ompmc.data_path() / "pegs4" / "521icru.pegs4dat"
    physics = ompmc.Physics(pegs, global_ecut=ELECTRON_MEV + 0.010, global_pcut=0.01, n_split=1)
    middle, each = SIDE // 2, count // TURNS
    nuclide = yttria.Nuclide("ICRP107")
    activity = np.zeros(shape)
    activity[middle, middle, middle] = 1 / (SIZE_MM**3 / 1000 * nuclide.mean_life_s)
    run = yttria.MonteCarloRun(
        activity,
        np.ones(shape),
        (SIZE_MM,) * 3,
        medium="water",
        estimator="plain",
        nuclide=nuclide,
        histories_per_batch=OURS_PER_HISTORY * each // 50,
        threads=1,
    )
    doses, variances, seconds, our_seconds = [], [], 0.0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        mean = write_phase_space(Path(folder) / "y90", each * TURNS)
        for turn in range(TURNS):
            source = ompmc.PhaseSpaceSource(str(Path(folder) / "y90"), first=turn * each)
            start = time.process_time()
            dose, relative, summary = ompmc.calc_forward_phsp(geometry, source, physics, n_histories=each)
            seconds += time.process_time() - start
            doses.append(dose)
            variances.append((dose * relative) ** 2)
            start = time.process_time()
            run.advance(50)
            our_seconds += time.process_time() - start
    # Gy per electron to mGy per MBq s, at the mean energy of ICRP 107.
    theirs = np.mean(doses, axis=0) * 1e9 * MEAN_MEV / mean
    uncertainty = np.sqrt(np.mean(variances, axis=0) / TURNS) / np.maximum(np.mean(doses, axis=0), 1e-300)
    found = run.result()
    exact = yttria.voxel_s_values((SIZE_MM,) * 3, medium="water", density_g_per_ml=1.0, nuclide=nuclide).values
    half = exact.shape[0] // 2
    print(f"ompmc {version('ompmc')}, yttria {yttria.__version__}; {summary} in the last of {TURNS} turns")
    print(f"mean energy {1e3 * mean:.1f} keV")
    at = (middle,) * 3
    ours_relative = found.uncertainty_gy[at] / found.dose_gy[at]
    for name, histories, taken, of_source in (
        ("ompMC", each * TURNS, seconds, float(uncertainty[at])),
        ("yttria", run.histories, our_seconds, float(ours_relative)),
    ):
        to_one_per_cent = taken * (of_source / 0.01) ** 2
        print(
            f"{name}: {histories} histories in {taken:.1f} s, {histories / taken:.3g}/s; source voxel {of_source:.3%}, "
            f"1 % after {1000 * to_one_per_cent:.1f} ms"
        )
    print("   k j i   ompMC mGy/(MBq s)   sigma    Monte Carlo   sigma    S value   Monte Carlo / ompMC   S / ompMC")
    for k, j, i in ((0, 0, 0), (0, 0, 1), (0, 1, 1), (1, 1, 1), (0, 0, 2), (0, 1, 2), (0, 0, 3)):
        # All images of the offset under permutation and reflection are the same number.
        images = {p for q in ((k, j, i), (k, i, j), (j, k, i), (j, i, k), (i, k, j), (i, j, k)) for p in signs(q)}
        places = tuple(middle + np.array(sorted(images)).T)
        their, sigma = mean_of(theirs[places], uncertainty[places] * theirs[places])
        our, our_sigma = mean_of(1000 * found.dose_gy[places], 1000 * found.uncertainty_gy[places])
        s_value = exact[half + k, half + j, half + i]
        print(
            f"   {k} {j} {i}   {their:17.5f}   {sigma / their:.3%}   {our:11.5f}   {our_sigma / our:.3%}"
            f"   {s_value:7.5f}   {our / their:19.4f}   {s_value / their:9.4f}"
        )
    inside = theirs[middle - 5 : middle + 6, middle - 5 : middle + 6, middle - 5 : middle + 6].sum()
    print(f"sum within +-16.5 mm: ompMC {inside:.4f}, S values {exact.sum():.4f}")


def mean_of(values: NDArray[np.floating], sigmas: NDArray[np.floating]) -> tuple[float, float]:
    """Mean and its standard error, of independent values."""
    return float(values.mean()), float(np.sqrt((sigmas**2).sum()) / values.size)


def signs(offset: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    a, b, c = offset
    return [(x, y, z) for x in {a, -a} for y in {b, -b} for z in {c, -c}]


if __name__ == "__main__":
    main()
