from collections.abc import Sequence
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._foundation.choices import (
    Ascites,
    BodySurfaceAreaFormula,
    ConvolutionMethod,
    CountedTumorDose,
    DecayCorrection,
    DoseInterpolation,
    DoseRowKind,
    Encephalopathy,
    EndCaps,
    Interpolation,
    IsotopeName,
    MediumName,
    NuclidePreset,
    Objective,
    ShuntBoundary,
    SpectrumShape,
)

__version__: str

# nuclide

@final
class Nuclide:
    """Half-life, mean energy per decay, and their product, the dose factor, with their source.

    Parameters
    ----------
    nuclide : str
        Name of a preset, one of `Nuclide.presets()`. The default is "EANM2022".

    Raises
    ------
    UnknownNameError
        If there is no such preset.

    Examples
    --------
    >>> from yttria import Nuclide
    >>> round(Nuclide().dose_factor_gy_kg_per_gbq, 2), Nuclide().half_life_h
    (49.67, 64.1)
    """

    def __new__(cls, nuclide: NuclidePreset = "EANM2022") -> Nuclide: ...
    @staticmethod
    def from_energy(
        half_life_h: float, mean_energy_mev: float, *, name: str = "explicit", source: str = "given by the caller"
    ) -> Nuclide:
        """Make a nuclide from its half-life and mean energy per decay.

        Parameters
        ----------
        half_life_h : float
            Half-life in h. It decides the isotope: 63 to 66 is Y-90, and `decay_data` lists the other isotopes. Any
            other half-life is refused.
        mean_energy_mev : float
            Mean energy that a decay deposits in MeV, positive.
        name, source : str
            Name and source that results state.

        Returns
        -------
        Nuclide
            With the dose factor that follows.

        Raises
        ------
        OutOfRangeError
            If a number is outside its range, or the energy is not plausible for the isotope.

        Notes
        -----
        The dose factor is `T / ln 2 x E`, in Gy kg/GBq.

        Examples
        --------
        >>> round(Nuclide.from_energy(64.1, 0.9267).dose_factor_gy_kg_per_gbq, 2)
        49.43
        """

    @staticmethod
    def from_dose_factor(
        half_life_h: float,
        dose_factor_gy_kg_per_gbq: float,
        *,
        name: str = "explicit",
        source: str = "given by the caller",
    ) -> Nuclide:
        """Make a nuclide from its half-life and dose factor.

        Parameters
        ----------
        half_life_h : float
            Half-life in h. It decides the isotope: 63 to 66 is Y-90, and `decay_data` lists the other isotopes. Any
            other half-life is refused.
        dose_factor_gy_kg_per_gbq : float
            Dose in Gy to 1 kg from complete decay of 1 GBq.
        name, source : str
            Name and source that results state.

        Returns
        -------
        Nuclide
            With the mean energy that follows.

        Raises
        ------
        OutOfRangeError
            If a number is outside its range, or the energy is not plausible for the isotope.

        Examples
        --------
        >>> Nuclide.from_dose_factor(64.2, 50.0).dose_factor_gy_kg_per_gbq
        50.0
        """

    @staticmethod
    def presets() -> list[NuclidePreset]:
        """List the names of the presets.

        Returns
        -------
        list of str
            Names that the constructor takes.

        Examples
        --------
        >>> "EANM2022" in Nuclide.presets()
        True
        """

    @property
    def name(self) -> str:
        """Name of the preset, or the one given."""

    @property
    def isotope(self) -> IsotopeName:
        """Isotope that has the half-life, such as "Ho-166"."""

    @property
    def half_life_h(self) -> float:
        """Half-life in h."""

    @property
    def mean_energy_mev(self) -> float:
        """Mean energy per decay in MeV."""

    @property
    def dose_factor_gy_kg_per_gbq(self) -> float:
        """Dose in Gy to 1 kg from complete decay of 1 GBq."""

    @property
    def source(self) -> str:
        """Where the numbers come from."""

    @property
    def mean_life_s(self) -> float:
        """Mean life in s: the half-life divided by ln 2."""

    def decay_factor(self, elapsed_h: float) -> float:
        """Compute the share of the activity that is left after a time.

        Parameters
        ----------
        elapsed_h : float
            Time in h; negative for a time before.

        Returns
        -------
        float
            `2^(-t / T)`, above 1 for a negative time.

        Raises
        ------
        OutOfRangeError
            If the time is not finite or so long that the factor leaves the range of numbers.

        Examples
        --------
        >>> Nuclide().decay_factor(64.1)
        0.5
        """

    @staticmethod
    def _rebuild(half_life_h: float, dose_factor: float, name: str, source: str) -> Nuclide: ...

