"""Feed a reader mutated files for a given time (see README.md in this folder)."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports():
    import highdicom  # noqa: F401
    import nibabel
    import nrrd  # noqa: F401
    import pydicom  # noqa: F401

    from yttria import ContourStructure, Image, Structure, read_image, read_structures, write_image, write_structures
    from yttria.errors import YttriaError
    from yttria.io import dicom

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from contour_samples import box, ring
from dicom_samples import write_seg, write_series, write_spect
from image_samples import affine, nrrd_file, values

#: Largest processor time of one input in s.
LIMIT_S = 10

FOLDER = Path(tempfile.mkdtemp())


def refused_or_read(*ways: Callable[[], object]) -> None:
    for way in ways:
        with suppress(YttriaError):
            way()


def fuzz_dicom(data: bytes) -> None:
    path, neighbor = FOLDER / "x.dcm", FOLDER / "neighbor.dcm"
    path.write_bytes(data)
    refused_or_read(
        lambda: dicom.read_image([path, neighbor]),
        lambda: read_image(path),
        lambda: read_structures(path),
        lambda: dicom.activity_timing([path, neighbor]),
        lambda: dicom.inspect(path),
    )


def fuzz_seg(data: bytes) -> None:
    path = FOLDER / "x.dcm"
    path.write_bytes(data)
    refused_or_read(lambda: read_structures(path), lambda: dicom.inspect(path))


def fuzz_rtstruct(data: bytes) -> None:
    path = FOLDER / "x.dcm"
    path.write_bytes(data)
    grid = Image(np.zeros((5, 12, 14), np.uint8), np.diag([2.0, 2.0, 2.0, 1.0]), "1")

    def read(**rules: object) -> None:
        for structure in dicom.read_rtstruct(path, **rules):  # type: ignore[arg-type]
            fractions = structure.voxel_fractions_on(grid, threads=1).to_array()
            assert fractions.min() >= 0
            assert fractions.max() <= 1
            assert np.isfinite(structure.volume_ml)

    refused_or_read(
        read,
        lambda: read(end_caps="none", interpolation="none", slice_thickness_mm=1.0),
        lambda: read(through_voxel_centers_of=grid),
        lambda: dicom.inspect(path),
    )


def fuzz_rtdose(data: bytes) -> None:
    path = FOLDER / "x.dcm"
    path.write_bytes(data)
    refused_or_read(
        lambda: dicom.read_rtdose(path),
        lambda: dicom.read_rtdose(path, dose_type="EFFECTIVE"),
        lambda: read_image(path),
    )


def fuzz_nrrd(data: bytes) -> None:
    path = FOLDER / "x.nrrd"
    path.write_bytes(data)
    refused_or_read(lambda: read_image(path, unit="HU"), lambda: read_structures(path))


def fuzz_nifti(data: bytes) -> None:
    for name in ("x.nii", "x.nii.gz"):
        path = FOLDER / name
        path.write_bytes(data)
        refused_or_read(lambda path=path: read_image(path, unit="HU"), lambda path=path: read_structures(path))


def fuzz_texts(data: bytes) -> None:
    """MetaImage, Interfile and 3ddose: text headers."""
    (FOLDER / "x.raw").write_bytes(values("<f4").tobytes())
    for name in ("x.mha", "x.mhd", "x.hv", "x.3ddose"):
        path = FOLDER / name
        path.write_bytes(data)
        refused_or_read(lambda path=path: read_image(path, unit="HU"), lambda path=path: read_structures(path))


def dicom_seeds(corpus: Path) -> None:
    write_series(corpus / "pet", values(shape=(2, 5, 7)), affine("oblique"))
    write_series(corpus / "ct", values(shape=(2, 5, 7)), affine("oblique"), "CT")
    write_spect(corpus / "nm.dcm", values(shape=(2, 3, 4)), affine("plain"), mapping=(2.0, 0.0, "Bq/ml"))
    first, second = sorted((corpus / "pet").iterdir())
    second.rename(FOLDER / "neighbor.dcm")
    first.rename(corpus / "pet.dcm")
    for path in sorted((corpus / "ct").iterdir())[:1]:
        path.rename(corpus / "ct.dcm")


def seg_seeds(corpus: Path) -> None:
    write_series(FOLDER / "pet", values(shape=(2, 5, 7)), affine("oblique"))
    liver = np.zeros((2, 5, 7), bool)
    liver[:, 1:3, 2:5] = True
    for kind in ("BINARY", "LABELMAP", "FRACTIONAL"):
        write_seg(corpus / f"{kind}.dcm", {"Liver": liver}, FOLDER / "pet", kind)


def rtstruct_seeds(corpus: Path) -> None:
    drawn = {
        "box": [box((2, 10), (4, 12), z) for z in (0.0, 2.0, 4.0)],
        "ball": [ring(7, 8, z, r, n=9) for z, r in ((2.0, 3.0), (4.0, 5.0), (6.0, 3.0))],
        "shell": [p for z in (2.0, 4.0) for p in (box((2, 20), (2, 20), z), box((6, 12), (6, 12), z)[::-1])],
    }
    for name, contours in drawn.items():
        dicom.write_rtstruct([ContourStructure(name, contours)], corpus / f"{name}.dcm", reference=None)
    mask = np.ones((2, 3, 4), bool)
    mask[:, 1, 1:3] = False
    dicom.write_rtstruct([Structure("mask", mask, affine("oblique"))], corpus / "mask.dcm", reference=None)


def rtdose_seeds(corpus: Path) -> None:
    for kind, dose_type in (("plain", "PHYSICAL"), ("oblique", "EFFECTIVE")):
        dose = Image(values(shape=(3, 4, 5)), affine(kind), "Gy")
        dicom.write_rtdose(dose, corpus / f"{kind}.dcm", reference=None, dose_type=dose_type)


def nrrd_seeds(corpus: Path) -> None:
    image = Image(values(shape=(2, 3, 4)), affine("oblique"), "Bq/mL")
    write_image(image, corpus / "image.nrrd")
    nrrd_file(corpus / "raw.nrrd")
    nrrd_file(corpus / "text.nrrd", b"1 2 3 4 5 6 7 8", encoding="ascii", sizes="2 2 2")
    masks = [
        Structure(name, values(shape=(2, 3, 4)) > level, affine("plain")) for name, level in (("A", 20), ("B", 60))
    ]
    write_structures(masks, corpus / "structures.seg.nrrd")
    write_structures(masks[:1], corpus / "one.seg.nrrd")


def nifti_seeds(corpus: Path) -> None:
    image = Image(values(shape=(2, 3, 4)), affine("oblique"), "Bq/mL")
    mask = Structure("A", values(shape=(2, 3, 4)) > 50, affine("plain"))
    for suffix in (".nii", ".nii.gz"):
        write_image(image, corpus / f"image{suffix}")
        write_structures([mask], corpus / f"labels{suffix}")
    nibabel.Nifti2Image(np.ones((2, 3, 4), np.int16), np.eye(4)).to_filename(corpus / "two.nii")


def texts_seeds(corpus: Path) -> None:
    sizes = "NDims = 3\nDimSize = 7 5 4\nElementSpacing = 1 2 3\nElementType = MET_FLOAT\n"
    (corpus / "x.mhd").write_text(f"ObjectType = Image\n{sizes}ElementDataFile = x.raw\n")
    (corpus / "x.mha").write_bytes(f"{sizes}ElementDataFile = LOCAL\n".encode() + values("<f4").tobytes())
    size = "".join(
        f"!matrix size [{n}] := {count}\nscaling factor (mm/pixel) [{n}] := 2\n"
        for n, count in ((1, 7), (2, 5), (3, 4))
    )
    number = "!number format := float\n!number of bytes per pixel := 4\nimagedata byte order := LITTLEENDIAN\n"
    (corpus / "x.hv").write_text(f"!INTERFILE :=\nname of data file := x.raw\n{number}{size}!END OF INTERFILE :=\n")
    (corpus / "x.3ddose").write_text("2 1 1\n0 1 2\n0 1\n0 1\n5 6\n0.1 0.2\n")


KINDS = {
    "dicom": (fuzz_dicom, dicom_seeds),
    "seg": (fuzz_seg, seg_seeds),
    "rtstruct": (fuzz_rtstruct, rtstruct_seeds),
    "rtdose": (fuzz_rtdose, rtdose_seeds),
    "nrrd": (fuzz_nrrd, nrrd_seeds),
    "nifti": (fuzz_nifti, nifti_seeds),
    "texts": (fuzz_texts, texts_seeds),
}


def timed(target: Callable[[bytes], None], seconds: float) -> Callable[[bytes], None]:
    """Return the target, which is aborted if an input takes longer than the limit, and ends after so many seconds.

    Both count the time of the processor, because a busy machine must neither look like a hang nor use up the time.
    """
    signal.signal(signal.SIGPROF, lambda *_: os.abort())
    executions, start = 0, time.process_time()

    def run(data: bytes) -> None:
        nonlocal executions
        signal.setitimer(signal.ITIMER_PROF, LIMIT_S)
        target(data)
        signal.setitimer(signal.ITIMER_PROF, 0)
        executions += 1
        spent = time.process_time() - start
        if spent >= seconds:
            print(f"{sys.argv[1]}: {executions} executions in {spent:.0f} s, nothing found", flush=True)
            os._exit(0)

    return run


if __name__ == "__main__":
    kind, corpus, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    target, seeds = KINDS[kind]
    start = Path(tempfile.mkdtemp())
    seeds(start)
    corpus.mkdir(parents=True, exist_ok=True)
    limits = ["-timeout=900", "-rss_limit_mb=2048", "-max_len=8192"]
    atheris.Setup([sys.argv[0], str(corpus), str(start), *limits, *sys.argv[4:]], timed(target, seconds))
    atheris.Fuzz()
