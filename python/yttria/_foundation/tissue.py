"""Density of liver tissue, the default of every part of the package."""

from __future__ import annotations

#: Mass density of liver in g/mL, for plans and doses. Two defaults would make planned and delivered doses differ by 1.9
#: %. 1.05 is the default of the Taranis software (taranis) and that of icrp110. Guidelines for planning often use 1.03
#: (weber2022-equation), with which doses are 1.9 % higher.
LIVER_DENSITY_G_PER_ML = 1.05