def _decay_data(
    isotope: IsotopeName,
) -> tuple[
    float,
    tuple[int, int],
    list[tuple[float, float, SpectrumShape]],
    tuple[float, float, float, float],
    list[tuple[float, float]],
]: ...
def _beta_spectrum(isotope: IsotopeName, energies_mev: NDArray[np.float64]) -> NDArray[np.float64]: ...

# kernels

def _media() -> list[tuple[MediumName, float, list[float], float, float, str]]: ...
def _density_g_per_ml(medium: MediumName, density_g_per_ml: float | None) -> float: ...
def _dose_point_kernel(
    medium: MediumName, isotope: IsotopeName
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, float, str]: ...
def _voxel_s_values(
    voxel_size_mm: tuple[float, float, float],
    medium: MediumName,
    density_g_per_ml: float,
    nuclide: Nuclide,
    tail_folded: bool,
    threads: int | None,
) -> tuple[NDArray[np.float64], float, float]: ...

# voxel

@final
class ConvolutionPlan:
    """Core of `yttria.ConvolutionPlan`, which takes only arrays in C order and of the plan's dtype."""

    def __new__(
        cls,
        shape: tuple[int, int, int],
        kernel: NDArray[np.float64],
        single_precision: bool,
        threads: int | None,
        method: ConvolutionMethod,
    ) -> ConvolutionPlan: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...
    @property
    def single_precision(self) -> bool: ...
    @property
    def method(self) -> ConvolutionMethod: ...
    @property
    def threads(self) -> int: ...
    @property
    def instruction_set(self) -> str: ...
    def kernel(self) -> NDArray[np.float64]:
        """Kernel, cut to the offsets that occur within a map."""

    def estimate_memory_bytes(self) -> int: ...
    def variance_plan(self) -> ConvolutionPlan: ...
    def apply(
        self,
        array: NDArray[Any],
        out: NDArray[Any],
        out_is_zero: bool,
        mask: NDArray[np.bool_] | None,
        threshold: float | None,
    ) -> None: ...
    def apply_many(self, arrays: Sequence[NDArray[Any]], outs: Sequence[NDArray[Any]], out_is_zero: bool) -> None: ...
    def apply_combined(
        self, arrays: Sequence[NDArray[Any]], weights: Sequence[float], out: NDArray[Any], out_is_zero: bool
    ) -> None: ...

@final
class SuperpositionPlan:
    """Core of `yttria.SuperpositionPlan`, which takes only arrays in C order and of the plan's dtype."""

    def __new__(
        cls,
        density_g_per_ml: NDArray[Any],
        voxel_size_mm: tuple[float, float, float],
        medium: str,
        reference_density_g_per_ml: float | None,
        setting: str,
        blended: bool,
        gas_density_g_per_ml: float,
        nuclide: Nuclide,
        single_precision: bool,
        threads: int | None,
    ) -> SuperpositionPlan: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...
    @property
    def single_precision(self) -> bool: ...
    @property
    def medium(self) -> str: ...
    @property
    def reference_density_g_per_ml(self) -> float: ...
    @property
    def setting(self) -> str: ...
    @property
    def directions(self) -> int: ...
    @property
    def gas_voxels(self) -> int: ...
    @property
    def kernel_error_fraction(self) -> float: ...
    @property
    def threads(self) -> int: ...
    def estimate_memory_bytes(self) -> int: ...
    def apply(self, activity: NDArray[Any], out: NDArray[Any]) -> tuple[float, float, float]: ...

