"""Arguments of a wrong type at public functions raise an error of yttria that names the right type."""

from __future__ import annotations

import importlib
import inspect
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import yttria
from yttria import evaluation, geometry, io, kernels, planning, report, voxel
from yttria.errors import ArgumentError, DTypeError, InternalError, ShapeError, YttriaError

MASK = np.ones((3, 4, 5), bool)
IMAGE = yttria.Image(np.ones((3, 4, 5), np.float32), np.diag([3.0, 3.0, 3.0, 1.0]), "MBq/mL")
DOSE = yttria.Image(np.arange(60.0, dtype=np.float32).reshape(3, 4, 5), IMAGE.affine_lps, "Gy")
CT = yttria.Image(np.zeros((3, 4, 5), np.int16), IMAGE.affine_lps, "HU")
STRUCTURE = yttria.Structure("Liver", MASK, IMAGE.affine_lps)
SCALING = yttria.AbsoluteScaling(scan_delay_h=20.0)
S_VALUES = yttria.voxel_s_values((3.0, 3.0, 3.0), medium="liver")
RESULT = yttria.dose_image(IMAGE, scaling=SCALING)
PLAN = yttria.ConvolutionPlan((3, 4, 5), np.ones((3, 3, 3)))
LQ = {"alpha_beta_gy": 2.5, "repair_half_time_h": 2.5}
TERRITORY = {
    "tumor_mass_kg": [0.3],
    "tumor_to_normal_ratio": [4.0],
    "normal_perfused_mass_kg": 1.2,
    "lung_shunt_fraction": 0.05,
}
MODEL = planning.PartitionModel(
    territories=[
        planning.Territory(
            tumors=(planning.Tumor(mass_kg=0.3, tumor_to_normal_ratio=4.0),),
            normal_perfused_mass_kg=1.2,
            lung_shunt_fraction=0.05,
        )
    ],
    lung_mass_kg=1.0,
)

