"""The patient file of an `ImagePlan`: TOML that a person can read and change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from .._core import __version__
from .._foundation.provenance import RESEARCH_USE
from .._foundation.text import plain
from .image_measurements import ImageMeasurements, MeasuredTerritory, MeasuredTumor

#: Column at which the comments behind values begin.
_COMMENT = 42
#: Keys of limits that a file offers behind a # if they are not set, with what they mean.
_LIMITS = {
    "normal_perfused_limit_gy": "mean dose to the perfused normal liver of each territory",
    "normal_whole_limit_gy": "mean dose to all normal liver",
    "lung_limit_gy": "mean dose to the lungs, this treatment alone",
    "cumulative_lung_limit_gy": "mean dose to the lungs, with that of earlier treatments",
    "activity_limit_gbq": "delivered activity of each territory",
}
_OFFERED = {
    "normal_perfused_limit_gy": 40,
    "normal_whole_limit_gy": 30,
    "cumulative_lung_limit_gy": 50,
    "activity_limit_gbq": 3,
}


def image_plan_toml(plan: ImageMeasurements) -> str:
    """Write the patient file of a plan from images."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: ImageMeasurements) -> Iterator[str]:
    settings, several = plan.settings, len(plan.territories) > 1
    example = "yttria plan --example --territories" if several else "yttria plan --example"
    yield f"# A patient for `yttria plan`, made from images by yttria {__version__}. Every number may be changed."
    yield f"# `{example}` prints a file with every key."
    for what, source in plan.inputs.items():
        yield f"# {plain(what)}: {plain(source)}"
    for role, names in plan.structures_by_role.items():
        yield f"# {plain(role)}: {plain(names)}"
    yield f"# {RESEARCH_USE}"
    warnings = [advisory for advisory in plan.advisories if advisory.severity != "note"]
    for advisory in warnings:
        yield f"# {advisory.severity}: {plain(advisory.message)} [{advisory.code}]"
    yield ""
    yield _entry("name", _text(settings.name))
    yield _entry("device", _text(settings.device))
    if several:
        for territory in plan.territories:
            yield from _territory(territory, plan)
    else:
        yield ""
        yield "[body]"
        yield _entry("height_cm", "170", "for the body surface area; both or neither", offered=True)
        yield _entry("weight_kg", "70", offered=True)
    for territory in plan.territories:
        for tumor in territory.tumors:
            yield from _tumor(tumor, territory, several=several)
    fed = {tumor.name for territory in plan.territories for tumor in territory.tumors}
    if several:
        for name, mass in plan.unperfused_tumor_mass_kg.items():
            yield ""
            yield "[[tumor]]"
            yield _entry("name", _text(name))
            of = "the part that no territory feeds" if name in fed else "no territory feeds it"
            yield _entry("mass_kg", _number(mass), f"{of}; {plan.mass_origin}")
    yield ""
    yield "[liver]"
    if not several:
        (only,) = plan.territories
        origin = f"{only.normal_volume_ml:.4g} mL, perfused liver without tumors; {plan.mass_origin}"
        yield _entry("normal_perfused_mass_kg", _number(only.normal_mass_kg), origin)
    yield _entry(
        "normal_total_mass_kg", _number(plan.normal_total_mass_kg), f"liver without tumors; {plan.mass_origin}"
    )
    if not several:
        outside = ", ".join(plan.unperfused_tumor_mass_kg) or "none"
        yield _entry(
            "untreated_tumor_mass_kg", _number(plan.untreated_tumor_mass_kg), f"tumor outside the territory: {outside}"
        )
    yield _entry("density_g_per_ml", _number(plan.liver_density_g_per_ml), "exchanges volumes for masses in this file")
    yield ""
    yield "[lungs]"
    if not several:
        yield _entry(
            "shunt_fraction", _number(plan.territories[0].lung_shunt_fraction), plan.territories[0].shunt_origin
        )
    yield _entry("mass_kg", _number(plan.lung_mass_kg), plan.lung_mass_origin)
    yield _entry("prior_dose_gy", "0", "mean dose of earlier treatments, if there were any", offered=True)
    yield ""
    yield "[administration]"
    yield _entry("residual_fraction", _number(settings.residual_fraction), "share of the vial that is not delivered")
    if several:
        meaning = "window of the treatment, for the choice of vials; both or neither"
        for key, moment in (("start", settings.treatment_start), ("end", settings.treatment_end)):
            given = moment is not None
            yield _entry(key, _text(moment or "2026-03-03T08:00:00+01:00"), meaning, offered=not given)
        yield ""
        yield "[optimum]"
        yield _entry("objective", _text(settings.objective), "max_min_tumor_dose, max_tumor_energy or min_lung_energy")
    yield ""
    yield "[target]"
    if not several:
        yield _optional("perfused_dose_gy", settings.target_perfused_dose_gy, 120, "mean to everything perfused")
    yield _optional("tumor_dose_gy", settings.target_tumor_dose_gy, 205, "least mean dose of a tumor")
    yield ""
    yield "[limits]"
    for key, meaning in _LIMITS.items():
        yield _optional(key, getattr(settings.limits, key), _OFFERED.get(key, 30), meaning)
    yield ""
    yield "[guideline]"
    yield _entry("name", _text(settings.guideline), "whose limits every plan is compared with")
    for key, offered in (("disease", "HCC"), ("intent", "unilobar")):
        value = getattr(settings, key)
        given = value is not None
        yield _entry(key, _text(value if given else offered), "" if given else "not stated", offered=not given)


