"""Limits and scores."""

from __future__ import annotations

from ... import planning as p
from ._common import Answer, Inputs, codes

LIMIT_NAMES = {
    "tumor": "tumour",
    "perfused": "perfused_volume",
    "normal_perfused": "normal_perfused_liver",
    "normal_whole": "normal_whole_liver",
    "lung": "lung",
}


ENCEPHALOPATHY = {"0": "none", "1": "1-2", "2": "1-2", "3": "3-4", "4": "3-4"}


ASCITES = {"moderate": "moderate-severe", "severe": "moderate-severe"}


def guideline_limit(i: Inputs) -> Answer:
    query = p.dose_limits(
        guideline=i.get("guideline"),
        device=i.get("device"),
        disease=i.get("disease"),
        intent=i.get("scenario"),
        bilirubin_mg_per_dl=i.get("bilirubin_mg_dL"),
        pretreated_or_impaired=i.get("pretreated_or_impaired"),
    )
    found: Answer = {"warnings": codes(query)}
    for limit in query.limits:
        if limit.aim or limit.direction == "association":
            continue
        value = limit.low if limit.high is None else [limit.low, limit.high]
        found[f"{LIMIT_NAMES[limit.kind]}_{limit.direction[:3]}_{limit.unit}"] = value
    return found


def albi(i: Inputs) -> Answer:
    return _albi(p.albi(i["bilirubin_umol_L"], i["albumin_g_L"]))


def albi_grade(i: Inputs) -> Answer:
    return _albi(p.albi_grade(i["score"]))


def _albi(result: p.Albi) -> Answer:
    return {
        "score": result.score,
        "score_2dp": result.score_2dp,
        "grade": result.grade,
        "modified_grade": result.modified_grade,
        "warnings": codes(result),
    }


def child_pugh(i: Inputs) -> Answer:
    ascites, encephalopathy = str(i["ascites"]), str(i["encephalopathy"])
    result = p.child_pugh(
        i["bilirubin_umol_L"],
        i["albumin_g_L"],
        i["inr"],
        ascites=ASCITES.get(ascites, ascites),
        encephalopathy=ENCEPHALOPATHY.get(encephalopathy, encephalopathy),
    )
    return {"points": result.points, "class": result.grade, "warnings": codes(result)}


def mrecist(i: Inputs) -> Answer:
    result = p.mrecist(
        i["baseline_viable_sum_mm"],
        i["current_viable_sum_mm"],
        nadir_viable_sum_mm=i.get("nadir_viable_sum_mm"),
        new_lesion=i.get("new_lesion", False),
    )
    nadir = result.change_from_nadir_fraction
    return {
        "category": result.category,
        "change_from_baseline_percent": 100 * result.change_from_baseline_fraction,
        "change_from_nadir_percent": None if nadir is None else 100 * nadir,
        "warnings": codes(result),
    }


ADAPTERS = {
    "albi": albi,
    "albi_err": albi,
    "albi_grade": albi_grade,
    "child_pugh": child_pugh,
    "guideline_limit": guideline_limit,
    "mrecist": mrecist,
}
