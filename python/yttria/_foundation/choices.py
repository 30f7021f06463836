"""Names that arguments of more than one package may take; of each list, the first is taken if none is given."""

from __future__ import annotations

#: The dose models, with their names for people.
METHOD_NAMES = {"local_deposition": "local deposition", "voxel_s_values": "voxel S values"}
METHODS = tuple(METHOD_NAMES)
NEGATIVE_VOXELS = ("keep", "clip")
LOW_DENSITY_VOXELS = ("keep", "clip", "zero", "refuse")
#: Published curves from CT numbers to density; their nodes stand in data/ct_density.json.
CT_CURVES = ("schneider_1996", "schneider_2000", "kao_2014")
#: How a structure ends beyond its last contour, and what lies between two contours.
END_CAPS = ("half_slice", "none")
INTERPOLATIONS = ("shape", "none")
DEFAULT_MEDIUM = "liver"
