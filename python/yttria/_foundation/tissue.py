"""Density of liver tissue that every part of the package takes if none is given."""

from __future__ import annotations

#: Mass density of liver in g/mL, for plans and for doses alike: two defaults would put 1.9 % between a planned and a
#: delivered dose. 1.05 is the default of the Taranis software (taranis) and that of icrp110; guidelines for
#: planning often use 1.03 (weber2022-equation), with which doses are 1.9 % higher.
LIVER_DENSITY_G_PER_ML = 1.05
