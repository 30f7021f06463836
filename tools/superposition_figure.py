"""Draw docs/theory/superposition.png: methods along a line through a liver dome, Fano's theorem, noise, and time.

python tools/superposition_figure.py
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from yttria import SuperpositionPlan, absorbed_dose, local_deposition, voxel_s_values
from yttria._foundation.choices import RAY_SETTINGS
from yttria.conformance.phantoms import NUCLIDE, monte_carlo_phantom

OUT = Path(__file__).parent.parent / "docs" / "theory" / "superposition.png"


def main() -> None:
    """Draw the figure from a phantom with its Monte Carlo dose."""
    phantom = monte_carlo_phantom("dome_hot")
    density, truth, size = phantom.density_g_per_ml, phantom.dose_mgy, phantom.voxel_size_mm
    concentration, nuclide = phantom.activity_mbq_per_ml, NUCLIDE
    s_values = voxel_s_values(size, medium="liver", density_g_per_ml=1.06, nuclide=nuclide)
    convolved = 1000 * absorbed_dose(concentration, s_values)
    limit = 1000 * SuperpositionPlan(density, size, ray_setting="fine", nuclide=nuclide).apply(concentration)
    lines = {
        "Monte Carlo": truth,
        "superposition": limit,
        "voxel S values": convolved,
        "voxel S values x density ratio": convolved * 1.06 / density,
        "local deposition": 1000 * local_deposition(concentration, density_g_per_ml=density, nuclide=nuclide),
    }
    figure = Figure(figsize=(13, 8.4), layout="constrained")
    FigureCanvasAgg(figure)
    (left, middle), (right, growth) = figure.subplots(2, 2)
    j, i = (slice(n // 2 - 3, n // 2 + 3) for n in truth.shape[1:])
    depth_mm = (np.arange(truth.shape[0]) + 0.5) * size[0] - 48
    for name, dose in lines.items():
        mean = dose[:, j, i].mean(axis=(1, 2))
        style = "k." if name == "Monte Carlo" else "-"
        left.semilogy(depth_mm, np.where(mean > 0, mean, np.nan), style, label=name, lw=1.2)
    left.axvline(0, color="0.7", lw=0.8)
    left.set(xlabel="mm above the top of the liver", ylabel="dose in mGy", ylim=(3e-3, 60))
    left.set_title("Through a liver dome, mean over 24 x 24 mm", fontsize=10)
    left.legend(fontsize=8, loc="lower center")

    rng = np.random.default_rng(0)
    blocks = np.kron(rng.choice([0.26, 1.06, 1.92], (8, 8, 8)), np.ones((6, 6, 6)))
    plan = SuperpositionPlan(blocks, (8.0, 8.0, 8.0), medium="bone", blended=False, ray_setting="fast")
    dose = plan.apply(blocks)[24]
    shown = middle.imshow(dose / dose[24, 24], cmap="RdBu_r", vmin=0.5, vmax=1.5)
    middle.contour(blocks[24], levels=[0.66, 1.5], colors="0.4", linewidths=0.5)
    figure.colorbar(shown, ax=middle, shrink=0.8)
    middle.set_title(
        "Activity in proportion to density in blocks of lung,\nliver and bone: dose over that of the center",
        fontsize=10,
    )
    middle.set_axis_off()

    lung = (density < 0.5) & (truth > 0.02 * truth.max())
    for setting in RAY_SETTINGS:
        plan = SuperpositionPlan(density, size, ray_setting=setting, nuclide=nuclide)
        dose = 1000 * plan.apply(concentration)
        excess = ((dose - truth) / truth)[lung] ** 2 - (phantom.sigma_mgy / truth)[lung] ** 2
        rms = 100 * np.sqrt(max(excess.mean(), 0))
        right.plot(plan.direction_count, rms, "o")
        right.annotate(f" {setting}", (plan.direction_count, rms))
    right.set(xscale="log", xlim=(60, 2000), ylim=(0, 6), ylabel="% rms in lung beside the tumor")
    right.set_xlabel("directions: the time is in proportion to them")
    right.set_title("Deviation of voxels from Monte Carlo", fontsize=10)
    _draw_growth(growth)
    figure.savefig(OUT, dpi=110)


def _draw_growth(axes: Axes) -> None:
    """Processor time of one thread against the voxels of an ellipsoid of activity in tissue of 0.95 to 1.05 g/mL."""
    rng = np.random.default_rng(1)
    for setting in RAY_SETTINGS:
        voxels, seconds = [], []
        for edge, size_mm in ((64, 8.84), (96, 5.89), (128, 4.42), (192, 2.95)):
            k, j, i = np.ogrid[tuple(slice(edge) for _ in range(3))]
            center = (edge - 1) / 2
            radius = (k - center) ** 2 + ((j - center) / 1.2) ** 2 + ((i - center) / 1.4) ** 2
            activity = (radius < np.quantile(radius, 0.02)).astype(np.float32)
            rho = rng.uniform(0.95, 1.05, activity.shape).astype(np.float32)
            plan = SuperpositionPlan(rho, (size_mm,) * 3, ray_setting=setting, threads=1)
            plan.apply(activity)
            taken = []
            for _ in range(3):
                begun = time.process_time()
                plan.apply(activity)
                taken.append(time.process_time() - begun)
            voxels.append(np.count_nonzero(activity))
            seconds.append(min(taken))
        axes.loglog(voxels, seconds, "o-", label=f"{setting}: {plan.direction_count} directions")
    axes.loglog(voxels, 1e-6 * np.array(voxels), "k:", lw=0.8, label="in proportion to the voxels")
    axes.set(xlabel="voxels with activity, in maps of 64 to 192 voxels a side", ylabel="processor time of a map in s")
    axes.set_title("Time against voxels", fontsize=10)
    axes.legend(fontsize=8)


if __name__ == "__main__":
    main()
