"""Pictures of outcomes, which show the curve with observed rates and the ROC curve, or survival of groups of doses."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from .._foundation.extras import require
from .._foundation.text import literal
from .analysis import OutcomeAnalysis
from .dose_response import DoseResponse
from .joined import DosedOutcomes
from .observations import Estimate, Floats
from .roc import RocCurve, wilson_interval
from .survival import HazardRatio, SurvivalByDose

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RESEARCH_USE = "For research use only."
#: Colors that color-blind readers can distinguish.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
#: Largest number of groups whose observed rates are drawn, and smallest number of observations in one.
_BINS, _PER_BIN = 5, 4


def outcome_figure(analysis: OutcomeAnalysis) -> Figure:
    """Draw the fits of one endpoint.

    Parameters
    ----------
    analysis : OutcomeAnalysis
        The fits, from `analyze`.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, which `yttria.report.save_figure` writes.

    Raises
    ------
    MissingExtraError
        If the extra `plot` is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from yttria.outcomes import DosedOutcomes, analyze
    >>> names = tuple(f"case {n}" for n in range(8))
    >>> data = DosedOutcomes(
    ...     endpoint="response", event_meaning="response CR or PR", metric="mean_gy", case_ids=names,
    ...     structures=("Tumor",) * 8, patients=names, dose_gy=np.arange(60.0, 220.0, 20.0),
    ...     event=np.array([0, 0, 1, 0, 0, 1, 1, 1], bool), time_months=None, advisories=(),
    ... )
    >>> len(outcome_figure(analyze(data)).axes)  # curve and ROC curve
    2
    """
    figures: Any = require("matplotlib.figure", "plot")
    if analysis.survival is not None:
        figure = figures.Figure(figsize=(8.6, 6.2), layout="constrained")
        _draw_survival(figure, analysis.data, analysis.survival)
    else:
        figure = figures.Figure(figsize=(11.0, 4.9), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.3, 1.0))
        if analysis.dose_response is not None:
            _draw_curve(left, analysis.data, analysis.dose_response)
        if analysis.roc is not None:
            _draw_roc(right, analysis.roc)
    figure.text(0.995, 0.004, _RESEARCH_USE, ha="right", va="bottom", fontsize=7, color="0.45")
    return figure  # type: ignore[no-any-return]


def _draw_curve(axes: Any, data: DosedOutcomes, fit: DoseResponse) -> None:
    dose = data.dose_gy
    if fit.dose_scale == "log":
        ticks: Any = require("matplotlib.ticker", "plot")
        axes.set_xscale("log")
        for place in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
            place(ticks.LogFormatter(labelOnlyBase=False, minor_thresholds=(2.0, 0.5)))
        line = np.geomspace(dose.min() / 1.1, dose.max() * 1.1, 300)
    else:
        line = np.linspace(max(dose.min() - 0.05 * np.ptp(dose), 0.0), dose.max() + 0.05 * np.ptp(dose), 300)
    probability, limits = fit.probability(line), fit.probability_interval(line)
    if probability is not None and limits is not None:
        axes.fill_between(line, *limits, color=_COLORS[0], alpha=0.18, lw=0, label=f"{100 * fit.confidence:g} % limits")
        axes.plot(line, probability, color=_COLORS[0], lw=1.8, label="logistic fit")
    # Observations are displaced by their number, so that equal doses do not hide one another.
    offset = 0.012 * (np.arange(len(dose)) % 3)
    axes.plot(dose, np.where(data.event, 1.04 + offset, -0.04 - offset), "|", color="0.3", ms=5, mew=0.8)
    _draw_rates(axes, data, fit.confidence)
    _draw_d50(axes, fit.d50_gy, line)
    axes.set_ylim(-0.1, 1.1)
    axes.set_yticks(np.linspace(0.0, 1.0, 6))
    axes.set_xlabel(f"{_dose(data)} / Gy")
    axes.set_ylabel(f"Probability of {data.event_meaning}")
    axes.set_title(_counted(data), fontsize=10, loc="left")
    axes.legend(frameon=False, fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4)
    _plain(axes)


def _draw_d50(axes: Any, d50: Estimate | None, line: Floats) -> None:
    """Draw D50 with its interval, and an arrow at an end beyond the doses."""
    if d50 is None or not line[0] <= d50.value <= line[-1]:
        return
    low = line[0] if d50.lower is None else max(d50.lower, line[0])
    high = line[-1] if d50.upper is None else min(d50.upper, line[-1])
    axes.plot([low, high], [0.5, 0.5], color=_COLORS[1], lw=2.4, solid_capstyle="butt")
    for end, edge, marker in ((d50.lower, line[0], "<"), (d50.upper, line[-1], ">")):
        if end is None or not line[0] <= end <= line[-1]:
            axes.plot([edge], [0.5], marker, color=_COLORS[1], ms=6)
    axes.plot([d50.value], [0.5], "D", color=_COLORS[1], ms=6, label=f"D50 {_text(d50)} Gy")


def _draw_rates(axes: Any, data: DosedOutcomes, confidence: float) -> None:
    """Draw observed rates of groups of equal size, with Wilson's interval."""
    count = min(_BINS, len(data.event) // _PER_BIN)
    if count < 2:
        return
    order = np.argsort(data.dose_gy, kind="stable")
    groups = np.array_split(order, count)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    rates = [wilson_interval(float(data.event[group].mean()), len(group), z) for group in groups]
    middle = np.array([rate.value for rate in rates])
    ends = np.array([[rate.value - (rate.lower or 0.0), (rate.upper or 1.0) - rate.value] for rate in rates]).T
    axes.errorbar(
        [np.median(data.dose_gy[group]) for group in groups],
        middle,
        np.maximum(ends, 0.0),
        fmt="o",
        color="0.2",
        ms=4.5,
        lw=1.0,
        capsize=2,
        label="observed rate",
    )


def _draw_roc(axes: Any, roc: RocCurve) -> None:
    axes.plot([0, 1], [0, 1], color="0.75", lw=1.0, ls="--")
    axes.plot(1.0 - roc.specificity, roc.sensitivity, color=_COLORS[0], lw=1.8)
    axes.plot(
        [1.0 - roc.threshold_specificity.value],
        [roc.threshold_sensitivity.value],
        "o",
        color=_COLORS[1],
        ms=7,
        label=f"threshold {_text(roc.threshold_gy)} Gy",
    )
    axes.set_xlabel("1 - specificity")
    axes.set_ylabel("Sensitivity")
    axes.set_aspect("equal")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_title(f"Area {_text(roc.area, digits=2)}", fontsize=10, loc="left")
    axes.legend(frameon=False, fontsize=8.5, loc="lower right")
    _plain(axes)


def _draw_survival(figure: Any, data: DosedOutcomes, found: SurvivalByDose) -> None:
    top, table = figure.subplots(2, 1, height_ratios=(5.0, 0.35 + 0.28 * len(found.groups)), sharex=True)
    last = max(float(group.ends_months[-1]) for group in found.groups)
    for n, group in enumerate(found.groups):
        color = _COLORS[n % len(_COLORS)]
        end = float(group.ends_months[-1])
        times = np.append(group.times_months, end)
        lower, upper, middle = (np.append(each, each[-1]) for each in (group.lower, group.upper, group.probability))
        top.fill_between(times, lower, upper, step="post", color=color, alpha=0.13, lw=0)
        median = "not reached" if group.median_months is None else f"{_text(group.median_months)} months"
        label = f"{group.label}: {group.events} of {group.observations}, median {median}"
        top.step(times, middle, where="post", color=color, lw=1.8, label=label)
        if len(group.censored_months):
            top.plot(group.censored_months, group.probability_at(group.censored_months), "|", color=color, ms=8)
    top.set_ylim(0.0, 1.03)
    top.set_xlim(0.0, 1.02 * last)
    top.set_ylabel("Fraction alive" if data.endpoint == "survival" else f"Fraction without {data.event_meaning}")
    top.set_title(f"{_counted(data)}\n{_comparison(found)}", fontsize=10, loc="left")
    top.legend(frameon=False, fontsize=8.5, loc="best", title=_dose(data))
    top.get_legend().get_title().set_fontsize(8.5)
    _plain(top)
    _draw_at_risk(table, found, top.get_xticks(), last)


def _draw_at_risk(table: Any, found: SurvivalByDose, ticks: Floats, last: float) -> None:
    places = ticks[(ticks >= 0.0) & (ticks <= last)]
    for n, group in enumerate(found.groups):
        for place, count in zip(places, group.at_risk(places), strict=True):
            table.text(place, -n, str(count), ha="center", va="center", fontsize=8.5, color=_COLORS[n % len(_COLORS)])
    table.set_ylim(-len(found.groups) + 0.4, 0.6)
    table.set_yticks(-np.arange(len(found.groups)), [group.label for group in found.groups], fontsize=8.5)
    table.set_title("Number at risk", fontsize=8.5, loc="left")
    table.set_xlabel("Time after treatment / months")
    table.tick_params(length=0)
    table.tick_params(axis="y", pad=16)
    table.spines[:].set_visible(False)


def _comparison(found: SurvivalByDose) -> str:
    ratio = ";\n".join(_ratio(each) for each in (*found.hazard_ratios[:2], found.trend))
    p_value = "-" if found.log_rank_p_value is None else f"p = {found.log_rank_p_value:.2g}"
    return f"hazard ratios: {ratio}\nlog-rank test: {p_value}"


def _ratio(found: HazardRatio) -> str:
    return f"{found.label} {'-' if found.estimate is None else _text(found.estimate)}"


def _counted(data: DosedOutcomes) -> str:
    patients = len(set(data.patients))
    shared = "" if patients == len(data.event) else f" of {patients} patients"
    return f"{int(data.event.sum())} events in {len(data.event)} observations{shared}"


def _dose(data: DosedOutcomes) -> str:
    """Describe metric and structures in words."""
    metric = data.metric.removesuffix("_gy")
    names = sorted(set(data.structures))
    of = literal(names[0]) if len(names) == 1 else f"{len(names)} structures"
    return f"{'D' + metric[1:] if metric[:1] == 'd' else metric.replace('_', ' ').capitalize() + ' dose'} of {of}"


def _text(estimate: Estimate, digits: int | None = None) -> str:
    """Write an estimate with its interval in parentheses. A question mark replaces an unbounded end."""

    def number(value: float | None) -> str:
        return "?" if value is None else f"{value:.{digits}f}" if digits is not None else f"{value:.3g}"

    return f"{number(estimate.value)} ({number(estimate.lower)} to {number(estimate.upper)})"


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.93")
    axes.set_axisbelow(True)