@final
class MonteCarloSimulation:
    """Core of `yttria.MonteCarloRun`, which takes arrays in C order of float32, uint8 and float64."""

    def __new__(
        cls,
        voxel_size_mm: tuple[float, float, float],
        density_g_per_ml: NDArray[np.float32],
        medium: NDArray[np.uint8],
        media: Sequence[str],
        activity: NDArray[np.float64],
        nuclide: Nuclide,
        seed: int,
        decays_per_batch: int,
    ) -> MonteCarloSimulation: ...
    def add_region(self, fractions: NDArray[np.float32]) -> None: ...
    @property
    def batches(self) -> int: ...
    @property
    def decays_per_batch(self) -> int: ...
    @property
    def mean_energy_mev(self) -> float: ...
    def run(self, batches: int, threads: int | None) -> None: ...
    @property
    def sums_per_voxel(self) -> int: ...
    def correlate(self, medium: int, density_g_per_ml: float) -> None: ...
    def progress(self, out_sums: NDArray[np.float64]) -> tuple[int, list[float], list[float]]:
        """Batches, energies in MeV (emitted, escaped), and the sums of the structures."""

    def restore(self, state: tuple[int, Sequence[float], Sequence[float]], sums: NDArray[np.float64]) -> None: ...
    def dose(
        self,
        gray_kg: float,
        uniform_gy: NDArray[np.float64],
        out_gy: NDArray[np.float32],
        out_uncertainty_gy: NDArray[np.float32],
        out_difference_weight: NDArray[np.float32],
    ) -> None: ...
    def regions(self, gray_kg: float, uniform_gy: NDArray[np.float64]) -> list[tuple[float, float, float]]:
        """Mean, standard error and weight of the correlated difference of each structure."""

    def balance(self) -> tuple[float, float, float]:
        """Energy per decay in MeV: emitted, deposited, escaped."""

def _monte_carlo_memory_bytes(voxels: int, threads: int | None, is_correlated: bool) -> int: ...
def _monte_carlo_voxel_s_values(
    voxel_size_mm: tuple[float, float, float],
    medium: str,
    density_g_per_ml: float,
    nuclide: Nuclide,
    threads: int | None,
) -> tuple[NDArray[np.float64], float, float]: ...

LEAST_DENSITY_G_PER_ML: float

def _superposition_rays(
    setting: str, shape: tuple[int, ...], voxel_size_mm: tuple[float, float, float]
) -> list[tuple[list[float], float, int, list[float]]]: ...
def _kernel_modes(medium: str, isotope: IsotopeName) -> tuple[list[tuple[float, float, float, float]], float]: ...
def _check_density_curve(hounsfield_units: Sequence[float], density_g_per_ml: Sequence[float]) -> None: ...
def _density_from_ct(
    ct: NDArray[Any],
    nodes: tuple[Sequence[float], Sequence[float]],
    clamp: bool,
    out_g_per_ml: NDArray[Any],
    threads: int | None,
) -> tuple[int, int]: ...
def _draw_noise(
    standard_deviation: NDArray[np.float32],
    seed: int,
    draw: int,
    out: NDArray[np.float32],
    threads: int | None = None,
) -> None: ...
def _standard_normals(seed: int, stream: int, count: int) -> NDArray[np.float64]: ...
def _local_deposition(
    activity_mbq_per_ml: NDArray[Any],
    density_g_per_ml: NDArray[Any] | float,
    nuclide: Nuclide,
    out_gy: NDArray[Any],
    threads: int | None,
) -> None: ...

# planning

_Territories: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
_PartitionDoses: TypeAlias = tuple[float | None, float | None, list[float], float, float, float]
# Lungs (single, cumulative, prior), perfused normal liver of each territory and whole (limit, prior), activities.
_TreatmentLimits: TypeAlias = tuple[
    tuple[float | None, float | None, float],
    Sequence[tuple[float | None, float]],
    tuple[float | None, float],
    Sequence[float | None],
]

def non_negative(quantity: str, value: float) -> float: ...
def fraction_below_one(quantity: str, value: float) -> float: ...

# planning: body surface area, resin activity
def body_surface_area_m2(height_cm: float, weight_kg: float, formula: BodySurfaceAreaFormula) -> float: ...
def resin_bsa_gbq(body_surface_area_m2: float, tumor_volume_ml: float, liver_volume_ml: float) -> float: ...
def resin_modified_bsa_gbq(
    body_surface_area_m2: float, tumor_volume_in_treated_ml: float, treated_volume_ml: float, liver_volume_ml: float
) -> float: ...
def resin_simple_lobar_bsa_gbq(
    body_surface_area_m2: float, tumor_volume_ml: float, treated_volume_ml: float, liver_volume_ml: float
) -> float: ...
def resin_empirical_gbq(tumor_involvement_fraction: float, treated_fraction_of_liver: float) -> float: ...
def _linear_program(
    objective: Sequence[float],
    rows: Sequence[Sequence[float]],
    limits: Sequence[float],
    tie_weights: Sequence[float] | None,
) -> tuple[tuple[list[float], list[tuple[float, float]], list[tuple[float, float]]] | None, list[int], bool]: ...
def lung_shunt_factor(lung_shunt_fraction: float, boundary: ShuntBoundary) -> float: ...
def lung_shunt_boundaries(lung_shunt_fraction: float) -> tuple[float | None, float | None]: ...
def physician_factor(factor: float) -> float: ...

