"""Structures from labelmaps, folders of masks and segmentations: names, limits on their number, shared memory."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pytest
from image_samples import SHAPE, affine, nrrd_file

from yttria import Image, Structure, read_image, read_structures, write_image, write_structures
from yttria.errors import ArgumentError, DuplicateNameError, FileFormatError, UnitError, UnknownNameError
from yttria.io.files import may_be_dicom
from yttria.io.opened import opened_files

LABELMAP = np.zeros(SHAPE, np.uint8)
LABELMAP[1:3, 2:4, 1:6] = 5
LABELMAP[3, 4, 6] = 9
TABLE = (
    '<?xml version="1.0" encoding="UTF-8"?> <CaretExtension>  <Date><![CDATA[2013-07-14T05:45:09]]></Date>   '
    '<VolumeInformation Index="0">   <LabelTable>\n<Label Key="1" Red="1" Green="0" Blue="0" Alpha="1">'
    '<![CDATA[spleen]]></Label>\n<Label Key="5" Red="1" Green="0" Blue="0" Alpha="1"><![CDATA[liver]]>'
    "</Label>\n  </LabelTable>  "
    "<StudyMetaDataLinkSet>  </StudyMetaDataLinkSet>  <VolumeType><![CDATA[Label]]></VolumeType>   </VolumeInformation>"
    "</CaretExtension>\n              "
)


def labelmap(path: Path, table: str | None = None, array: npt.NDArray[np.generic] = LABELMAP, code: int = 0) -> Path:
    image = nibabel.Nifti1Image(array.T, np.diag([-1.5, -2.25, 3.5, 1]))
    if table is not None:
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension(code, table.encode()))
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
def test_names_come_from_the_label_table_that_totalsegmentator_writes(tmp_path: Path, name: str) -> None:
    path = labelmap(tmp_path / name, TABLE)
    assert [(s.name, s.label) for s in read_structures(path)] == [("liver", 5), ("label 9", 9)]
    assert [s.name for s in read_structures(path, names=["liver"])] == ["liver"]
    assert [s.name for s in read_structures(path, labels={9: "tumor"})] == ["tumor"]


@pytest.mark.parametrize("code", [4, 6, 30, 44])
def test_the_label_table_is_found_under_any_code(tmp_path: Path, code: int) -> None:
    """Code 30 is Caret's, for which nibabel has no interpretation."""
    path = labelmap(tmp_path / "x.nii", TABLE, code=code)
    assert [s.name for s in read_structures(path)] == ["liver", "label 9"]


def test_names_come_from_a_bids_table_beside_the_file(tmp_path: Path) -> None:
    path = labelmap(tmp_path / "sub-1_dseg.nii.gz")
    table = tmp_path / "sub-1_dseg.tsv"
    table.write_bytes("\ufeffindex\tname\tabbreviation\r\n5\tLiver µ\tL\r\n7\tspleen\tS\r\n".encode())
    with opened_files() as opened:
        assert [s.name for s in read_structures(path)] == ["Liver µ", "label 9"]
    assert set(opened) == {path, table}
    (tmp_path / "labels.tsv").write_text("index\tname\n5\tnot for this one\n")
    assert read_structures(labelmap(tmp_path / "labels.nii"))[0].name == "label 5"


def test_a_bids_table_is_inherited_from_folders_above_and_the_nearest_counts(tmp_path: Path) -> None:
    folder = tmp_path / "sub-1" / "pet"
    folder.mkdir(parents=True)
    path = labelmap(folder / "sub-1_desc-liver_dseg.nii.gz")

    def name_with(table: Path, name: str) -> str:
        table.write_text(f"index\tname\n5\t{name}\n9\tn/a\n")
        first, second = read_structures(path)
        assert second.name == "label 9"
        return first.name

    # Without the mark of a data set, no file above the folder belongs to it.
    assert name_with(tmp_path / "dseg.tsv", "above") == "label 5"
    (tmp_path / "dataset_description.json").write_text("{}")
    assert [s.name for s in read_structures(path)] == ["above", "label 9"]
    assert name_with(tmp_path / "desc-liver_dseg.tsv", "more entities") == "more entities"
    assert name_with(tmp_path / "sub-1" / "sub-2_dseg.tsv", "of another subject") == "more entities"
    assert name_with(tmp_path / "sub-1" / "sub-1_dseg.tsv", "nearer") == "nearer"
    with opened_files() as opened:
        assert name_with(folder / "sub-1_desc-liver_dseg.tsv", "own") == "own"
    assert set(opened) == {path, folder / "sub-1_desc-liver_dseg.tsv"}


@pytest.mark.parametrize(
    "table",
    ["5\tLiver\n", "index\tname\nfive\tLiver\n", "index\tname\n5\tLiver\n5\tSpleen\n", "index\n5\n", "\x00\xff"],
)
def test_a_damaged_table_of_names_is_an_error_that_names_it(tmp_path: Path, table: str) -> None:
    path = labelmap(tmp_path / "x_dseg.nii")
    (tmp_path / "x_dseg.tsv").write_text(table, encoding="latin-1")
    with pytest.raises(FileFormatError, match=r"x_dseg\.tsv"):
        read_structures(path)


