from typing import final

__version__: str

# nuclide

@final
class Nuclide:
    """Half-life, mean energy per decay and their product, the dose factor, as one object with its source."""

    def __new__(cls, convention: str = "EANM2022") -> Nuclide: ...
    @staticmethod
    def from_energy(
        half_life_h: float, mean_energy_mev: float, *, name: str = "explicit", source: str = "given by the caller"
    ) -> Nuclide: ...
    @staticmethod
    def from_dose_factor(
        half_life_h: float,
        dose_factor_gy_kg_per_gbq: float,
        *,
        name: str = "explicit",
        source: str = "given by the caller",
    ) -> Nuclide: ...
    @staticmethod
    def presets() -> list[str]: ...
    @property
    def name(self) -> str: ...
    @property
    def half_life_h(self) -> float: ...
    @property
    def mean_energy_mev(self) -> float: ...
    @property
    def dose_factor_gy_kg_per_gbq(self) -> float: ...
    @property
    def source(self) -> str: ...
    @property
    def mean_life_s(self) -> float: ...
    def decay_factor(self, elapsed_h: float) -> float: ...
    @staticmethod
    def _rebuild(half_life_h: float, dose_factor: float, name: str, source: str) -> Nuclide: ...

# kernels

# voxel

# planning

# evaluation
