"""Options of `yttria plan` that state uncertainties of its inputs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

PANEL = "Uncertainties (relative standard uncertainties, before those of the patient file)"


def _option(help_text: str) -> Any:
    return typer.Option(help=help_text, show_default=False, min=0.0, rich_help_panel=PANEL)


LungShunt = Annotated[float | None, _option("Of every lung shunt fraction, relative to it: 0.2 for 0.05 +- 0.01.")]
TumorMass = Annotated[float | None, _option("Of the mass of every tumor.")]
Ratio = Annotated[float | None, _option("Of every tumor-to-normal ratio.")]
NormalMass = Annotated[float | None, _option("Of the perfused normal liver of every territory.")]
CommonMass = Annotated[float | None, _option("Common part of all masses of the liver, which come from one image.")]
PerfusedMass = Annotated[float | None, _option("Of all perfused tissue, if tumor and normal liver are not separate.")]
LungMass = Annotated[float | None, _option("Of the mass of the lungs.")]
ActivityMeter = Annotated[float | None, _option("Of the activity meter.")]
Residual = Annotated[float | None, _option("Of the residual fraction, relative to it.")]
Method = Annotated[float | None, _option("Of the model itself, common to all doses.")]
Draws = Annotated[int, typer.Option(help="Draws of the uncertain inputs.", rich_help_panel=PANEL)]
Seed = Annotated[int, typer.Option(help="Seed of their random numbers.", rich_help_panel=PANEL)]