# planning: mass, single compartment, energy balance
def mass_kg(volume_ml: float, density_g_per_ml: float) -> float: ...
def ellipsoid_volume_ml(diameters_mm: Sequence[float]) -> float: ...
def single_compartment_dose(
    activity_in_vial_gbq: float,
    mass_kg: float,
    lung_shunt_fraction: float,
    residual_fraction: float,
    lung_mass_kg: float,
    nuclide: Nuclide,
) -> tuple[float, float, float, float]: ...
def single_compartment_activity(
    target_dose_gy: float,
    mass_kg: float,
    lung_shunt_fraction: float,
    residual_fraction: float,
    lung_mass_kg: float,
    nuclide: Nuclide,
) -> tuple[float, float, float, float]: ...
def liver_energy_j(delivered_activity_gbq: float, lung_shunt_fraction: float, nuclide: Nuclide) -> float: ...
def energy_fraction_in_tumor(tumor_dose_gy: float, tumor_mass_kg: float, liver_energy_j: float) -> float: ...
def tumor_mass_for_dose_kg(tumor_dose_gy: float, fraction_in_tumor: float, liver_energy_j: float) -> float: ...

# planning: tumor-to-normal ratio
def tumor_to_normal_ratio(
    tumor_counts: float, tumor_mass_kg: float, normal_counts: float, normal_mass_kg: float
) -> float: ...
def tumor_to_normal_ratio_from_activity_ratio(
    activity_ratio: float, tumor_mass_kg: float, normal_mass_kg: float
) -> float: ...
def kao_activities(
    tumor_activity_gbq: float, activity_ratio: float, tumor_lung_shunt_fraction: float
) -> tuple[float, float, float, float]: ...

# planning: partition
def partition_doses(
    delivered_activity_gbq: NDArray[np.float64],
    territories: _Territories,
    lung_mass_kg: NDArray[np.float64],
    normal_gy: NDArray[np.float64],
    tumors_gy: NDArray[np.float64],
    lung_gy: NDArray[np.float64],
    nuclide: Nuclide,
    invalid_to_nan: bool,
    threads: int | None,
) -> int: ...
def partition_activities(
    target_dose_gy: NDArray[np.float64],
    tumor: int,
    tumors: int,
    territories: _Territories,
    activity_gbq: NDArray[np.float64],
    nuclide: Nuclide,
    invalid_to_nan: bool,
    threads: int | None,
) -> int: ...

# planning: lung
def geometric_mean_counts(
    region: str, counts: Sequence[float], background_per_pixel: Sequence[float], pixels: float
) -> float: ...
def lung_shunt_fraction(lung_counts: float, liver_counts: float, lung_fraction_in_view: float) -> float: ...
def scatter_corrected_counts(main: float, lower: float, main_width_kev: float, lower_width_kev: float) -> float: ...
def lung_mass_from_ct(
    hounsfield_units: NDArray[np.float64],
    inside: NDArray[np.float64] | None,
    voxel_volume_ml: float,
    clip_g_per_ml: Sequence[float],
) -> tuple[float, float, int, int]: ...
def lung_dose_gy(activity_gbq: float, lung_shunt_fraction: float, lung_mass_kg: float, nuclide: Nuclide) -> float: ...
def lung_mass_for_dose_kg(
    activity_gbq: float, lung_shunt_fraction: float, lung_dose_gy: float, nuclide: Nuclide
) -> float: ...
def lung_shunt_for_dose(activity_gbq: float, lung_mass_kg: float, lung_dose_gy: float, nuclide: Nuclide) -> float: ...

# planning: decay, delivery, scores
GBQ_PER_MCI: float

