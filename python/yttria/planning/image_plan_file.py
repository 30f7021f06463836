"""The patient file of an `ImagePlan`: TOML that a person can read and change."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from .._core import __version__
from .._foundation.provenance import RESEARCH_USE
from .._foundation.text import plain
from ._uncertainty_toml import OF_TERRITORY, OF_TUMOR
from .image_measurements import ImageMeasurements, MeasuredTerritory, MeasuredTumor, PlanSettings
from .plan_uncertainty_inputs import OF_TERRITORIES, UNCERTAINTIES

#: Column at which the comments behind values begin.
_COMMENT = 42
#: Keys of limits that a file offers behind a # if they are not set, each with its meaning.
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


_OFFERED_UNCERTAINTIES = {
    "tumor_mass_uncertainty": 0.15,
    "normal_mass_uncertainty": 0.05,
    "lung_mass_uncertainty": 0.2,
    "lung_shunt_uncertainty": 0.2,
    "tumor_to_normal_ratio_uncertainty": 0.2,
    "administered_activity_uncertainty": 0.05,
    "method_uncertainty": 0.3,
}
_FLAG_MEANINGS = {
    "ratio_from_counts": "the ratios are counts over these masses, so that errors of a mass enter them",
    "normal_mass_from_difference": "normal liver is everything perfused less the tumors",
    "shunts_from_one_scan": "the shunts are one measured number, with one error",
}


def image_plan_toml(plan: ImageMeasurements) -> str:
    """Write the patient file of a plan from images."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: ImageMeasurements) -> Iterator[str]:
    several = len(plan.territories) > 1
    yield from _head(plan, several)
    yield from _patient(plan, several)
    yield from _tumors(plan, several)
    yield from _organs(plan, several)
    yield from _treatment(plan.settings, several)
    yield from _goals(plan.settings, several)
    yield from _uncertainties(plan)


def _head(plan: ImageMeasurements, several: bool) -> Iterator[str]:
    """Comments on the origin of the file."""
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


def _patient(plan: ImageMeasurements, several: bool) -> Iterator[str]:
    settings = plan.settings
    yield ""
    yield _entry("name", _text(settings.name))
    yield _entry("device", _text(settings.device))
    if settings.nuclide is not None:
        yield _entry("nuclide", _text(settings.nuclide))
    if several:
        for territory in plan.territories:
            yield from _territory(territory, plan)
    else:
        yield ""
        yield "[body]"
        yield _entry("height_cm", "170", "for the body surface area; both or neither", offered=True)
        yield _entry("weight_kg", "70", offered=True)


def _tumors(plan: ImageMeasurements, several: bool) -> Iterator[str]:
    for territory in plan.territories:
        for tumor in territory.tumors:
            yield from _tumor(tumor, territory, several=several)
            for key, field in OF_TUMOR.items():
                yield from _own_uncertainty(plan, key, field, tumor.name)
    fed = {tumor.name for territory in plan.territories for tumor in territory.tumors}
    if several:
        for name, mass in plan.unperfused_tumor_mass_kg.items():
            yield ""
            yield "[[tumor]]"
            yield _entry("name", _text(name))
            of = "the part that no territory feeds" if name in fed else "no territory feeds it"
            yield _entry("mass_kg", _number(mass), f"{of}; {plan.mass_origin}")


def _organs(plan: ImageMeasurements, several: bool) -> Iterator[str]:
    """Liver and lungs."""
    yield ""
    yield "[liver]"
    if not several:
        (only,) = plan.territories
        origin = f"{only.normal_volume_ml:.4g} mL, perfused liver without tumors; {plan.mass_origin}"
        yield _entry("normal_perfused_mass_kg", _number(only.normal_mass_kg), origin)
    yield _entry("normal_total_mass_kg", _total(plan), f"liver without tumors; {plan.mass_origin}")
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


def _treatment(settings: PlanSettings, several: bool) -> Iterator[str]:
    """Administration, and the objective of several injections."""
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


def _goals(settings: PlanSettings, several: bool) -> Iterator[str]:
    """Targets, limits and guideline."""
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


def _uncertainties(plan: ImageMeasurements) -> Iterator[str]:
    """Stated uncertainties. Those that follow from counts, and those that images do not give, stand behind a #."""
    stated, several = plan.uncertainties, len(plan.territories) > 1
    yield ""
    yield "[uncertainty]  # relative standard uncertainties (coverage factor 1); what is not stated is not included"
    for name in UNCERTAINTIES:
        value, spread = getattr(stated, name), getattr(plan.counts_spread, name)
        if isinstance(value, float):
            yield _entry(name, _number(value), stated.basis_of(name))
        elif value:
            continue
        elif spread and name in OF_TERRITORIES and not several:
            yield _entry(name, _number(*spread.values()), plan.counts_spread.basis_of(name), offered=True)
        elif name in _OFFERED_UNCERTAINTIES and not spread:
            yield _entry(name, _number(_OFFERED_UNCERTAINTIES[name]), "images do not tell it", offered=True)
    for flag, meaning in _FLAG_MEANINGS.items():
        if getattr(stated, flag):
            yield _entry(flag, "true", meaning)


def _own_uncertainty(plan: ImageMeasurements, key: str, field: str, name: str) -> Iterator[str]:
    """The uncertainty of one tumor or territory as stated by its name, or behind a # as it follows from the counts."""
    for inputs in (plan.uncertainties, plan.counts_spread):
        value = getattr(inputs, field)
        if isinstance(value, Mapping) and name in value:
            offered = inputs is plan.counts_spread
            yield _entry(key, _number(value[name]), inputs.basis_of(field), offered=offered)
            return


def _territory(territory: MeasuredTerritory, plan: ImageMeasurements) -> Iterator[str]:
    yield ""
    yield "[[territory]]"
    yield _entry("name", _text(territory.name), f"{territory.volume_ml:.4g} mL perfused")
    origin = f"{territory.normal_volume_ml:.4g} mL, perfused liver without tumors; {plan.mass_origin}"
    yield _entry("normal_perfused_mass_kg", _number(territory.normal_mass_kg), origin)
    yield _entry("shunt_fraction", _number(territory.lung_shunt_fraction), territory.shunt_origin)
    for field in OF_TERRITORY:
        yield from _own_uncertainty(plan, field, field, territory.name)
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
    """A line with a value, which stands behind a # if it is only offered."""
    line = f"{'# ' if offered else ''}{key} = {value}"
    return f"{line + ' ':<{_COMMENT}}# {plain(comment)}" if comment else line


def _optional(key: str, value: float | None, offered: float, comment: str) -> str:
    return _entry(key, _number(offered if value is None else value), comment, offered=value is None)


def _number(value: float) -> str:
    return f"{value:.6g}"


def _total(plan: ImageMeasurements) -> str:
    """All normal liver, so rounded that it is at least the sum of its parts in the file."""
    parts = sum(float(_number(each.normal_mass_kg)) for each in plan.territories)
    return _number(plan.normal_total_mass_kg) if plan.normal_total_mass_kg > parts * (1.0 + 1e-5) else f"{parts:.9g}"


def _text(value: str) -> str:
    # Strings of JSON are strings of TOML, except for one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def roles_in_words(roles: Mapping[str, list[str]]) -> dict[str, str]:
    """Name each role with its structures; a role without any has "none"."""
    return {role: ", ".join(names) or "none" for role, names in roles.items()}
