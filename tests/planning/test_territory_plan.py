"""Plans of several territories: the file, the stated activities, the optimum in words, limits and vials."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from planning_samples import portion, territory

from yttria.errors import ArgumentError, FileFormatError, OutOfRangeError, UnknownNameError, YttriaError
from yttria.planning import (
    Constraint,
    PartitionLimits,
    PatientTerritories,
    PlanUncertaintyInputs,
    TerritoryPlan,
    compare_models,
    constraint_in_words,
    example_patient_file,
    optimize_activities,
    optimum_in_words,
    plan_patient_file,
    plan_territories,
    read_patient,
)
from yttria.planning.territories_file import TABLES

EXAMPLE = example_patient_file(several_territories=True)
RIGHT = territory("right", 0.06, 0.8, (portion("central", 190.5 * 1.05 / 1000, 4),))
LEFT = territory("left", 0.04, 0.5, (portion("central", 0.03, 3.5), portion("satellite", 0.02, 2.5)))


STATED = {
    "lung_shunt_uncertainty": 0.2,
    "tumor_mass_uncertainty": 0.15,
    "tumor_to_normal_ratio_uncertainty": 0.2,
    "normal_mass_uncertainty": 0.05,
}


@pytest.fixture
def patient_file(tmp_path: Path) -> Path:
    return tmp_path / "patient.toml"


def read(path: Path, text: str = EXAMPLE) -> PatientTerritories:
    path.write_text(text, "utf-8")
    found = read_patient(path)
    assert isinstance(found, PatientTerritories)
    return found


def planned(**change: object) -> TerritoryPlan:
    given = {
        "device": "glass",
        "territories": [RIGHT, LEFT],
        "objective": "max_min_tumor_dose",
        "limits": PartitionLimits(normal_perfused_limit_gy=75.0, lung_limit_gy=30.0),
        "normal_total_mass_kg": 1.5,
    }
    return plan_territories(PatientTerritories(**given | change))  # type: ignore[arg-type]


def test_the_example_has_the_values_that_it_documents(patient_file: Path) -> None:
    assert read(patient_file) == PatientTerritories(
        device="glass",
        territories=(RIGHT, LEFT),
        overlap={"central": "disjoint", "satellite": "disjoint"},
        activities_gbq={"right": 2.5, "left": 1.5},
        objective="max_min_tumor_dose",
        limits=PartitionLimits(normal_perfused_limit_gy=75, lung_limit_gy=30, cumulative_lung_limit_gy=50),
        normal_total_mass_kg=1.5,
        residual_fraction=0.01,
        prior_lung_dose_gy=0,
        prior_normal_whole_dose_gy=0,
        prior_normal_perfused_dose_gy={"right": 0},
        disease="HCC",
        intent="bilobar",
        bilirubin_mg_per_dl=0.8,
        pretreated_or_impaired=False,
        cirrhotic=False,
        prior_radioembolization=False,
        name="example of two territories",
        uncertainties=PlanUncertaintyInputs(**STATED, basis=dict.fromkeys(STATED, "patient file")),
    )


def test_every_known_key_is_documented_in_the_example() -> None:
    tables: dict[str, set[str]] = {"": set()}
    inside = ""
    for line in EXAMPLE.splitlines():
        if header := re.match(r"\[+(\w+)\]+", line):
            inside = header[1]
            tables.setdefault(inside, set())
        elif key := re.match(r"(?:# )?(\w+) = ", line):
            tables[inside].add(key[1])
    assert tables == {table: set(keys) for table, keys in TABLES.items()}


def test_a_plan_is_that_of_its_patient_and_its_json(patient_file: Path, tmp_path: Path) -> None:
    patient = read(patient_file)
    found = plan_patient_file(patient_file, json_path=tmp_path / "plan.json")
    assert found == plan_territories(patient)
    written = json.loads((tmp_path / "plan.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(found.as_dict()))
    assert written["input_file"]["path"] == str(patient_file)
    assert [plan["plan"] for plan in written["plans"]] == ["stated", "optimum"]


def test_stated_activities_give_the_doses_of_the_partition_model(patient_file: Path) -> None:
    plan = plan_territories(read(patient_file))
    expected = read(patient_file).model().doses([2.5, 1.5])
    assert plan["stated"].doses == expected
    assert plan["stated"].doses.vial_activities_gbq == pytest.approx((2.5 / 0.99, 1.5 / 0.99))
    exceeded = [a.message for a in plan["stated"].advisories if a.code == "own_limit_exceeded"]
    assert exceeded == [
        "The mean dose to the perfused normal liver of 'left' is 109.2 Gy, above the planner's own limit of 75 Gy."
    ]


def test_the_optimum_is_that_of_the_programme() -> None:
    plan = planned()
    best = optimize_activities(
        plan.patient.model(),
        objective="max_min_tumor_dose",
        lung_limit_gy=30.0,
        cumulative_lung_limit_gy=None,
        normal_perfused_limit_gy=75.0,
    )
    assert plan.optimum == best
    assert plan["optimum"].doses == best.doses
    with pytest.raises(KeyError):
        plan["stated"]


def test_a_territory_by_itself_has_the_limits_of_a_patient(patient_file: Path) -> None:
    """One territory: the states are those of the side by side for the same activity."""
    text = example_patient_file().replace("prior_radioembolization = false\n", "")
    patient_file.write_text(text)
    patient = read_patient(patient_file)
    run = compare_models(patient)["partition_target"]  # type: ignore[arg-type]
    model = patient.partition_model()  # type: ignore[union-attr]
    (only,) = model.territories
    alone = PatientTerritories(
        device=patient.device,
        territories=[territory("all", only.lung_shunt_fraction, only.normal_perfused_mass_kg, only.tumors)],
        activities_gbq={"all": run.delivered_activity_gbq},
        normal_total_mass_kg=patient.normal_total_mass_kg,  # type: ignore[union-attr]
        residual_fraction=patient.residual_fraction,
        disease=patient.disease,
        intent=patient.intent,
        bilirubin_mg_per_dl=patient.bilirubin_mg_per_dl,
        pretreated_or_impaired=False,
        cirrhotic=False,
        prior_lung_dose_gy=0.0,
        prior_normal_perfused_dose_gy={"all": 0.0},
        prior_normal_whole_dose_gy=0.0,
    )
    states = plan_territories(alone)["stated"].limit_states["all"]
    assert [(s.limit, s.state) for s in states] == [(s.limit, s.state) for s in run.limit_states]


@pytest.mark.claim("shadow_prices")
def test_shadow_prices_in_words_equal_the_effect_of_a_changed_limit() -> None:
    """If the step of the sentence is made, the objective changes by the stated amount."""
    plan = planned()
    assert plan.optimum is not None
    sentence = optimum_in_words(plan.optimum)[-1]
    found = re.fullmatch(
        r"With 1 Gy more for the perfused normal liver of 'left' \(limit 75 Gy\), the smallest tumor dose rises by "
        r"([\d.]+) Gy; with 1 Gy less it falls by ([\d.]+) Gy\.",
        sentence,
    )
    assert found
    for step, words in ((1.0, found[1]), (-1.0, found[2])):
        moved = planned(limits=PartitionLimits(normal_perfused_limit_gy=75.0 + step, lung_limit_gy=30.0)).optimum
        assert moved is not None
        assert abs(moved.objective_value - plan.optimum.objective_value) == pytest.approx(float(words), rel=5e-3)


def test_sentences_describe_every_objective_a_conflict_and_the_lack_of_an_optimum() -> None:
    words = " ".join(optimum_in_words(planned(objective="min_lung_energy", target_tumor_dose_gy=100.0).optimum))  # type: ignore[arg-type]
    assert "The energy imparted to the lungs is" in words
    assert (
        "With 1 Gy less for the target of 'satellite' in 'left' (100 Gy), the energy imparted to the lungs falls"
        in words
    )
    impossible = planned(target_tumor_dose_gy=1000.0)
    assert impossible.plans == ()
    (sentence,) = optimum_in_words(impossible.optimum)  # type: ignore[arg-type]
    assert sentence.startswith("No plan meets all of these at once: ")
    assert sentence in impossible.table()
    assert planned(objective=None).no_optimum == "no objective is stated"
    assert "There is no optimum: no objective is stated." in planned(objective=None).table()
    unlimited = planned(limits=None)
    assert unlimited.optimum is None
    assert unlimited.no_optimum
    energy = " ".join(optimum_in_words(planned(objective="max_tumor_energy").optimum))  # type: ignore[arg-type]
    assert "the energy imparted to all tumors rises by" in energy
    assert constraint_in_words(Constraint(name="activity:a", limit=2.0, value=1.0, unit="GBq")) == (
        "the activity of 'a' (limit 2 GBq)"
    )


def test_each_territory_has_a_vial_within_the_window(patient_file: Path) -> None:
    text = EXAMPLE.replace("# start =", "start =").replace("# end =", "end =")
    plan = plan_territories(read(patient_file, text))
    assert set(plan["stated"].vials) == {"right", "left"}
    for name, activity in (("right", 2.5), ("left", 1.5)):
        best = plan["stated"].vials[name].options[0]
        assert best.vial_activity_gbq == pytest.approx(activity / 0.99, rel=0.01)
    assert "Vial for 'right': " in plan.table()
    with pytest.raises(ArgumentError, match="must have a start and an end"):
        read(patient_file, EXAMPLE.replace("# start =", "start ="))


def test_control_characters_in_names_do_not_reach_the_terminal(patient_file: Path) -> None:
    plan = plan_territories(read(patient_file, EXAMPLE.replace('"right"', '"ri\\u001bght"')))
    assert "\x1b" not in plan.table(80)
    assert max(map(len, plan.table(80).splitlines())) <= 100


def test_parts_that_no_territory_feeds_count_for_the_liver(patient_file: Path) -> None:
    more = '[[tumor]]\nname = "central"\nmass_kg = 0.01\n[[tumor]]\nname = "far"\nmass_kg = 0.04\n'
    patient = read(patient_file, EXAMPLE + more)
    assert patient.unperfused_tumor_mass_kg == {"central": 0.01}
    assert patient.untreated_tumor_mass_kg == 0.04
    whole = read(patient_file).liver_mass_kg
    assert whole is not None
    assert patient.liver_mass_kg == pytest.approx(whole + 0.05)


@pytest.mark.parametrize(
    ("old", "new", "error", "message"),
    [
        ('name = "right"\n', "", FileFormatError, r"line \d+: name is missing in \[territory\]"),
        ('name = "left"', 'name = "right"', FileFormatError, "two territories are named 'right'"),
        ("shunt_fraction = 0.04", "", FileFormatError, r"shunt_fraction is missing in \[territory\] 'left'"),
        ('territory = "right" ', 'territory = "rigth" ', FileFormatError, "must be one of right, left, got 'rigth'"),
        ('"max_min_tumor_dose"   #', '"best"   #', FileFormatError, "objective must be one of max_min_tumor_dose"),
        ('overlap = "disjoint"', 'overlap = "same"', FileFormatError, "overlap must be one of disjoint, same_tissue"),
        ("activity_gbq = 1.5", "", ArgumentError, "for every territory or for none, right, left; got right"),
        ("activity_gbq = 1.5", "activity_gbq = -1.5", OutOfRangeError, "activity of 'left' in GBq must be >= 0"),
        ("shunt_fraction = 0.04", "shunt_fraction = 1.04", OutOfRangeError, "lung shunt fraction.*'left'"),
        ("[[territory]]", "[territory]", FileFormatError, "TOML|double|written as"),
        ("normal_perfused_mass_kg = 0.5", "normal_mass_kg = 0.5", FileFormatError, "unknown key 'normal_mass_kg'"),
        ('device = "glass"', 'device = "plastic"', UnknownNameError, "device must be one of"),
    ],
)
def test_errors_name_the_place(patient_file: Path, old: str, new: str, error: type[YttriaError], message: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(error, match=message):
        read(patient_file, EXAMPLE.replace(old, new, 1 if old == 'territory = "right" ' else -1))
