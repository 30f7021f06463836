"""Absorbed dose in tissue of any density, by superposition along rays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

import yttria._core as _core

from .._core import Nuclide
from .._foundation.arrays import Float, Map, as_type, real, real_dtype, three
from .._foundation.choices import DEFAULT_MEDIUM, RAY_SETTINGS, MediumName, RaySetting
from .._foundation.numbers import number, one_of, optional_number, thread_count
from ..advisory.bounds import warn_implausible
from .map_plan import CompiledPlan, MapPlan

#: Voxels below this density are gas, for which dose point kernels do not predict the dose (yttria-choice).
GAS_DENSITY_G_PER_ML = 0.1


@dataclass(frozen=True, kw_only=True)
class EnergyBalance:
    """Fractions of the energy within the support of the kernel that were deposited and that escaped.

    Parameters
    ----------
    deposited_fraction : float
        Share that was deposited in the map. Without blending, this and `escaped_fraction` add up to 1.
    escaped_fraction : float
        Share that rays carried out of the map.
    """

    deposited_fraction: float
    escaped_fraction: float


class SuperpositionPlan(MapPlan):
    """Plan of the dose in a map of densities, made once and applied to many maps of activity.

    The model deposits the energy of electrons along straight rays, by the dose point kernel per mass depth `dE = F(t)
    rho eta ds`. Here `t` is the mass depth from the source along the ray. In voxels near the reference density, the
    exact convolution with voxel S values is included:

    `D = C (E(rho) - b E(rho_ref)) / rho + b (rho_ref / rho) D_S`

    with the energy `E` that rays deposit per volume, the dose factor `C`, the convolution `D_S`, and `b` 1 for
    densities within 0.85 to 1.15 of the reference, 0 below 0.47 and above 1.3, straight lines between. In a map of
    the reference density the result is `absorbed_dose`. `eta` is 1 for soft tissue and lung and falls to 0.952 for
    cortical bone.

    A plan is immutable and releases the GIL, so that threads may share it. The bits of a result do not depend on
    `threads`.

    Parameters
    ----------
    density_g_per_ml : array_like
        Mass density of each voxel in g/mL, shape (k, j, i), within (0, 30]. float32 and float64 are the type of the
        maps and of the arithmetic; integers become float64.
    voxel_size_mm : sequence of float
        Per array axis, within 0.5 to 20 mm.
    medium : str
        Medium of the dose point kernel, a name of `yttria.kernels.media`.
    reference_density_g_per_ml : float, optional
        Density at which the result is the exact convolution; that of the medium's table if not given.
    ray_setting : {"standard", "fast", "fine"}
        384, 192 or 2 x 384 directions. The noise of the rays in lung within 15 mm of a tumor, as root mean square, is
        3, 6 and 2 % of the dose. There is none in tissue near the reference density.
    blended : bool
        Whether the exact convolution is included.
    gas_density_g_per_ml : float
        Density in g/mL below which a voxel is gas. Electrons cross it, but its dose is 0, because kernels do not
        predict it.
    nuclide : Nuclide, optional
        `Nuclide()` if not given.
    threads : int, optional
        Threads of one call; all processors if not given.

    Raises
    ------
    ShapeError, DTypeError
        If the density is not a three-dimensional array of real numbers.
    OutOfRangeError
        If a density, a voxel size or the reference density is out of range.
    UnknownNameError
        For an unknown medium or setting.

    Notes
    -----
    Rays that leave the map do not come back, and no rays enter it. Activity and density beyond its edge therefore have
    no influence. See docs/theory/superposition.md for the derivation and the comparison with Monte Carlo.

    Examples
    --------
    >>> import numpy as np
    >>> density = np.full((20, 20, 20), 0.26)
    >>> density[:10] = 1.06
    >>> plan = SuperpositionPlan(density, (3.0, 3.0, 3.0), ray_setting="fast")
    >>> activity = np.zeros((20, 20, 20))
    >>> activity[9, 10, 10] = 1.0
    >>> dose_gy = plan.apply(activity)
    >>> bool(dose_gy[11].sum() > 2 * dose_gy[7].sum())
    True
    """

    __slots__ = ("_core", "_density", "_given")
    _core: _core.SuperpositionPlan

    def __init__(
        self,
        density_g_per_ml: ArrayLike,
        voxel_size_mm: Sequence[float],
        *,
        medium: MediumName = DEFAULT_MEDIUM,
        reference_density_g_per_ml: float | None = None,
        ray_setting: RaySetting = RAY_SETTINGS[0],
        blended: bool = True,
        gas_density_g_per_ml: float = GAS_DENSITY_G_PER_ML,
        nuclide: Nuclide | None = None,
        threads: int | None = None,
    ) -> None:
        """Fit the kernel and prepare the density."""
        density = real("density in g/mL", density_g_per_ml, dimensions=3)
        dtype = real_dtype("density in g/mL", density)
        dk, dj, di = three("voxel size in mm", voxel_size_mm)
        self._density = as_type("density in g/mL", density, dtype)
        self._given = partial(
            SuperpositionPlan,
            voxel_size_mm=(dk, dj, di),
            medium=medium,
            reference_density_g_per_ml=reference_density_g_per_ml,
            ray_setting=ray_setting,
            blended=blended,
            gas_density_g_per_ml=gas_density_g_per_ml,
            nuclide=nuclide,
            threads=threads,
        )
        self._core = _core.SuperpositionPlan(
            self._density,
            (dk, dj, di),
            medium,
            optional_number("reference density in g/mL", reference_density_g_per_ml),
            one_of("ray_setting", ray_setting, RAY_SETTINGS),
            bool(blended),
            number("gas density in g/mL", gas_density_g_per_ml),
            Nuclide() if nuclide is None else nuclide,
            dtype == np.float32,
            thread_count(threads),
        )

    @property
    def _plan(self) -> CompiledPlan:
        return self._core

    @property
    def medium(self) -> str:
        """Medium of the dose point kernel."""
        return self._core.medium

    @property
    def reference_density_g_per_ml(self) -> float:
        """Density at which the result is the exact convolution."""
        return self._core.reference_density_g_per_ml

    @property
    def ray_setting(self) -> str:
        """Number of directions and lattices by its name."""
        return self._core.setting

    @property
    def direction_count(self) -> int:
        """Directions times lattices."""
        return self._core.directions

    @property
    def gas_voxel_count(self) -> int:
        """Voxels of gas, whose dose is 0."""
        return self._core.gas_voxels

    @property
    def kernel_error_fraction(self) -> float:
        """Largest error of the fitted kernel: of the fraction of energy absorbed within any mass depth."""
        return self._core.kernel_error_fraction

    def estimate_memory_bytes(self) -> int:
        """Return the bytes that one call needs at most, besides its input and output.

        Returns
        -------
        int
            Bytes.

        Examples
        --------
        >>> import numpy as np
        >>> SuperpositionPlan(np.ones((4, 5, 6)), (3.0, 3.0, 3.0)).estimate_memory_bytes() > 0
        True
        """
        return self._core.estimate_memory_bytes()

    @overload
    def apply(self, activity_mbq_per_ml: NDArray[Float], out: NDArray[Float] | None = None) -> NDArray[Float]: ...
    @overload
    def apply(self, activity_mbq_per_ml: ArrayLike, out: Map | None = None) -> Map: ...
    def apply(self, activity_mbq_per_ml: ArrayLike, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Compute the absorbed dose in Gy after complete decay.

        Parameters
        ----------
        activity_mbq_per_ml : array_like
            Activity concentration at administration, of the plan's shape and dtype. Negative values are legal.
        out : ndarray, optional
            Array in C order for the result.

        Returns
        -------
        ndarray
            Dose of the plan's shape and dtype; 0 in gas.

        Raises
        ------
        ShapeError, DTypeError
            If the map or `out` is not of the plan's shape and dtype.
        OutOfRangeError
            Naming the first voxel that is not finite or too large.
        InsufficientMemoryError
            If there is no memory for the result or the calculation.

        Examples
        --------
        >>> import numpy as np
        >>> plan = SuperpositionPlan(np.full((4, 5, 6), 1.06), (3.0, 3.0, 3.0), ray_setting="fast")
        >>> plan.apply(np.ones((4, 5, 6))).shape
        (4, 5, 6)
        """
        return self.apply_with_balance(activity_mbq_per_ml, out)[0]

    def apply_with_balance(self, activity_mbq_per_ml: ArrayLike, out: Map | None = None) -> tuple[Map, EnergyBalance]:
        """Compute the absorbed dose and the balance of the emitted energy.

        Parameters
        ----------
        activity_mbq_per_ml, out
            As for `apply`.

        Returns
        -------
        dose_gy : ndarray
            As `apply` returns it.
        balance : EnergyBalance
            Fractions of the emitted energy that were deposited and that left the map. Both are 0 without activity.

        Raises
        ------
        ShapeError, DTypeError, OutOfRangeError, InsufficientMemoryError
            As for `apply`.

        Examples
        --------
        >>> import numpy as np
        >>> plan = SuperpositionPlan(np.full((4, 5, 6), 1.06), (3.0, 3.0, 3.0), ray_setting="fast", blended=False)
        >>> _, balance = plan.apply_with_balance(np.ones((4, 5, 6)))
        >>> round(balance.deposited_fraction + balance.escaped_fraction, 9)
        1.0
        """
        source = self._map("activity concentration", activity_mbq_per_ml)
        result, _ = self._out(out, (activity_mbq_per_ml,))
        emitted, deposited, left = self._core.apply(source, result)
        share = (lambda part: part / emitted) if emitted != 0 else (lambda part: 0.0)
        return result, EnergyBalance(deposited_fraction=share(deposited), escaped_fraction=share(left))

    def __reduce__(self) -> tuple[Callable[..., SuperpositionPlan], tuple[object, ...]]:
        return self._given, (self._density,)

    def __repr__(self) -> str:
        """Shape, voxel size, dtype, medium and setting."""
        size = " x ".join(f"{mm:g}" for mm in self._given.keywords["voxel_size_mm"])
        return (
            f"SuperpositionPlan({self.shape} voxels of {size} mm, {self.dtype}, {self.medium} at "
            f"{self.reference_density_g_per_ml:g} g/mL, {self.ray_setting}: {self.direction_count} directions)"
        )


