"""Tests of the logic of the Slicer module with a stand-in that has Slicer's conventions of arrays and matrices."""

from __future__ import annotations

import ast
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from image_samples import KINDS, affine, values

import yttria
from conftest import ROOT
from yttria import geometry
from yttria.errors import ArgumentError, GeometryError, YttriaError

MODULE = ROOT / "integrations" / "slicer" / "YttriaDosimetry"
sys.path.insert(0, str(MODULE))

from YttriaDosimetryLib import dosimetry, nodes  # noqa: E402

RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


class Matrix:
    """`vtkMatrix4x4`, as far as it is used."""

    def __init__(self, array: Any) -> None:
        self.array = np.array(array, float)

    def DeepCopy(self, other: Matrix) -> None:  # noqa: N802
        self.array = other.array.copy()


class Volume:
    """`vtkMRMLScalarVolumeNode`: values (k, j, i) and a matrix from (i, j, k) to RAS."""

    def __init__(self, array: Any = None, ras: Any = None, name: str = "PET", transform: object = None) -> None:
        self.array, self.matrix, self.name, self.transform = (
            array,
            Matrix(np.eye(4) if ras is None else ras),
            name,
            transform,
        )
        self.attributes: dict[str, str] = {}

    def GetName(self) -> str:  # noqa: N802
        return self.name

    def GetParentTransformNode(self) -> object:  # noqa: N802
        return self.transform

    def GetIJKToRASMatrix(self, matrix: Matrix) -> None:  # noqa: N802
        matrix.DeepCopy(self.matrix)

    def SetIJKToRASMatrix(self, matrix: Matrix) -> None:  # noqa: N802
        self.matrix = matrix

    def SetAttribute(self, name: str, value: str) -> None:  # noqa: N802
        self.attributes[name] = value


class Segmentation(Volume):
    """`vtkMRMLSegmentationNode` with its `vtkSegmentation`: names and masks on the reference volume's grid."""

    def __init__(self, masks: dict[str, Any], **keywords: Any) -> None:
        super().__init__(name="Segmentation", **keywords)
        self.masks = {f"Segment_{n}": (name, mask) for n, (name, mask) in enumerate(masks.items())}

    def GetSegmentation(self) -> Segmentation:  # noqa: N802
        return self

    def GetNumberOfSegments(self) -> int:  # noqa: N802
        return len(self.masks)

    def GetNthSegmentID(self, n: int) -> str:  # noqa: N802
        return list(self.masks)[n]

    def GetSegment(self, segment: str) -> Any:  # noqa: N802
        return SimpleNamespace(GetName=lambda: self.masks[segment][0])


class StringArray:
    """`vtkStringArray`."""

    def __init__(self) -> None:
        self.name, self.values = "", list[str]()

    def SetName(self, name: str) -> None:  # noqa: N802
        self.name = name

    def InsertNextValue(self, value: str) -> None:  # noqa: N802
        self.values.append(value)


class Table:
    """`vtkMRMLTableNode`."""

    def __init__(self) -> None:
        self.columns: dict[str, list[str]] = {"old": ["x"]}

    def RemoveAllColumns(self) -> None:  # noqa: N802
        self.columns = {}

    def AddColumn(self, column: StringArray) -> None:  # noqa: N802
        self.columns[column.name] = column.values


UTIL = SimpleNamespace(
    arrayFromVolume=lambda node: node.array,
    vtkMatrixFromArray=Matrix,
    arrayFromVTKMatrix=lambda matrix: matrix.array,
    arrayFromSegmentBinaryLabelmap=lambda node, segment, reference: node.masks[segment][1],
    updateVolumeFromArray=lambda node, array: setattr(node, "array", array),
)


def scene(kind: str = "oblique") -> tuple[Volume, Segmentation]:
    """An activity volume, and a segmentation whose last segment has no voxel on its grid."""
    array = values().astype(np.float32) * 1e4
    masks = {"Liver": (array > 2e5).astype(np.uint8), "Tumor": (array > 8e5).astype(np.uint8), "Elsewhere": None}
    return Volume(array, RAS @ affine(kind)), Segmentation(masks)