def _territory(territory: MeasuredTerritory, plan: ImageMeasurements) -> Iterator[str]:
    yield ""
    yield "[[territory]]"
    yield _entry("name", _text(territory.name), f"{territory.volume_ml:.4g} mL perfused")
    origin = f"{territory.normal_volume_ml:.4g} mL, perfused liver without tumors; {plan.mass_origin}"
    yield _entry("normal_perfused_mass_kg", _number(territory.normal_mass_kg), origin)
    yield _entry("shunt_fraction", _number(territory.lung_shunt_fraction), territory.shunt_origin)
    yield _entry("activity_gbq", "1.0", "if it was decided; for every territory or for none", offered=True)


def _tumor(tumor: MeasuredTumor, territory: MeasuredTerritory, *, several: bool) -> Iterator[str]:
    yield ""
    yield "[[tumor]]"
    yield _entry("name", _text(tumor.name))
    if several:
        yield _entry("territory", _text(territory.name))
    yield _entry("mass_kg", _number(tumor.mass_kg), f"{tumor.volume_ml:.4g} mL")
    if tumor.tumor_to_normal_ratio is None:
        unknown = "not known: there is no normal liver to compare with"
        yield _entry("tumor_to_normal_ratio", "1.0", unknown, offered=True)
        return
    concentration = tumor.counts / tumor.mass_kg
    base = territory.normal_counts / territory.normal_mass_kg
    origin = f"{concentration:.4g} over {base:.4g} counts per kg, tumor over normal liver of the territory"
    yield _entry("tumor_to_normal_ratio", _number(tumor.tumor_to_normal_ratio), origin)


def _entry(key: str, value: str, comment: str = "", *, offered: bool = False) -> str:
    """A line with a value; behind a # if the value is no more than offered."""
    line = f"{'# ' if offered else ''}{key} = {value}"
    return f"{line:<{_COMMENT}}# {plain(comment)}" if comment else line


def _optional(key: str, value: float | None, offered: float, comment: str) -> str:
    return _entry(key, _number(offered if value is None else value), comment, offered=value is None)


def _number(value: float) -> str:
    return f"{value:.6g}"


def _text(value: str) -> str:
    # JSON's texts are TOML's, but for one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def roles_in_words(roles: Mapping[str, list[str]]) -> dict[str, str]:
    """Name each role with its structures; a role without any has "none"."""
    return {role: ", ".join(names) or "none" for role, names in roles.items()}