def decayed_activity_gbq(activity_gbq: float, elapsed_h: float, nuclide: Nuclide) -> float: ...
def hours_to_decay(activity_gbq: float, to_activity_gbq: float, nuclide: Nuclide) -> float: ...
def time_integrated_activity_gbq_h(activity_gbq: float, nuclide: Nuclide) -> float: ...
def historic_dose_factor(delta_g_rad_per_uci_h: float, mean_life_factor: float, half_life_h: float) -> float: ...
def factor_to_administration(
    decay_correction: DecayCorrection,
    scan_delay_h: float,
    frame_duration_h: float | None,
    header_half_life_s: float | None,
    nuclide: Nuclide,
) -> float: ...
def residual_fractions(
    before: float, after: float, background: float, elapsed_h: float, noise: float, nuclide: Nuclide
) -> tuple[float, float]: ...
def delivered_activity_gbq(vial_activity_gbq: float, residual_fraction: float) -> float: ...
def number_of_spheres(activity_gbq: float, sphere_activity_bq: float) -> float: ...
def sphere_activity_bq(activity_gbq: float, spheres: float) -> float: ...
def vial_timing(
    calibration_activity_gbq: float, needed_activity_gbq: float, tolerance_fraction: float, nuclide: Nuclide
) -> tuple[float, float, float]: ...
def albi_score(bilirubin_umol_per_l: float, albumin_g_per_l: float) -> float: ...
def albi_grades(score: float) -> tuple[int, str]: ...
def child_pugh_points(
    bilirubin_umol_per_l: float,
    albumin_g_per_l: float,
    inr: float,
    ascites: Ascites,
    encephalopathy: Encephalopathy,
    cholestatic: bool,
) -> tuple[tuple[int, int, int, int, int], str]: ...
def mrecist_category(baseline_mm: float, nadir_mm: float, current_mm: float, new_lesion: bool) -> str: ...

# planning: treatment
def combined_lung_shunt_fraction(lung_shunt_fractions: Sequence[float], weights: Sequence[float]) -> float: ...
def lung_shunt_if_all_from_one(combined_fraction: float, weights: Sequence[float]) -> list[float | None]: ...

@final
class Treatment:
    """Territories and lesions of one treatment, and its dose matrix."""

    def __new__(
        cls,
        territories: Sequence[tuple[str, float, float, Sequence[tuple[int, float, float | None]]]],
        lesions: Sequence[tuple[str, str, float]],
        normal_total_mass_kg: float | None,
        lung_mass_kg: float,
        nuclide: Nuclide,
    ) -> Treatment: ...
    def rows(self) -> list[tuple[DoseRowKind, int | None, int | None, float, list[float]]]: ...
    def doses_gy(self, activities_gbq: Sequence[float]) -> list[float]: ...
    def doses(self, delivered_activity_gbq: float) -> _PartitionDoses: ...
    def activity_for_tumor_dose(self, target_dose_gy: float, tumor: int) -> tuple[float, _PartitionDoses]: ...
    def maximum_activity(
        self, limits: _TreatmentLimits
    ) -> tuple[list[tuple[str, float | None, bool]], float | None, _PartitionDoses | None]: ...
    def optimize_activities(
        self,
        objective: Objective,
        tumor_dose: CountedTumorDose,
        limits: _TreatmentLimits,
        target_gy: Sequence[float | None],
        weights: Sequence[float],
    ) -> tuple[
        tuple[
            list[float],
            list[tuple[float, float]],
            float,
            list[tuple[str, str, float, float, bool, float, float]],
            list[int],
        ]
        | None,
        list[tuple[str, str, float, float, bool, float, float]],
    ]: ...

# evaluation

@final
class VoxelFractions:
    """Fraction of each voxel of a dose grid inside a structure, kept for the box where it is not zero.

    `yttria.geometry.voxel_fractions` and `Structure.voxel_fractions_on` make it once for many maps.
    """

    @staticmethod
    def _from_mask(mask: NDArray[Any], threads: int | None = None) -> VoxelFractions: ...
    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (k, j, i) of the dose grid."""

    @property
    def origin(self) -> tuple[int, int, int]:
        """Index (k, j, i) of the first voxel of the box."""

    @property
    def weights(self) -> NDArray[np.float32]:
        """Fractions in the box, a float32 array (k, j, i); a new copy each time."""

    @property
    def outside_fraction(self) -> float:
        """Share of the structure's volume that lies outside of the dose grid."""

    def volume_ml(self, voxel_volume_ml: float) -> float:
        """Compute the volume inside the dose grid.

        Parameters
        ----------
        voxel_volume_ml : float
            Volume of a dose voxel in mL, positive.

        Returns
        -------
        float
            Volume in mL: the sum of the fractions times the voxel volume.

        Raises
        ------
        OutOfRangeError
            If the voxel volume is not finite and positive.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.geometry import fractions_of_mask
        >>> fractions_of_mask(np.ones((2, 3, 4), dtype=bool)).volume_ml(0.5)
        12.0
        """

    def to_array(self) -> NDArray[np.float32]:
        """Write the fractions as an array of the whole dose grid.

        Returns
        -------
        float32 array (k, j, i)
            Fractions within [0, 1], with the shape of the dose grid.

        Raises
        ------
        InsufficientMemoryError
            If there is no room for the array.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.geometry import fractions_of_mask
        >>> fractions_of_mask(np.ones((2, 3, 4), dtype=bool)).to_array().shape
        (2, 3, 4)
        """

    @staticmethod
    def _rebuild(
        shape: Sequence[int], origin: Sequence[int], weights: NDArray[np.float32], outside_fraction: float
    ) -> VoxelFractions: ...

