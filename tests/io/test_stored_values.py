"""Values in a file next to their header, with allowed places and kinds of the file, and the state after a failed
write."""

from __future__ import annotations

import gzip
import os
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK
from image_samples import affine, nrrd_file, values
from test_interfile import written as interfile
from test_metaimage import file_with as metaimage

from yttria import Image, Structure, read_image, read_structures, write_image, write_structures
from yttria.errors import FileFormatError, InsufficientMemoryError, YttriaError
from yttria.io.files import NAME
from yttria.io.opened import opened_files
from yttria.io.sources import sources_of


def detached(path: Path, data: str, payload: bytes = b"\n", **changes: str) -> Path:
    return nrrd_file(path, payload, data_file=data, **changes)


def raw(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(values("<f4").tobytes())
    return path


@pytest.mark.parametrize("name", ["x.nrrd", "x.nhdr"])
def test_values_beside_any_header_are_read_and_recorded(tmp_path: Path, name: str) -> None:
    raw(tmp_path / "values.raw")
    path = detached(tmp_path / name, "values.raw")
    with opened_files() as opened:
        np.testing.assert_array_equal(read_image(path, unit="1").array, values("<f4"))
    assert list(opened) == [path, tmp_path / "values.raw"]


def test_values_in_several_files_are_joined_in_order(tmp_path: Path) -> None:
    for n, plane in enumerate(values("<f4")):
        (tmp_path / f"{n}.gz").write_bytes(gzip.compress(plane.tobytes()))
    listed = b"3.gz\n2.gz\n1.gz\n0.gz\n"
    for data, payload, step in (
        ("LIST", listed, -1),
        ("LIST 2", listed, -1),
        ("%d.gz 0 3 1", b"\n", 1),
        ("%d.gz 3 0 -1 2", b"\n", -1),
    ):
        path = detached(tmp_path / "x.nhdr", data, payload, encoding="gzip")
        np.testing.assert_array_equal(read_image(path, unit="1").array, values("<f4")[::step])


@pytest.mark.parametrize("field", ["data file: LIST", "datafile: LIST 2"])
def test_the_names_of_a_list_follow_the_header_without_a_blank_line(tmp_path: Path, field: str) -> None:
    """Teem and ITK write and read it so."""
    for n, plane in enumerate(values("<f4")):
        (tmp_path / f"{n}.raw").write_bytes(plane.tobytes())
    path = detached(tmp_path / "x.nhdr", "LIST")
    header = path.read_bytes().partition(b"data file")[0].rstrip()
    path.write_bytes(header + f"\n{field}\n0.raw\n1.raw\n2.raw\n3.raw\n".encode())
    with opened_files() as opened:
        np.testing.assert_array_equal(read_image(path, unit="1").array, values("<f4"))
    assert len(opened) == 5


@pytest.mark.parametrize(
    ("data", "payload"),
    [
        ("LIST", b"0.raw\n0.raw\n"),
        ("LIST", b"\n"),
        ("LIST 9", b"0.raw\n"),
        ("LIST", b"0.raw\n" * 3),
        ("%d.raw 0 999999999 1", b"\n"),
        ("%s.raw 0 3 1", b"\n"),
        ("%d%d.raw 0 3 1", b"\n"),
        ("%99999999d.raw 0 3 1", b"\n"),
        ("absent.raw", b"\n"),
        ("", b"\n"),
        (".", b"\n"),
    ],
)
def test_names_of_values_that_cannot_be_are_refused(tmp_path: Path, data: str, payload: bytes) -> None:
    raw(tmp_path / "0.raw")
    with pytest.raises(FileFormatError, match=r"x\.nhdr"):
        read_image(detached(tmp_path / "x.nhdr", data, payload), unit="1")


def test_values_outside_the_folder_are_refused_unless_allowed(tmp_path: Path) -> None:
    store = raw(tmp_path / "store" / "values.raw")
    (tmp_path / "patient").mkdir()
    (tmp_path / "patient" / "link.raw").symlink_to(store)
    for data in ("../store/values.raw", str(store), "link.raw"):
        path = detached(tmp_path / "patient" / "x.nhdr", data)
        with pytest.raises(FileFormatError, match="outside the folder"):
            read_image(path, unit="1")
        for folder in (tmp_path, store.parent):
            np.testing.assert_array_equal(read_image(path, unit="1", data_folder=folder).array, values("<f4"))
    raw(tmp_path / "patient" / "sub" / "values.raw")
    assert read_image(detached(tmp_path / "patient" / "y.nhdr", "sub/values.raw"), unit="1").shape == (4, 5, 7)


def test_pipes_and_devices_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "x.nii")
    os.mkfifo(tmp_path / "x.mhd")
    path = detached(tmp_path / "x.nhdr", "pipe")
    (tmp_path / "zero.nrrd").symlink_to("/dev/zero")
    for file in (path, tmp_path / "x.nii", tmp_path / "x.mhd", tmp_path / "zero.nrrd"):
        with pytest.raises(FileFormatError, match="must be a regular file, got a pipe, a device or a socket"):
            read_image(file, unit="1")
    device = detached(tmp_path / "device.nhdr", "/dev/zero")
    with pytest.raises(FileFormatError, match="outside the folder"):
        read_image(device, unit="1")
    with pytest.raises(FileFormatError, match="regular file"):
        read_image(device, unit="1", data_folder="/dev")