@pytest.mark.parametrize("kind", KINDS)
def test_a_volume_lies_where_slicer_shows_it(kind: str) -> None:
    volume, _ = scene(kind)
    image = nodes.image_of_volume(volume, "Bq/mL", UTIL)
    ras = volume.matrix.array @ (2, 1, 3, 1)
    np.testing.assert_allclose(image.affine_lps @ (2, 1, 3, 1), ras * (-1, -1, 1, 1))
    assert image.array[3, 1, 2] == volume.array[3, 1, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_the_dose_lies_on_the_activity_and_equals_that_of_the_library(kind: str) -> None:
    volume, segmentation = scene(kind)
    settings = dosimetry.Settings(scan_delay_h=20.0)
    result, rows = dosimetry.dose_of_nodes(volume, segmentation, settings, UTIL)
    dose, table = Volume(), Table()
    words = dosimetry.show_result(result, rows, dose, table, UTIL, StringArray)
    np.testing.assert_allclose(dose.matrix.array, volume.matrix.array)
    expected = yttria.dose_image(
        yttria.Image(volume.array, affine(kind), "Bq/mL"),
        scaling=yttria.AbsoluteScaling(scan_delay_h=20.0),
        method="voxel_s_values",
        medium="liver",
        density_g_per_ml=1.05,
    )
    np.testing.assert_allclose(dose.array, expected.image.array, rtol=1e-6)
    assert dose.array.flags.writeable
    assert dose.attributes == {"yttria.unit": "Gy"}
    assert table.columns["structure"] == ["Liver", "Tumor"]
    assert "old" not in table.columns
    assert len(words.splitlines()) == len(result.advisories)


def test_relative_scaling_puts_the_delivered_activity_into_the_segment() -> None:
    volume, segmentation = scene()
    settings = dosimetry.Settings(relative_to="Liver", delivered_activity_gbq=2.0, lung_shunt_fraction=0.05)
    result, _ = dosimetry.dose_of_nodes(volume, segmentation, settings, UTIL)
    liver = nodes.structures_of_segmentation(segmentation, volume, UTIL)[0]
    fractions = geometry.fractions_of_mask(np.asarray(liver.mask))
    assert result.activity_mbq(fractions) == pytest.approx(1900.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (dosimetry.Settings(relative_to="Lung", delivered_activity_gbq=2.0), "one segment named 'Lung'.*Liver, Tumor"),
        (dosimetry.Settings(relative_to="Liver"), "needs the delivered activity in GBq"),
        (dosimetry.Settings(method="guess"), "method must be one of"),
        (dosimetry.Settings(unit="SUV"), "SUV"),
    ],
)
def test_missing_inputs_are_errors_that_slicer_shows(settings: dosimetry.Settings, words: str) -> None:
    volume, segmentation = scene()
    with pytest.raises(YttriaError, match=words):
        dosimetry.dose_of_nodes(volume, segmentation, settings, UTIL)


def test_a_node_under_a_transform_is_refused() -> None:
    volume, _ = scene()
    volume.transform = object()
    with pytest.raises(GeometryError, match="PET lies under a transform: harden it"):
        nodes.image_of_volume(volume, "Bq/mL", UTIL)
    with pytest.raises(GeometryError, match="Segmentation lies under a transform"):
        nodes.structures_of_segmentation(Segmentation({}, transform=object()), volume, UTIL)


def test_without_a_segmentation_there_is_a_dose_and_no_table() -> None:
    result, rows = dosimetry.dose_of_nodes(scene()[0], None, dosimetry.Settings(), UTIL)
    assert rows == []
    assert result.image.unit == "Gy"
    with pytest.raises(ArgumentError, match="none with a voxel"):
        dosimetry.dose_of_nodes(scene()[0], None, dosimetry.Settings(relative_to="Liver"), UTIL)


def test_the_panel_compiles_and_names_functions_of_the_logic() -> None:
    tree = ast.parse((MODULE / "YttriaDosimetry.py").read_text())
    used = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "YttriaDosimetryLib.dosimetry"
    ]
    assert {alias.name for node in used for alias in node.names} <= set(vars(dosimetry))
    names = next(
        {keyword.arg for keyword in node.keywords}
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Settings"
    )
    assert names == set(dosimetry.Settings.__dataclass_fields__)