@final
class SignedDistance:
    """The depth of voxels below the surface of a structure, from which displaced voxel fractions are made."""

    def __new__(
        cls,
        structure: VoxelFractions,
        voxel_size_mm: tuple[float, float, float],
        reach_mm: float,
        threads: int | None = None,
    ) -> SignedDistance: ...
    def displaced(
        self, displacement_mm: float, shift_mm: tuple[float, float, float], threads: int | None = None
    ) -> VoxelFractions:
        """The surface displaced everywhere by the same distance, and the whole shifted along (k, j, i)."""

    def rippled(
        self,
        standard_deviation_mm: float,
        correlation_mm: float,
        seed: int,
        stream: int,
        shift_mm: tuple[float, float, float],
        threads: int | None = None,
    ) -> VoxelFractions:
        """The surface displaced by a Gaussian random field, and the whole shifted along (k, j, i)."""

def voxel_fractions(
    mask: NDArray[Any],
    mask_affine_lps: Sequence[Sequence[float]],
    shape: Sequence[int],
    affine_lps: Sequence[Sequence[float]],
    threads: int | None = None,
) -> VoxelFractions: ...
def _resampled(
    image: NDArray[Any],
    image_affine_lps: Sequence[Sequence[float]],
    shape: Sequence[int],
    affine_lps: Sequence[Sequence[float]],
    average: bool,
    fill: float | None,
    threads: int | None,
) -> tuple[NDArray[Any], int, float]: ...

@final
class Contours:
    """Parallel planar contours as a stack of slabs; see `yttria.ContourStructure`."""

    def __new__(
        cls,
        points: NDArray[np.float64],
        lengths: NDArray[np.int64],
        end_caps: EndCaps,
        interpolation: Interpolation,
        slice_thickness_mm: float | None,
        maximum_gap_mm: float | None,
        threads: int | None = None,
    ) -> Contours: ...
    @property
    def volume_ml(self) -> float: ...
    @property
    def findings(self) -> list[tuple[str, str, float, float | None]]: ...
    def voxel_fractions(
        self, shape: Sequence[int], affine_lps: Sequence[Sequence[float]], threads: int | None = None
    ) -> VoxelFractions: ...
    def grid(self, voxel_size_mm: Sequence[float]) -> tuple[list[int], list[list[float]]]: ...