def test_text_of_one_long_word_takes_no_memory(tmp_path: Path) -> None:
    words = b"1" * 40_000 + b" 1" * 20_000
    path = nrrd_file(tmp_path / "x.nrrd", words, encoding="ascii", sizes="200 100 1")
    with pytest.raises(FileFormatError, match="a number has more than 400 characters"):
        read_image(path, unit="1")
    path = nrrd_file(tmp_path / "x.nrrd", b"1 300 " * 70, encoding="ascii", type="uchar")
    with pytest.raises(FileFormatError, match=r"within \[0, 255\], got 1 to 300"):
        read_image(path, unit="1")
    path = nrrd_file(tmp_path / "x.nrrd", b"1 " * 139, encoding="ascii", sizes="2000 2000 2000")
    with pytest.raises(FileFormatError, match="cannot hold"):
        read_image(path, unit="1")


def test_numbers_that_cross_a_piece_of_the_text_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yttria.io.stored_values._PIECE", 7)
    text = " ".join(repr(float(x)) for x in values("<f4").ravel()).encode()
    path = nrrd_file(tmp_path / "x.nrrd", text, encoding="ascii")
    np.testing.assert_array_equal(read_image(path, unit="1").array, values("<f4"))


def test_more_values_than_memory_are_an_error_of_yttria(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    path = nrrd_file(tmp_path / "x.nrrd")
    # Others have the memory that they ask for.
    monkeypatch.setattr("yttria.io.stored_values.np", SimpleNamespace(**vars(np) | {"empty": full}))
    with pytest.raises(InsufficientMemoryError, match=r"x\.nrrd"):
        read_image(path, unit="1")


def image(factor: float) -> Image:
    return Image(values() * np.float32(factor), affine("plain"), "Gy")


@pytest.mark.parametrize("fails", ["_write_values", "_header_text"])
def test_a_failed_write_of_a_detached_header_leaves_the_old_image_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    path = tmp_path / "x.nhdr"
    write_image(image(1), path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"yttria.io.nrrd.{fails}", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_image(image(2), path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    np.testing.assert_array_equal(read_image(path).array, values())


def test_a_detached_header_written_again_has_one_file_of_values(tmp_path: Path) -> None:
    path = tmp_path / "x.nhdr"
    for factor in (1, 2, 3, 3, 1):
        write_image(image(factor), path)
        np.testing.assert_array_equal(read_image(path).array, values() * np.float32(factor))
        assert len(list(tmp_path.iterdir())) == 2


def test_a_file_of_values_of_another_program_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "x.raw.gz").write_bytes(b"somebody's")
    write_image(image(1), tmp_path / "x.nhdr")
    write_image(image(2), tmp_path / "x.nhdr")
    assert (tmp_path / "x.raw.gz").read_bytes() == b"somebody's"
    np.testing.assert_array_equal(read_image(tmp_path / "x.nhdr").array, values() * np.float32(2))


def test_a_folder_is_not_read_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "x.nrrd").mkdir()
    with pytest.raises(IsADirectoryError):
        read_structures(tmp_path / "x.nrrd")


_watched: list[set[str]] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _watched and isinstance(arguments[0], str):
        _watched[-1].add(arguments[0])


sys.addaudithook(_watch)


def _readable(folder: Path) -> list[Path]:
    """One file of every format and form whose values or names come from more than one file."""
    plain = Image(values(np.uint8), affine("plain"), "1")
    for name in ("a.nrrd", "a.nhdr", "a.nii", "a.nii.gz"):
        write_image(plain, folder / name)
    raw(folder / "values.raw")
    detached(folder / "b.nrrd", "values.raw")
    write_structures([Structure("liver", plain.array > 50, affine("plain"))], folder / "c.seg.nrrd")
    write_image(plain, folder / "d_dseg.nii.gz")
    (folder / "d_dseg.tsv").write_text("index\tname\n5\tliver\n")
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(plain.array), folder / "e.mhd", useCompression=True)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(plain.array), folder / "f.mha")
    interfile(folder / "g.hv")
    (folder / "h.3ddose").write_text("1 1 1\n0 1\n0 1\n0 1\n5\n0.1\n")
    for n, plane in enumerate(values("<f4")):
        (folder / f"i{n}.raw").write_bytes(plane.tobytes())
    listed = "".join(f"i{n}.raw\n" for n in range(4)).encode()
    metaimage(folder / "i.mhd", listed, ElementDataFile="LIST")
    metaimage(folder / "j.mhd", b"\n", ElementDataFile="i%d.raw 0 3 1")
    detached(folder / "k.nhdr", "LIST", listed)
    detached(folder / "l.nhdr", "i%d.raw 0 3 1")
    (folder / "masks").mkdir()
    write_image(plain.with_array((plain.array > 50).astype(np.uint8), "1"), folder / "masks" / "liver.nhdr")
    return [*(p for p in sorted(folder.iterdir()) if NAME.match(p.name)), folder / "masks"]


@pytest.mark.claim("opened_files")
def test_every_file_that_a_reader_opens_is_recorded(tmp_path: Path) -> None:
    paths = _readable(tmp_path)
    assert len(paths) == 16
    for path in paths:
        for read in (lambda p: read_image(p, unit="1"), read_structures):
            _watched.append(set())
            with opened_files() as opened, suppress(YttriaError):
                read(path)
            found = {name for name in _watched.pop() if name.startswith(str(tmp_path))}
            assert found <= {str(p) for p in opened}, path
            # A batch also lists them beforehand.
            assert found <= {str(p) for p in sources_of(path)}, path