CALLS: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (yttria.Image, {"array": np.zeros((2, 2, 2)), "affine_lps": np.eye(4), "unit": "Gy"}),
    (yttria.Structure, {"name": "a", "mask": MASK, "affine_lps": np.eye(4), "label": None, "color": None}),
    (yttria.dose_image, {"activity": IMAGE, "scaling": SCALING, "method": "local_deposition", "nuclide": None}),
    (yttria.dose_image, {"activity": IMAGE, "scaling": SCALING, "method": "voxel_s_values", "s_values": S_VALUES}),
    (yttria.dose_image, {"activity": IMAGE, "scaling": SCALING, "density_g_per_ml": 1.0, "threads": 1}),
    (yttria.absorbed_dose, {"activity_mbq_per_ml": MASK, "s_values": S_VALUES, "out": None, "threads": 1}),
    (yttria.local_deposition, {"activity_mbq_per_ml": MASK, "density_g_per_ml": 1.0, "nuclide": None, "threads": 1}),
    (yttria.density_image, {"ct": CT, "curve": "schneider_1996", "out_of_range": "refuse", "threads": 1}),
    (
        yttria.voxel_s_values,
        {"voxel_size_mm": (3, 3, 3), "medium": "liver", "density_g_per_ml": 1.0, "tail_folded": True},
    ),
    (yttria.dose_point_kernel, {"medium": "liver"}),
    (yttria.AbsoluteScaling, {"scan_delay_h": 20.0, "administered_activity_gbq": 2.0}),
    (yttria.RelativeScaling, {"reference": STRUCTURE, "lung_shunt_fraction": 0.1, "delivered_activity_gbq": 1.0}),
    (yttria.ConvolutionPlan, {"shape": (3, 4, 5), "kernel": np.ones((1, 1, 1)), "dtype": "float32", "method": "auto"}),
    (PLAN.apply, {"array": np.ones((3, 4, 5)), "out": None, "mask": MASK, "threshold": 0.0}),
    (PLAN.apply_many, {"arrays": [np.ones((3, 4, 5))], "outs": None}),
    (PLAN.apply_combined, {"arrays": [np.ones((3, 4, 5))], "weights": [1.0], "out": None}),
    (voxel.structure_mass, {"density": yttria.density_image(CT), "structure": STRUCTURE, "threads": 1}),
    (kernels.VoxelSValueLibrary().get, {"voxel_size_mm": (3, 3, 3), "medium": "liver", "nuclide": None}),
    (
        evaluation.compare_doses,
        {"a": DOSE, "b": DOSE, "structures": [STRUCTURE], "isodoses_gy": [10.0], "local": False},
    ),
    (evaluation.gamma_index, {"reference": DOSE, "evaluated": DOSE, "distance_mm": 3.0, "local": False, "threads": 1}),
    (evaluation.dose_volume_histograms, {"dose_gy": DOSE.array, "structures": {"a": MASK}, "voxel_volume_ml": 1.0}),
    (
        geometry.voxel_fractions,
        {"mask": MASK, "mask_affine_lps": np.eye(4), "shape": (3, 4, 5), "affine_lps": np.eye(4), "threads": 1},
    ),
    (evaluation.bed_gy, {"dose_gy": [1.0, 2.0], **LQ, "nuclide": None}),
    (evaluation.generalized_eud, {"dose_gy": [1.0, 2.0], "volumes": [1.0, 2.0], "a": 3.0}),
    (evaluation.combined_uncertainty, {"relative": [0.1, 0.2]}),
    (geometry.subvoxel_counts, {"voxel_size_mm": (3.0, 3.0, 3.0), "sub_voxel_mm": 1.0}),
    (RESULT.table, {"structures": [STRUCTURE], "volumes_at_gy": [10.0], "sub_voxel_mm": 2.0, "threads": 1}),
    (RESULT.dose_volume_histograms, {"structures": [STRUCTURE], "sub_voxel_mm": 2.0, "threads": 1}),
    (IMAGE.resampled_on, {"grid": CT, "method": "average", "fill_value": 0.0, "threads": 1}),
    (IMAGE.transformed, {"transform_lps": np.eye(4), "source": "a registration"}),
    (IMAGE.to, {"unit": "Bq/mL"}),
    (IMAGE.same_grid, {"other": CT}),
    (STRUCTURE.voxel_fractions_on, {"grid": IMAGE, "threads": 1}),
    (planning.partition_doses, {"delivered_activity_gbq": [1.0], **TERRITORY, "nuclide": None, "threads": 1}),
    (planning.Territory, {"normal_perfused_mass_kg": 1.0, "lung_shunt_fraction": 0.1, "tumors": [], "name": "a"}),
    (planning.PartitionModel, {"territories": MODEL.territories, "lung_mass_kg": 1.0, "residual_fraction": 0.1}),
    (planning.Tumor, {"mass_kg": 0.3, "tumor_to_normal_ratio": 4.0}),
    (MODEL.maximum_activity, {"limits": planning.PartitionLimits(lung_limit_gy=30.0), "target_tumor_dose_gy": 200.0}),
    (voxel.lung_mass, {"ct": np.full(60_000, -800.0), "voxel_volume_ml": 0.08}),
]
WRONG = [
    object(),
    "text",
    3.5,
    [1, "a"],
    {"a": 1},
    np.zeros((2, 3)),
    np.array(["a"]),
    b"x",
    1j,
    print,
    IMAGE,
    STRUCTURE,
]


@pytest.mark.parametrize(("function", "arguments"), CALLS, ids=lambda each: getattr(each, "__qualname__", ""))
def test_wrong_types_are_errors_of_yttria(function: Callable[..., Any], arguments: dict[str, Any]) -> None:
    function(**arguments)
    for name in arguments:
        for wrong in WRONG:
            try:
                function(**arguments | {name: wrong})
            except YttriaError as error:
                assert len(str(error)) < 600  # noqa: PT017


@pytest.mark.parametrize("package", [yttria, voxel, evaluation, planning, io, io.dicom, report])
def test_nonsense_in_every_argument_is_an_error_of_yttria(package: Any) -> None:
    for name in package.__all__:
        function = getattr(package, name)
        if not inspect.isfunction(function):
            continue
        parameters = inspect.signature(function).parameters.values()
        required = [p.name for p in parameters if p.default is p.empty and "VAR" not in p.kind.name]
        for wrong in (object(), np.zeros((2, 3)), [object()]):
            if required:
                with pytest.raises((YttriaError, OSError)):
                    function(**dict.fromkeys(required, wrong))


