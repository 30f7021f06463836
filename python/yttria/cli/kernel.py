"""`yttria kernel`: voxel S values of one voxel size, with their energy balance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import numpy as np
import typer
from rich.console import Console

from .._core import Nuclide
from .._foundation.choices import MediumName, NuclidePreset
from ..kernels import media, voxel_s_values
from .output import Row, as_json, print_table, print_written, progress, write_csv


def kernel(
    voxel_size_mm: Annotated[
        tuple[float, float, float],
        typer.Argument(help="Voxel size along k, j, i (slice, row, column).", show_default=False),
    ],
    medium: Annotated[str, typer.Option(help=f"One of: {', '.join(m.name for m in media())}.")] = "liver",
    density_g_per_ml: Annotated[
        float | None, typer.Option(help="Density; that of the medium's table if not given.")
    ] = None,
    nuclide: Annotated[str, typer.Option(help=f"Dose factor: {', '.join(Nuclide.presets())}.")] = "EANM2022",
    tail_folded: Annotated[
        bool, typer.Option("--fold-tail", help="Scale the values to include the energy beyond the support.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the octant k, j, i >= 0 as CSV.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON instead of a table.")] = False,
) -> None:
    """Voxel S values in mGy/(MBq s) for any voxel size from 0.5 to 20 mm, also anisotropic."""
    with progress("Integrating the dose point kernel", quiet=json):
        s_values = voxel_s_values(
            voxel_size_mm,
            medium=cast("MediumName", medium),
            density_g_per_ml=density_g_per_ml,
            nuclide=Nuclide(cast("NuclidePreset", nuclide)),
            tail_folded=tail_folded,
        )
    values = s_values.values
    half = [n // 2 for n in values.shape]
    octant = values[half[0] :, half[1] :, half[2] :]
    rows: list[Row] = [{"k": k, "j": j, "i": i, "s_mgy_per_mbq_s": float(s)} for (k, j, i), s in np.ndenumerate(octant)]
    if out is not None:
        write_csv(out, rows)
    balance = {
        "voxel_size_mm": list(s_values.voxel_size_mm),
        "medium": s_values.medium,
        "density_g_per_ml": s_values.density_g_per_ml,
        "nuclide": s_values.nuclide.name,
        "energy_inside_fraction": s_values.energy_inside_fraction,
        "energy_beyond_fraction": s_values.energy_beyond_fraction,
    }
    if json:
        typer.echo(as_json(balance | {"shape": list(values.shape), "octant": octant.tolist()}))
        return
    nearest = [row for row in rows if max(int(row[a] or 0) for a in "kji") <= 2]
    print_table(
        nearest,
        title=f"Voxel S values, {medium} {s_values.density_g_per_ml:g} g/mL, nearest of {values.size} voxels",
        headings={"k": "k", "j": "j", "i": "i", "s_mgy_per_mbq_s": "S / mGy/(MBq s)"},
    )
    console = Console()
    console.print(
        f"Energy: {s_values.energy_inside_fraction:.4%} inside, "
        f"{s_values.energy_beyond_fraction:.4%} beyond the support.",
        highlight=False,
    )
    if out is not None:
        print_written([out])