def test_two_tables_that_differ_are_refused(tmp_path: Path) -> None:
    path = labelmap(tmp_path / "x_dseg.nii", TABLE)
    (tmp_path / "x_dseg.tsv").write_text("index\tname\n5\tspleen\n")
    with pytest.raises(FileFormatError, match=r"label 5 is 'liver' in its header but 'spleen' in .*x_dseg\.tsv"):
        read_structures(path)


@pytest.mark.parametrize(
    "table",
    [
        TABLE.replace("</LabelTable>", ""),
        TABLE.replace('Key="5"', 'Key="five"'),
        TABLE.replace("<CaretExtension>", '<!DOCTYPE x [<!ENTITY a "aaaa">]><CaretExtension>&a;'),
    ],
)
def test_a_damaged_label_table_is_an_error(tmp_path: Path, table: str) -> None:
    with pytest.raises(FileFormatError, match=r"x\.nii: the label table of its header"):
        read_structures(labelmap(tmp_path / "x.nii", table))


@pytest.mark.claim("image_is_no_labelmap")
def test_an_image_is_no_labelmap(tmp_path: Path, shared_data: Path) -> None:
    (path,) = (shared_data / "failing" / "06_labelmap_bomb").glob("*.nrrd")
    tracemalloc.start()
    with pytest.raises(FileFormatError, match=r"at most 512 different values.*is this an image"):
        read_structures(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * path.stat().st_size + 2 * 256 * 256 * 25 * 2


def test_labels_without_bound_are_refused_before_masks_are_made(tmp_path: Path) -> None:
    many = np.arange(20 * 30 * 40, dtype=np.int32).reshape(20, 30, 40)
    with pytest.raises(FileFormatError, match="is this an image"):
        read_structures(labelmap(tmp_path / "x.nii", array=many))
    write_image(Image(LABELMAP, affine("plain"), "HU"), tmp_path / "ct.nii")
    with pytest.raises(FileFormatError, match=r"must have no unit, got 'HU'.*is this an image"):
        read_structures(tmp_path / "ct.nii")


def test_structures_of_one_labelmap_share_its_memory(tmp_path: Path) -> None:
    array = np.zeros((40, 50, 60), np.uint8)
    array.reshape(-1)[: 200 * 100] = np.repeat(np.arange(1, 201), 100)
    path = labelmap(tmp_path / "x.nii", array=array)
    tracemalloc.start()
    structures = read_structures(path)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(structures) == 200
    assert held < 3 * array.nbytes
    assert peak < 20 * array.nbytes
    for structure in (structures[0], structures[199]):
        np.testing.assert_array_equal(structure.mask, array == structure.label)
        assert not structure.mask.flags.writeable
        assert structure.volume_ml == pytest.approx(100 * 1.5 * 2.25 * 3.5e-3)
    copy = pickle.loads(pickle.dumps(structures[7]))
    np.testing.assert_array_equal(copy.mask, structures[7].mask)
    moved = structures[7].transformed(np.diag([1.0, 1, 1, 1]))
    np.testing.assert_array_equal(moved.mask, structures[7].mask)


def masks(folder: Path) -> Path:
    write_image(Image((LABELMAP == 5).astype(np.uint8), affine("plain"), "1"), folder / "liver.nii.gz")
    write_image(Image((LABELMAP == 9).astype(np.float32) * 0.5, affine("oblique"), "1"), folder / "Tumor 1.nrrd")
    write_image(Image(LABELMAP // 5 * 255, affine("plain"), "1"), folder / "spleen.nhdr")
    (folder / "notes.txt").write_text("not a mask")
    return folder


def test_a_folder_of_masks_is_one_structure_a_file(tmp_path: Path) -> None:
    folder = masks(tmp_path)
    with opened_files() as opened:
        tumor, liver, spleen = read_structures(folder)
    # Other files are opened only to check that they are not DICOM.
    assert {p.name for p in opened} - {"notes.txt"} == {"Tumor 1.nrrd", "liver.nii.gz", "spleen.nhdr", "spleen.raw.gz"}
    assert (tumor.name, liver.name, spleen.name) == ("Tumor 1", "liver", "spleen")
    np.testing.assert_array_equal(liver.mask, LABELMAP == 5)
    np.testing.assert_array_equal(spleen.mask, LABELMAP > 0)
    np.testing.assert_array_equal(tumor.mask, (LABELMAP == 9) * 0.5)
    np.testing.assert_array_equal(tumor.affine_lps, affine("oblique"))
    assert not may_be_dicom(folder)


def test_of_a_folder_of_masks_only_the_wanted_files_are_read(tmp_path: Path) -> None:
    folder = masks(tmp_path)
    (folder / "damaged.nii").write_bytes(b"")
    with opened_files() as opened:
        assert [s.name for s in read_structures(folder, only="li*")] == ["liver"]
        assert [s.name for s in read_structures(folder, names=["liver"])] == ["liver"]
    assert {p.name for p in opened if p.name.endswith((".nii", ".gz", ".nrrd", ".nhdr"))} - {"spleen.raw.gz"} == {
        "liver.nii.gz"
    }
    with pytest.raises(FileFormatError, match=r"damaged\.nii"):
        read_structures(folder)
    with pytest.raises(UnknownNameError, match=r"structure must be one of .*, got 'kidney'"):
        read_structures(folder, names=["kidney"])
    with pytest.raises(ArgumentError, match="use names=, not labels="):
        read_structures(folder, labels={1: "x"})


def test_a_file_that_is_no_mask_in_a_folder_of_masks_is_refused(tmp_path: Path) -> None:
    folder = masks(tmp_path)
    write_image(Image(LABELMAP, affine("plain"), "1"), folder / "several.nrrd")
    with pytest.raises(FileFormatError, match=r"several\.nrrd: a mask must hold 0 and one other value, got 2 others"):
        read_structures(folder)
    write_image(Image(LABELMAP, affine("plain"), "Bq/mL"), folder / "several.nrrd")
    with pytest.raises(UnitError, match="in Bq/mL, not 1"):
        read_structures(folder)
    write_image(Image(LABELMAP, affine("plain"), "1"), folder / "liver.nrrd")
    with pytest.raises(DuplicateNameError, match=r"'liver' must be in one file, got liver\.nii\.gz and liver\.nrrd"):
        read_structures(folder)


def test_an_image_in_a_folder_of_masks_is_refused_and_fractions_are_noted(tmp_path: Path) -> None:
    folder = masks(tmp_path)
    fractions = np.where(LABELMAP == 5, np.float32(0.25), np.float32(0))
    for other in (3000, -0.5, np.nan):
        image = np.where(LABELMAP == 9, np.float32(other), fractions)
        write_image(Image(image, affine("plain"), "1"), folder / "pet.nrrd")
        with pytest.raises(FileFormatError, match=r"pet\.nrrd: a mask must hold .*: is this an image\?"):
            read_structures(folder, names=["pet"])
    write_image(Image(fractions, affine("plain"), "1"), folder / "pet.nrrd")
    (found,) = read_structures(folder, names=["pet"])
    assert [(a.code, a.severity) for a in found.advisories] == [("mask_of_fractions", "note")]
    np.testing.assert_array_equal(found.mask, fractions)


def test_an_image_of_eight_bits_is_no_labelmap(tmp_path: Path) -> None:
    array = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
    path = labelmap(tmp_path / "x_dseg.nii", array=array)
    with pytest.raises(FileFormatError, match="255 different values and names none of them: is this an image"):
        read_structures(path)
    assert [s.name for s in read_structures(path, labels={7: "liver"})] == ["liver"]
    (tmp_path / "x_dseg.tsv").write_text("index\tname\n5\tliver\n")
    assert len(read_structures(path)) == 255


def segmentation(path: Path, *names: str) -> Path:
    keys = [
        f"Segment{n}_{key}:={value}"
        for n, name in enumerate(names)
        for key, value in (("ID", f"S{n}"), ("Name", name), ("Layer", 0), ("LabelValue", n + 1))
    ]
    nrrd_file(path, b"\0", type="uchar", endian=None)
    path.write_bytes(path.read_bytes()[:-2] + "".join(f"{k}\n" for k in keys).encode() + b"\n" + LABELMAP.tobytes())
    return path


def test_thousands_of_segments_are_refused_before_masks_are_made(tmp_path: Path) -> None:
    path = segmentation(tmp_path / "x.seg.nrrd", *(f"T{n}" for n in range(2000)))
    with pytest.raises(FileFormatError, match="a segmentation must have at most 512 segments, got 2000"):
        read_structures(path)
    with pytest.raises(FileFormatError, match="holds a segmentation"):
        read_image(path, unit="1")


def test_names_with_invisible_characters_give_a_warning(tmp_path: Path) -> None:
    path = segmentation(tmp_path / "x.seg.nrrd", "a", "b", "c", "d", "Tumor\x1b[31m", "f", "g", "h", "Tum\u202eor")
    structures = read_structures(path)
    assert structures[4].name == "Tumor\x1b[31m"
    for n in (4, 8):
        (advisory,) = [a for a in structures[n].advisories if a.code == "control_characters_in_name"]
        assert advisory.severity == "warning"
        assert advisory.message.isprintable()
    with pytest.raises(FileFormatError, match=r"x\.seg\.nrrd: a structure's name must be a text without NUL"):
        read_structures(segmentation(tmp_path / "x.seg.nrrd", "Tumor\0"))


def test_written_structures_keep_names_that_other_readers_may_not(tmp_path: Path) -> None:
    write_structures([Structure("Leber\tµ", LABELMAP == 5, affine("plain"))], tmp_path / "x.nii")
    (liver,) = read_structures(tmp_path / "x.nii")
    assert (liver.name, [a.code for a in liver.advisories]) == ("Leber\tµ", ["control_characters_in_name"])