def test_messages_name_the_right_type() -> None:
    for call, words in [
        (lambda: yttria.dose_image(IMAGE.array, scaling=SCALING), "activity of dose_image must be Image.*yttria.Image"),
        (
            lambda: yttria.dose_image(IMAGE, scaling=2.0),
            "scaling of dose_image must be AbsoluteScaling or .*2.0",
        ),
        (lambda: RESULT.table(STRUCTURE), r"structures .*must be a list, got one Structure: give \[structures\]"),
        (lambda: RESULT.table(["Liver"]), "a list of Structure"),
        (
            lambda: evaluation.compare_doses(DOSE, DOSE, local="no"),
            "local of compare_doses must be True or False, got 'no'",
        ),
    ]:
        with pytest.raises(ArgumentError, match=words):
            call()


def test_a_panic_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    def broken(*_: object) -> None:
        raise PanicException("index out of bounds")

    monkeypatch.setattr(yttria._core, "_dose_point_kernel", broken)
    with pytest.raises(InternalError, match=r"index out of bounds.*report"):
        yttria.dose_point_kernel("liver")


def test_masked_values_are_refused_and_masks_of_nothing_are_not() -> None:
    masked = np.ma.masked_less(DOSE.array, 5)
    with pytest.raises(DTypeError, match=r"compressed"):
        evaluation.dose_volume_histograms(masked, {"a": MASK}, voxel_volume_ml=1.0)
    for call in (
        lambda a: yttria.Image(a, np.eye(4), "Gy"),
        lambda a: yttria.Structure("a", a > 7, np.eye(4)),
        lambda a: yttria.local_deposition(a, density_g_per_ml=1.0),
        lambda a: yttria.absorbed_dose(a, S_VALUES),
        lambda a: evaluation.bed_gy(a, **LQ),
        lambda a: evaluation.gamma_index(a, a, voxel_size_mm=(1, 1, 1)),
        lambda a: voxel.lung_mass(a, voxel_volume_ml=1.0),
        lambda a: planning.partition_doses(a, **TERRITORY),
    ):
        with pytest.raises(DTypeError, match="masked"):
            call(masked)
    nothing = np.ma.masked_array(DOSE.array, False)
    assert np.array_equal(yttria.Image(nothing, np.eye(4), "Gy").array, DOSE.array)


def test_out_must_not_alias_an_input_however_it_is_given() -> None:
    array = np.ones((3, 4, 5))
    for alias in (array, memoryview(array), array[::-1]):
        with pytest.raises(ShapeError, match="share memory"):
            PLAN.apply(alias, array)
        with pytest.raises(ShapeError, match="share memory"):
            yttria.local_deposition(alias, density_g_per_ml=1.0, out=array)


def test_settings_are_plain_numbers() -> None:
    hours = np.array(20.0)
    scaling = yttria.AbsoluteScaling(scan_delay_h=hours, administered_activity_gbq=np.float32(2.0))
    hours[...] = 90.0
    assert (scaling.scan_delay_h, type(scaling.administered_activity_gbq)) == (20.0, float)
    result = yttria.dose_image(IMAGE, scaling=scaling, density_g_per_ml=np.float32(1.0))
    json.dumps(result.provenance.as_dict())
    json.dumps([each.as_dict() for each in result.advisories])
    tumor = planning.Tumor(mass_kg=np.array(0.3), tumor_to_normal_ratio=np.float32(4.0))
    assert type(tumor.mass_kg) is type(tumor.tumor_to_normal_ratio) is float
    assert yttria.Advisory(code="a", message="b", value=np.float32(1.0)).as_dict()["value"] == 1.0


