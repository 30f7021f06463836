"""What is known of one patient, as every planning model takes its part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .._core import Nuclide
from .._inputs import number, optional_number
from ..errors import OutOfRangeError, UndefinedError, UnknownNameError
from .partition import PartitionLimits, PartitionModel, Tumor

DEVICES = ("glass", "resin")


@dataclass(frozen=True)
class Patient:
    """One patient and one territory, for `compare_models`.

    `tumors` are those in the territory; `untreated_tumor_mass_kg` is what lies outside it. `normal_total_mass_kg` is
    all normal liver, perfused or not. Volumes, which the resin formulas take, are masses over `liver_density_g_per_ml`.
    What a model needs and is `None` here makes that model not applicable, never a guess: height and weight for the
    body surface area, `target_perfused_dose_gy` for the single compartment, `target_tumor_dose_gy` for the partition
    model, `limits` for its largest activity. `guideline`, `disease`, `intent` and the state of the liver select the
    table's limits that every activity is compared with; `intent` is "segmentectomy", "lobectomy", "unilobar" or
    "bilobar".

    Raises `UnknownNameError` for another device, `OutOfRangeError` for a density outside 0.9-1.2 g/mL or a negative
    mass or prior dose, and what `PartitionModel` raises.
    """

    device: str
    tumors: Sequence[Tumor]
    normal_perfused_mass_kg: float
    normal_total_mass_kg: float
    lung_shunt_fraction: float
    lung_mass_kg: float = 1.0
    prior_lung_dose_gy: float = 0.0
    untreated_tumor_mass_kg: float = 0.0
    residual_fraction: float = 0.0
    liver_density_g_per_ml: float = 1.03
    height_cm: float | None = None
    weight_kg: float | None = None
    target_perfused_dose_gy: float | None = None
    target_tumor_dose_gy: float | None = None
    limits: PartitionLimits | None = None
    guideline: str = "EANM2022"
    disease: str | None = None
    intent: str | None = None
    bilirubin_mg_per_dl: float | None = None
    pretreated_or_impaired: bool | None = None
    cirrhotic: bool | None = None
    nuclide: Nuclide = field(default_factory=Nuclide)
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "tumors", tuple(self.tumors))
        if self.device not in DEVICES:
            raise UnknownNameError(f"device must be one of {', '.join(DEVICES)}, got {self.device!r}")
        density = number("liver density in g/mL", self.liver_density_g_per_ml)
        if not 0.9 <= density <= 1.2:
            raise OutOfRangeError(f"liver density in g/mL must be within [0.9, 1.2], got {density:g}")
        for quantity, value in (
            ("untreated tumor mass in kg", self.untreated_tumor_mass_kg),
            ("prior lung dose in Gy", self.prior_lung_dose_gy),
        ):
            if not 0.0 <= number(quantity, value) <= 1000.0:
                raise OutOfRangeError(f"{quantity} must be finite and >= 0, got {value:g}")
        for quantity, target in (
            ("target perfused dose in Gy", self.target_perfused_dose_gy),
            ("target tumor dose in Gy", self.target_tumor_dose_gy),
        ):
            dose = optional_number(quantity, target)
            if dose is not None and not 0.0 < dose <= 2000.0:
                raise OutOfRangeError(f"{quantity} must be within (0, 2000], got {dose:g}")
        if (self.height_cm is None) != (self.weight_kg is None):
            raise UndefinedError("body surface area is undefined: it needs both height and weight")
        self.partition_model()

    @property
    def treated_tumor_mass_kg(self) -> float:
        """Mass of the tumors in the territory."""
        return sum(tumor.mass_kg for tumor in self.tumors)

    @property
    def perfused_mass_kg(self) -> float:
        """Everything perfused: the territory's tumors and normal liver."""
        return self.treated_tumor_mass_kg + self.normal_perfused_mass_kg

    @property
    def liver_mass_kg(self) -> float:
        """The whole liver, all tumors included."""
        return self.normal_total_mass_kg + self.treated_tumor_mass_kg + self.untreated_tumor_mass_kg

    def partition_model(self) -> PartitionModel:
        """The territory as the partition model takes it."""
        return PartitionModel(
            tuple(self.tumors),
            self.normal_perfused_mass_kg,
            self.lung_shunt_fraction,
            normal_total_mass_kg=self.normal_total_mass_kg,
            lung_mass_kg=self.lung_mass_kg,
            residual_fraction=self.residual_fraction,
            nuclide=self.nuclide,
        )