@overload
def superposed_dose(
    activity_mbq_per_ml: NDArray[Float],
    density_g_per_ml: ArrayLike,
    voxel_size_mm: Sequence[float],
    *,
    medium: MediumName = DEFAULT_MEDIUM,
    reference_density_g_per_ml: float | None = None,
    ray_setting: RaySetting = RAY_SETTINGS[0],
    nuclide: Nuclide | None = None,
    out: NDArray[Float] | None = None,
    threads: int | None = None,
) -> NDArray[Float]: ...
@overload
def superposed_dose(
    activity_mbq_per_ml: ArrayLike,
    density_g_per_ml: ArrayLike,
    voxel_size_mm: Sequence[float],
    *,
    medium: MediumName = DEFAULT_MEDIUM,
    reference_density_g_per_ml: float | None = None,
    ray_setting: RaySetting = RAY_SETTINGS[0],
    nuclide: Nuclide | None = None,
    out: Map | None = None,
    threads: int | None = None,
) -> Map: ...
def superposed_dose(
    activity_mbq_per_ml: ArrayLike,
    density_g_per_ml: ArrayLike,
    voxel_size_mm: Sequence[float],
    *,
    medium: MediumName = DEFAULT_MEDIUM,
    reference_density_g_per_ml: float | None = None,
    ray_setting: RaySetting = RAY_SETTINGS[0],
    nuclide: Nuclide | None = None,
    out: NDArray[Any] | None = None,
    threads: int | None = None,
) -> NDArray[Any]:
    """Compute the absorbed dose in Gy after complete decay, in tissue of any density.

    Parameters
    ----------
    activity_mbq_per_ml : array_like
        Activity concentration at administration in MBq/mL, shape (k, j, i). float32 and float64 are the type of the
        result; integers and booleans become float64, float16 becomes float32, exactly.
    density_g_per_ml : array_like
        Mass density of each voxel in g/mL, of the same shape; computed in the type of the activity.
    voxel_size_mm : sequence of float
        Per array axis.
    medium, reference_density_g_per_ml, ray_setting, nuclide, threads
        As for `SuperpositionPlan`, which serves for many maps on one density.
    out : ndarray, optional
        Array in C order for the result.

    Returns
    -------
    ndarray
        Of the activity's shape.

    Raises
    ------
    YttriaError
        As for `SuperpositionPlan` and `SuperpositionPlan.apply`.

    Warns
    -----
    ImplausibleValueWarning
        Above 1000 MBq/mL.

    Examples
    --------
    >>> import numpy as np
    >>> superposed_dose(np.ones((9, 9, 9)), np.full((9, 9, 9), 1.06), (5.0, 5.0, 5.0)).shape
    (9, 9, 9)
    """
    activity = real("activity concentration", activity_mbq_per_ml, dimensions=3)
    dtype = real_dtype("activity concentration", activity)
    plan = SuperpositionPlan(
        as_type("density in g/mL", real("density in g/mL", density_g_per_ml, dimensions=3), dtype),
        voxel_size_mm,
        medium=medium,
        reference_density_g_per_ml=reference_density_g_per_ml,
        ray_setting=ray_setting,
        nuclide=nuclide,
        threads=threads,
    )
    dose = plan.apply(activity, out)
    warn_implausible("concentration_implausible", float(activity.max(initial=0)))
    return dose