def test_a_mask_changed_afterwards_changes_no_structure() -> None:
    for make in (np.array, lambda m: m.view(np.uint8), lambda m: m.astype(np.float32)):
        mask = make(np.array(MASK))
        structure = yttria.Structure("a", mask, np.eye(4))
        before = structure.volume_ml
        mask[...] = 0
        assert structure.volume_ml == before > 0
    everywhere = yttria.Structure("a", np.broadcast_to(np.array(True), (512, 512, 512)), np.eye(4))
    assert everywhere.mask.base is not None
    assert everywhere.mask.strides == (0, 0, 0)


def test_half_precision_does_not_overflow() -> None:
    image = yttria.Image(np.full((2, 2, 2), 100.0, np.float16), np.eye(4), "Gy")
    assert image.to("mGy").array.max() == 100_000.0
    with pytest.raises(YttriaError, match="too large"):
        yttria.Image(np.full((2, 2, 2), 1e38, np.float32), np.eye(4), "Gy").to("mGy")


def test_results_survive_pickling() -> None:
    shapes = {"whole": MASK, "part": MASK * np.float32(0.3)}
    for dose in (DOSE.array, DOSE.array.astype(np.float64)):
        for histogram in evaluation.dose_volume_histograms(dose, shapes, voxel_volume_ml=2.0).values():
            assert pickle.loads(pickle.dumps(histogram)) == histogram
    comparison = pickle.loads(pickle.dumps(evaluation.compare_doses(DOSE, DOSE, [STRUCTURE])))
    assert comparison.histograms["Liver"][0].mean_gy == pytest.approx(29.5)
    activity = np.random.default_rng(1).random((3, 4, 5))
    for plan in (yttria.ConvolutionPlan((3, 4, 5), S_VALUES.gy_per_mbq_per_ml()), PLAN.variance_plan()):
        again = pickle.loads(pickle.dumps(plan))
        assert (again.method, again.threads, again.dtype) == (plan.method, plan.threads, plan.dtype)
        assert np.array_equal(again.apply(activity), plan.apply(activity))
    for each in (RESULT, IMAGE, STRUCTURE, SCALING, S_VALUES, MODEL, yttria.density_image(CT), yttria.dose_image):
        pickle.loads(pickle.dumps(each))
    density = yttria.density_image(CT).resampled_on(DOSE)
    assert pickle.loads(pickle.dumps(density)).resampling == density.resampling
    for kind in vars(yttria.errors).values():
        if isinstance(kind, type) and issubclass(kind, YttriaError):
            error = pickle.loads(pickle.dumps(kind("what is wrong")))
            assert (type(error), str(error)) == (kind, "what is wrong")


def test_representations_fit_a_screen() -> None:
    large = yttria.Image(np.ones((20, 30, 40)), np.eye(4), "Gy")
    compared = evaluation.compare_doses(large, large, [yttria.Structure("Liver", large.array > 0, np.eye(4))])
    for each in (
        *(large, STRUCTURE, RESULT, RESULT.provenance, compared, compared.gamma, S_VALUES, PLAN, MODEL, SCALING),
        *(yttria.density_image(CT), large.resampled_on(large), yttria.media()[0], yttria.dose_point_kernel("liver")),
        *(compared.histograms["Liver"][0], compared.voxel_fractions["Liver"], yttria.Nuclide()),
        *(planning.partition_doses(np.ones(9), **TERRITORY), evaluation.parameter_sets()),
    ):
        lines = repr(each).splitlines()
        assert len(lines) <= 10, type(each)
        assert max(map(len, lines)) <= 200 or not hasattr(each, "__dataclass_fields__"), type(each)
        assert "array([" not in repr(each)


def test_array_like_is_one_member_of_a_union_for_any_version_of_numpy() -> None:
    arguments = importlib.import_module("yttria._foundation.arguments")
    optional = npt.ArrayLike | None
    assert set(arguments._members(optional)) == {npt.ArrayLike, type(None)}
    assert arguments._fits([[1, 0.5], [0.5, 1]], optional)
    assert not arguments._fits({1, 2}, optional)
    assert evaluation.combined_standard_uncertainty([1.0, 2.0], [[1, 0.5], [0.5, 1]]) == pytest.approx(7**0.5)