@final
class DoseVolumeHistogram:
    """Exact cumulative dose-volume histogram of one structure, as `dose_volume_histograms` makes it."""

    @property
    def volume_ml(self) -> float:
        """Volume in mL."""

    @property
    def mean_gy(self) -> float:
        """Mean dose in Gy."""

    @property
    def minimum_gy(self) -> float:
        """Lowest dose in Gy."""

    @property
    def maximum_gy(self) -> float:
        """Highest dose in Gy."""

    @property
    def standard_deviation_gy(self) -> float:
        """Standard deviation of the dose over the volume in Gy."""

    def dose_at_volume_percent(self, percent: float, *, interpolation: DoseInterpolation = "rank") -> float:
        """Read the minimum dose of the hottest part of the volume, D_x.

        Parameters
        ----------
        percent : float
            Share x of the volume in percent, above 0 and at most 100.
        interpolation : str
            "rank" gives the highest dose that at least x % of the volume receives. "linear" interpolates between
            the doses of neighboring ranks.

        Returns
        -------
        float
            Dose in Gy.

        Raises
        ------
        OutOfRangeError
            If the share is outside (0, 100].
        UnknownNameError
            If `interpolation` is not one of the two.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.evaluation import dose_volume_histograms
        >>> dose_gy = np.arange(100.0).reshape(4, 5, 5)
        >>> whole = np.ones(dose_gy.shape, dtype=bool)
        >>> dvh = dose_volume_histograms(dose_gy, {"Liver": whole}, voxel_volume_ml=0.1)["Liver"]
        >>> dvh.dose_at_volume_percent(95.0)
        5.0
        """

    def dose_at_volume_ml(self, volume_ml: float, *, interpolation: DoseInterpolation = "rank") -> float:
        """Read the minimum dose of the hottest volume, D_xmL.

        Parameters
        ----------
        volume_ml : float
            Volume x in mL, above 0 and at most that of the structure.
        interpolation : str
            "rank" or "linear", as in `dose_at_volume_percent`.

        Returns
        -------
        float
            Dose in Gy.

        Raises
        ------
        OutOfRangeError
            If the volume is outside its range.
        UnknownNameError
            If `interpolation` is not one of the two.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.evaluation import dose_volume_histograms
        >>> dose_gy = np.arange(100.0).reshape(4, 5, 5)
        >>> whole = np.ones(dose_gy.shape, dtype=bool)
        >>> dvh = dose_volume_histograms(dose_gy, {"Liver": whole}, voxel_volume_ml=0.1)["Liver"]
        >>> dvh.dose_at_volume_ml(1.0)
        90.0
        """

    def volume_at_dose_percent(self, dose_gy: float, *, strict: bool = False) -> float:
        """Read the share of the volume that receives at least a dose, V_d.

        Parameters
        ----------
        dose_gy : float
            Dose d in Gy.
        strict : bool
            Whether the share must receive more than d. The default counts doses equal to d.

        Returns
        -------
        float
            Share in percent.

        Raises
        ------
        OutOfRangeError
            If the dose is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.evaluation import dose_volume_histograms
        >>> dose_gy = np.arange(100.0).reshape(4, 5, 5)
        >>> whole = np.ones(dose_gy.shape, dtype=bool)
        >>> dvh = dose_volume_histograms(dose_gy, {"Liver": whole}, voxel_volume_ml=0.1)["Liver"]
        >>> dvh.volume_at_dose_percent(70.0), dvh.volume_at_dose_percent(70.0, strict=True)
        (30.0, 29.0)
        """

    def volume_at_dose_ml(self, dose_gy: float, *, strict: bool = False) -> float:
        """Read the volume that receives at least a dose.

        Parameters
        ----------
        dose_gy : float
            Dose d in Gy.
        strict : bool
            Whether the volume must receive more than d. The default counts doses equal to d.

        Returns
        -------
        float
            Volume in mL.

        Raises
        ------
        OutOfRangeError
            If the dose is not finite.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.evaluation import dose_volume_histograms
        >>> dose_gy = np.arange(100.0).reshape(4, 5, 5)
        >>> whole = np.ones(dose_gy.shape, dtype=bool)
        >>> dvh = dose_volume_histograms(dose_gy, {"Liver": whole}, voxel_volume_ml=0.1)["Liver"]
        >>> round(dvh.volume_at_dose_ml(70.0), 9)
        3.0
        """

    def curve(self, *, doses_gy: ArrayLike | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the cumulative histogram as a curve.

        Parameters
        ----------
        doses_gy : array, optional
            Doses in Gy at which the curve is read. Every step of the exact curve if not given.

        Returns
        -------
        doses_gy, volumes_ml : float64 arrays
            Doses in Gy, and the volume in mL that receives at least each.

        Raises
        ------
        OutOfRangeError
            If a dose is not finite.
        InsufficientMemoryError
            If there is no room for the curve.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.evaluation import dose_volume_histograms
        >>> dose_gy = np.arange(100.0).reshape(4, 5, 5)
        >>> whole = np.ones(dose_gy.shape, dtype=bool)
        >>> dvh = dose_volume_histograms(dose_gy, {"Liver": whole}, voxel_volume_ml=0.1)["Liver"]
        >>> doses_gy, volumes_ml = dvh.curve(doses_gy=[0.0, 50.0])
        >>> [round(float(volume), 9) for volume in volumes_ml]
        [10.0, 5.0]
        """

    def differential(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the doses that occur, each with its volume.

        Returns
        -------
        doses_gy, volumes_ml : float64 arrays
            Doses in Gy in ascending order, and the volume in mL of each.

        Raises
        ------
        InsufficientMemoryError
            If there is no room for the arrays.

        Examples
        --------
        >>> import numpy as np
        >>> from yttria.evaluation import dose_volume_histograms
        >>> dose_gy = np.arange(100.0).reshape(4, 5, 5)
        >>> whole = np.ones(dose_gy.shape, dtype=bool)
        >>> dvh = dose_volume_histograms(dose_gy, {"Liver": whole}, voxel_volume_ml=0.1)["Liver"]
        >>> doses_gy, volumes_ml = dvh.differential()
        >>> len(doses_gy), round(float(volumes_ml.sum()), 9)
        (100, 10.0)
        """

    @staticmethod
    def _rebuild(
        doses: NDArray[Any], colder: NDArray[np.float64] | None, total: float, voxel_volume_ml: float
    ) -> DoseVolumeHistogram: ...

@final
class DoseBins:
    """The doses of one structure inside voxels, gathered slab by slab in bounded memory."""

    def __new__(
        cls, low_gy: float, high_gy: float, subvoxel_counts: Sequence[int], voxel_volume_ml: float
    ) -> DoseBins: ...
    def add(self, dose_gy: NDArray[Any], fractions: VoxelFractions, first: int, threads: int | None = None) -> None: ...
    def histogram(self, name: str) -> DoseVolumeHistogram | None: ...

def dose_volume_histograms(
    dose_gy: NDArray[Any],
    structures: Sequence[tuple[str, VoxelFractions]],
    voxel_volume_ml: float,
    subvoxel_counts: Sequence[int] | None = None,
    threads: int | None = None,
) -> list[DoseVolumeHistogram]: ...

PASSING_GAMMA: float

def gamma_index(
    reference_gy: NDArray[Any],
    reference_affine_lps: Sequence[Sequence[float]],
    evaluated_gy: NDArray[Any],
    evaluated_affine_lps: Sequence[Sequence[float]],
    dose_difference_fraction: float,
    distance_mm: float,
    lower_dose_cutoff_fraction: float,
    local: bool,
    normalization_gy: float | None,
    maximum_gamma: float,
    search_outside: bool,
    threads: int | None,
) -> tuple[NDArray[np.float32], float, int, int, int, float]: ...
def bed_gy(
    dose_gy: NDArray[np.float64], alpha_beta_gy: float, repair_half_time_h: float, half_life_h: float
) -> NDArray[np.float64]: ...
def dose_from_bed_gy(
    bed_gy: NDArray[np.float64], alpha_beta_gy: float, repair_half_time_h: float, half_life_h: float
) -> NDArray[np.float64]: ...
def eqd2_gy(bed_gy: NDArray[np.float64], alpha_beta_gy: float) -> NDArray[np.float64]: ...
def generalized_eud_gy(dose_gy: NDArray[np.float64], volumes: NDArray[np.float64] | None, a: float) -> float: ...
def survival_eud_gy(
    dose_gy: NDArray[np.float64], volumes: NDArray[np.float64] | None, alpha_per_gy: float
) -> float: ...
def eubed_gy(
    dose_gy: NDArray[np.float64],
    volumes: NDArray[np.float64] | None,
    alpha_per_gy: float,
    alpha_beta_gy: float,
    repair_half_time_h: float,
    half_life_h: float,
) -> float: ...
def lyman_ntcp(
    dose_gy: NDArray[np.float64], volumes: NDArray[np.float64] | None, td50_gy: float, m: float, n: float
) -> float: ...
def logistic_response(
    dose_gy: NDArray[np.float64], volumes: NDArray[np.float64] | None, d50_gy: float, gamma50: float
) -> float: ...
def poisson_tcp(
    dose_gy: NDArray[np.float64], volumes: NDArray[np.float64] | None, alpha_per_gy: float, clonogens: float
) -> float: ...
def minimum_dose_gy(dose_gy: NDArray[np.float64], volumes: NDArray[np.float64] | None) -> float: ...
def diameter_uncertainty_mm(voxel_size_mm: float, fwhm_mm: float) -> float: ...
def sphere_volume_uncertainty(diameter_mm: float, diameter_uncertainty_mm: float) -> float: ...
def ellipsoid_volume_uncertainty(diameters_mm: Sequence[float], diameter_uncertainty_mm: float) -> float: ...
def count_edge_factor(radius_mm: float, fwhm_mm: float) -> float: ...
def combined_uncertainty(relative: Sequence[float]) -> float: ...
def recovery(
    volume_ml: float, volume_uncertainty: float, curve: tuple[float, float, Sequence[Sequence[float]]]
) -> tuple[float, float]: ...
def dose_uncertainty(
    volume_ml: float,
    volume_uncertainty: float,
    fwhm_mm: float,
    curve: tuple[float, float, Sequence[Sequence[float]]],
    calibration_uncertainty: float,
    half_life_uncertainty: float,
) -> list[float]: ...
def partition_uncertainty(
    lung_shunt_fraction: float,
    masses_kg: Sequence[float],
    tumor_to_normal_ratio: float,
    relative: Sequence[float],
    lung_mass: float,
    correlation: float,
) -> tuple[list[float], list[float], list[float]]: ...
