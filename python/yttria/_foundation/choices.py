"""Names that arguments of more than one package may take; of each list, the first is taken if none is given."""

from __future__ import annotations

from typing import Literal, get_args

Method = Literal["local_deposition", "voxel_s_values"]
NegativeVoxels = Literal["keep", "clip"]
LowDensityVoxels = Literal["keep", "clip", "zero", "refuse"]
#: How a structure ends beyond its last contour, and what lies between two contours.
EndCaps = Literal["half_slice", "none"]
Interpolation = Literal["shape", "none"]

METHODS: tuple[Method, ...] = get_args(Method)
NEGATIVE_VOXELS: tuple[NegativeVoxels, ...] = get_args(NegativeVoxels)
LOW_DENSITY_VOXELS: tuple[LowDensityVoxels, ...] = get_args(LowDensityVoxels)
END_CAPS: tuple[EndCaps, ...] = get_args(EndCaps)
INTERPOLATIONS: tuple[Interpolation, ...] = get_args(Interpolation)
#: Published curves from CT numbers to density; their nodes stand in data/ct_density.json.
CT_CURVES = ("schneider_1996", "schneider_2000", "kao_2014")
DEFAULT_MEDIUM = "liver"
#: The dose models as a text names them.
METHOD_NAMES: dict[str, str] = {"local_deposition": "local deposition", "voxel_s_values": "voxel S values"}
