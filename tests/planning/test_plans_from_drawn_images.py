"""From images with drawn structures to a plan: drawn uptake, checks between structures, and hostile input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_plans import GLASS, TURN, codes

from yttria import Image, Structure
from yttria.errors import (
    ArgumentError,
    GeometryError,
    OutOfRangeError,
    UndefinedError,
    UnitError,
    UnknownNameError,
)
from yttria.geometry import derive_structures
from yttria.planning import (
    ImagePlan,
    Patient,
    compare_models,
    from_images,
)


def small(*names: str, shape: tuple[int, int, int] = (12, 14, 16)) -> dict[str, Structure]:
    """Boxes on a small grid, by the slices that each name takes along i."""
    place = np.diag([3.0, 4.0, 5.0, 1.0])
    found = {}
    for name in names:
        label, _, span = name.partition(":")
        low, high = map(int, span.split("-"))
        mask = np.zeros(shape, bool)
        mask[2:10, 2:12, low:high] = True
        found[label] = Structure(label, mask, place)
    return found


def scan(values: dict[str, float], structures: dict[str, Structure], **rest: Any) -> Image:
    array: npt.NDArray[np.float64] = np.zeros((12, 14, 16))
    for name, value in values.items():
        array[structures[name].mask] = value
    return Image(array, np.diag([3.0, 4.0, 5.0, 1.0]), "counts", **rest)


def test_checks_between_structures_warn() -> None:
    made = small("Liver:1-9", "Tumor A:3-5", "Tumor B:4-6", "Tumor C:8-11", "Perfused 1:1-5", "Perfused 2:4-8")
    made |= small("Normal liver:1-5", "Lungs:12-15")
    image = scan({"Liver": 10.0, "Tumor B": 30.0, "Tumor A": 12.0, "Tumor C": 50.0, "Lungs": 1.0}, made)
    plan = from_images(image, list(made.values()), settings=GLASS, lung_mass_kg=1.0)
    assert {
        "tumors_overlap",
        "territories_overlap",
        "tumor_outside_liver",
        "tumor_outside_territories",
        "normal_liver_includes_tumor",
        "ratio_below_1_5",
        "one_scan_of_all_injections",
    } <= codes(plan)
    # An overlap of two tumors counts for the first.
    shared = {tumor.name: tumor.volume_ml for each in plan.territories for tumor in each.tumors}
    assert shared["Tumor B"] < made["Tumor B"].volume_ml
    outside = small("Liver:4-9", "Perfused:1-9", "Lungs:12-15")
    plan = from_images(scan({"Perfused": 1.0, "Lungs": 0.1}, outside), list(outside.values()), settings=GLASS)
    assert "territory_outside_liver" in codes(plan)


@settings(max_examples=60, deadline=None)
@given(
    tumor=st.floats(1.6, 19.0),
    normal=st.floats(0.5, 50.0),
    shunt=st.floats(0.0, 0.19),
    span=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    turned=st.booleans(),
)
def test_drawn_uptake_and_shunt_are_measured_exactly(
    tumor: float, normal: float, shunt: float, span: tuple[int, int], turned: bool
) -> None:
    """Boxes of whole voxels: no voxel is mixed, and every number is exact."""
    low, width = span
    made = small("Liver:0-10", f"Tumor:{low}-{low + width}", "Lungs:12-15")
    liver = normal * made["Liver"].mask.sum() + (tumor - 1.0) * normal * made["Tumor"].mask.sum()
    in_lungs = shunt / (1.0 - shunt) * liver / made["Lungs"].mask.sum()
    image = scan({"Liver": normal, "Tumor": tumor * normal, "Lungs": in_lungs}, made)
    structures = list(made.values())
    if turned:
        image, structures = image.transformed(TURN), [each.transformed(TURN) for each in structures]
    plan = from_images(image, structures, settings=GLASS, lung_mass_kg=1.0)
    (territory,) = plan.territories
    assert territory.lung_shunt_fraction == pytest.approx(shunt, rel=1e-6, abs=1e-9)
    assert territory.tumors[0].tumor_to_normal_ratio == pytest.approx(tumor, rel=1e-6)
    assert plan.liver_mass_kg == pytest.approx(1.05e-3 * made["Liver"].volume_ml, rel=1e-9)
    patient = plan.patient()
    assert isinstance(patient, Patient)
    assert patient.doses(1.0).lung_dose_gy == pytest.approx(49.67 * shunt, rel=1e-6, abs=1e-6)


def test_a_small_tumor_warns() -> None:
    made = small("Liver:1-9", "Lungs:12-15")
    mask = np.zeros((12, 14, 16), bool)
    mask[5, 5, 5:10] = True
    made["Tumor"] = Structure("Tumor", mask[:, :, :], made["Liver"].affine_lps)
    made["Liver"] = Structure("Liver", made["Liver"].mask | mask, made["Liver"].affine_lps)
    image = scan({"Liver": 10.0, "Tumor": 40.0, "Lungs": 1.0}, made)
    assert "tumor_volume_small" in codes(from_images(image, list(made.values()), settings=GLASS))


def test_a_territory_without_normal_liver_needs_no_ratio() -> None:
    made = small("Liver:1-9", "Tumor:3-5", "Perfused:3-5", "Lungs:12-15")
    image = scan({"Tumor": 40.0, "Lungs": 1.0}, made)
    plan = from_images(image, list(made.values()), settings=replace(GLASS, target_perfused_dose_gy=400.0))
    (territory,) = plan.territories
    assert (territory.normal_mass_kg, territory.tumors[0].tumor_to_normal_ratio) == (0.0, None)
    assert compare_models(plan.patient())["single_compartment"].delivered_activity_gbq > 0  # type: ignore[arg-type]
    assert "# tumor_to_normal_ratio" in plan.toml()


def test_derived_structures_have_roles() -> None:
    made = small("Liver:1-9", "Lesion one:3-5", "Necrosis:4-5", "Right:1-5", "Lungs:12-15")
    image = scan({"Liver": 10.0, "Lesion one": 40.0, "Lungs": 1.0}, made)
    define = ["Tumor viable = Lesion one - Necrosis", "Perfused right = Right & Liver"]
    plan = from_images(
        image, list(made.values()), settings=GLASS, define=define, tumors="Tumor viable", territories="Perfused right"
    )
    (tumor,) = plan.territories[0].tumors
    assert tumor.volume_ml == pytest.approx(derive_structures(list(made.values()), define)[-2].volume_ml)
    assert plan.structures_by_role["tumors"] == "Tumor viable"


def test_hostile_input_is_refused() -> None:
    made = small("Liver:1-9", "Tumor:3-5", "Lungs:12-15")
    image = scan({"Liver": 10.0, "Tumor": 40.0, "Lungs": 1.0}, made)

    def run(maa: Any = image, **change: Any) -> ImagePlan:
        structures = {**made, **change.pop("with_", {})}
        return from_images(maa, list(structures.values()), settings=GLASS, **change)

    empty = Structure("Tumor", np.zeros((12, 14, 16), bool), made["Liver"].affine_lps)
    assert "structure_empty" in codes(run(with_={"Tumor": empty}))
    with pytest.raises(UndefinedError, match="'Liver' \\(liver\\) is empty"):
        run(with_={"Liver": Structure("Liver", empty.mask, empty.affine_lps)})
    with pytest.raises(OutOfRangeError, match="counts in 'Lungs' must be >= 0"):
        run(scan({"Liver": 10.0, "Tumor": 40.0, "Lungs": -1.0}, made))
    with pytest.raises(UndefinedError, match="no counts in the normal liver"):
        run(scan({"Tumor": 40.0, "Lungs": 1.0}, made))
    other = {name: replace(each, frame_of_reference_uid="1.2") for name, each in made.items()}
    framed = scan({"Liver": 10.0, "Tumor": 40.0, "Lungs": 1.0}, made, frame_of_reference_uid="1.3")
    with pytest.raises(GeometryError, match="frame of reference"):
        run(framed, with_=other)
    with pytest.raises(GeometryError, match="of one patient"):
        run(replace(image, patient_id="A"), with_={"Tumor": replace(made["Tumor"], patient_id="B")})
    with pytest.raises(UnitError, match="in proportion to activity, got an image in HU"):
        run(Image(image.array, image.affine_lps, "HU"))
    far = image.transformed(np.eye(4) + 1e4 * np.eye(4, k=3))
    with pytest.raises(UndefinedError, match="no part of it lies inside the image"):
        run(far)
    with pytest.raises(UnknownNameError, match="'middle', which names no single territory of whole liver"):
        run({"middle": image})
    with pytest.raises(OutOfRangeError, match="lung shunt fraction"):
        run(lung_shunt_fraction=1.2)
    with pytest.raises(OutOfRangeError, match="density"):
        run(density=2.0)
    with pytest.raises(ArgumentError):
        from_images(image, list(made.values()), settings="glass")  # type: ignore[arg-type]
    two = {**made, **small("Perfused a:1-5", "Perfused b:5-9")}
    with pytest.raises(ArgumentError, match="there is none for Perfused b"):
        from_images({"a": image}, list(two.values()), settings=GLASS)
