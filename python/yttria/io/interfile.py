"""Reader of Interfile 3.3 and its variants: SPECT consoles (`.h33`), STIR (`.hv`), SIMIND (`.h00`), GATE.

Keys: Todd-Pokropek, Cradduck, Deconinck, A file format for the exchange of nuclear medicine image data, Nucl Med Commun
1992;13:673, and their use in STIR (https://github.com/UCL/STIR, InterfileHeader). Values are in a file beside the
header. The standard defines neither the position of an image nor the directions of its axes. Each assumption about them
gives an advisory, and `orientation` replaces it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._foundation.choices import IsotopeName
from .._foundation.units import states_nothing
from ..advisory import Advisory, advise
from ..errors import GeometryError
from ..geometry.affine import Affine
from ..geometry.image import Image
from ..geometry.nifti_affine import SAME_SIZE
from ..geometry.structure import Structure
from ._common import ReadOptions, agreed_unit, in_unit
from .dicom.nuclide import is_name_of
from .labelmap import from_labelmap
from .stated_nuclide import other_nuclide
from .stored_values import LONGEST_HEADER, Stored, open_regular, read_beside
from .text_header import TextHeader, checked_sizes, oriented

_FORMATS = {
    **dict.fromkeys(("unsigned integer", "unsigned int", "unsigned short", "unsigned char"), "u"),
    **dict.fromkeys(("signed integer", "signed int", "signed short", "short", "integer"), "i"),
    **dict.fromkeys(("float", "short float", "long float", "double"), "f"),
}
_BYTES = {"short float": 4, "long float": 8, "double": 8}
#: Directions of x, y and z by the patient's orientation and rotation, as in STIR since version 4.
_STIR_AXES = {
    ("head_in", "supine"): "LPI",
    ("head_in", "prone"): "RAI",
    ("feet_in", "supine"): "RPS",
    ("feet_in", "prone"): "LAS",
}
#: Keys that may occur twice only if their values agree.
_ONCE = (
    *("matrix size", "scaling factor", "first pixel offset", "number of slices", "slice thickness", "centre-centre"),
    *("name of data file", "data offset", "data starting block", "number format", "number of bytes", "imagedata"),
    *("image scaling factor", "quantification units", "data rescale", "patient orientation", "patient rotation"),
)
_PROJECTIONS = ("view", "tangential", "bin", "segment", "projection", "axial coordinate")
_FACTORS = ("image scaling factor", "quantification units", "data rescale slope", "rescale slope")
_UNIT_KEYS = ("yttria_unit", "image data units", "data units", "units", "quantifier units", "quantification units")
#: Largest slice distance in mm of a patient's image.
_LARGEST_SLICE_MM = 30.0


def read_image(path: Path, options: ReadOptions) -> Image:
    """Read an image; see `yttria.io.read_image`."""
    image, unit, header = _read(path, options)
    image = in_unit(image, agreed_unit(path, unit, options.unit))
    return replace(image, advisories=(*image.advisories, *_nuclide_doubts(path, header, options.isotope)))


def read_structures(
    path: Path, names: Sequence[str] | None, labels: Mapping[int, str] | None, options: ReadOptions
) -> list[Structure]:
    """Read structures; see `yttria.io.read_structures`."""
    image, unit, _ = _read(path, options)
    return from_labelmap(path, image, names, labels, {}, unit=unit)


def _nuclide_doubts(path: Path, header: TextHeader, isotope: IsotopeName) -> tuple[Advisory, ...]:
    """Compare the nuclide and the half-life that STIR and others write with the expected isotope."""
    name, half_life = header.text("isotope name"), header.text("isotope gamma halflife (sec)")
    return other_nuclide(
        path.name,
        isotope,
        name=f"isotope name {name!r:.60}",
        is_expected=name is None or is_name_of(name, isotope) is not False,
        half_life_s=float(half_life) if half_life and _is_number(half_life) else None,
    )


def _read(path: Path, options: ReadOptions) -> tuple[Image, str | None, TextHeader]:
    with open_regular(path) as file:
        header = _header(file.read(LONGEST_HEADER))
    _check_image(header)
    stored, advisories = _stored(path, header)
    affine, more = _affine(path, header, stored.shape, options.orientation)
    name = header.text("name of data file")
    if name is None:
        raise ValueError("the header has no 'name of data file'")
    base = re.split(r"[\\/]", name)[-1]
    if base != name and base and not (path.parent / name).exists() and (path.parent / base).is_file():
        advisories.append(advise("data_file_beside_header", file=path.name, stated=name, taken=base))
        name = base
    array = _scaled(header, read_beside(path, [name], options.data_folder, stored))
    if (factor := header.number("calibration factor")) not in (None, 0.0, 1.0):
        advisories.append(advise("calibration_factor_not_applied", file=path.name, factor=factor))
    # Some writers state a factor as "quantification units", others a unit.
    stated = (header.text(key) for key in _UNIT_KEYS)
    unit = next((text for text in stated if text and not _is_number(text) and not states_nothing(text)), None)
    return Image(array, affine, "1", advisories=(*advisories, *more)), unit, header


def _header(data: bytes) -> TextHeader:
    text = data.decode("latin-1").lstrip("\ufeff\u00ef\u00bb\u00bf")
    if not _key(text.split(":=")[0][:40]).startswith("interfile"):
        raise ValueError("it does not begin with '!INTERFILE': headers of Analyze and NIfTI pairs are not read")
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, sign, value = line.split(";")[0].partition(":=")
        key, value = _key(key), value.strip()
        if key == "end of interfile":
            return TextHeader(fields=fields)
        # Other keys may occur once for each detector head or energy window.
        if sign and value and fields.setdefault(key, value) != value and key.startswith(_ONCE):
            raise ValueError(f"the header states '{key}' twice, with different values")
    return TextHeader(fields=fields)


def _key(text: str) -> str:
    """Normalize a key: "!", case and the number of blanks are ignored."""
    plain = " ".join(text.replace("_", " ").casefold().split()).lstrip("!% ")
    return plain.replace(" [", "[").replace("[ ", "[").replace(" ]", "]")


def _check_image(header: TextHeader) -> None:
    labels = [header.text(f"matrix axis label[{n}]") or "" for n in (1, 2, 3, 4)]
    acquired = (header.text("process status") or "").casefold() == "acquired"
    if acquired or any(word in label.casefold() for label in labels for word in _PROJECTIONS):
        raise ValueError("it holds projections, not an image: reconstruct them first")
    if (kind := (header.text("pet data type") or "image").casefold()) != "image":
        raise ValueError(f"it holds PET data of the type '{kind}', not an image")
    if any(label and label.casefold() != axis for label, axis in zip(labels, "xyz", strict=False)):
        raise ValueError(f"the axes must be x, y and z, got {', '.join(labels[:3])}")
    if (plane := (header.text("slice orientation") or "transverse").casefold()) not in ("transverse", "transaxial"):
        raise ValueError(f"slices must be transverse, got '{plane}'")
    for key in (
        "number of time frames",
        "number of energy windows",
        "number of image data types",
        "number of time windows",
    ):
        if (count := header.whole(key) or 1) > 1:
            raise ValueError(f"an image must be one volume, got {key} {count}")


def _stored(path: Path, header: TextHeader) -> tuple[Stored, list[Advisory]]:
    planes = header.whole("matrix size[3]")
    slices = header.whole("number of slices")
    if planes is not None and slices is not None and planes != slices:
        raise ValueError(f"the header contradicts itself: matrix size [3] is {planes}, number of slices is {slices}")
    # In a file of projections, this would be their number.
    images = None if "number of projections" in header.fields else header.whole("total number of images")
    sizes = (
        planes or slices or images,
        *(header.whole(f"matrix size[{n}]") for n in (2, 1)),
    )
    if any(size is None for size in sizes):
        raise ValueError("the header must have 'matrix size' [1], [2] and [3], or 'number of slices'")
    name = (header.text("number format") or "unsigned integer").casefold()
    count = header.whole("number of bytes per pixel") or _BYTES.get(name)
    if name not in _FORMATS or count not in ((4, 8) if _FORMATS[name] == "f" else (1, 2, 4, 8)):
        raise ValueError(f"number format '{name}' with {count} bytes per pixel is not known")
    if count is None or count != _BYTES.get(name, count):
        raise ValueError(f"number format '{name}' does not have {count} bytes per pixel")
    dtype, advisories = np.dtype(f"{_FORMATS[name]}{count}"), list[Advisory]()
    order = (header.text("imagedata byte order") or "").casefold().replace(" ", "")
    if order not in ("littleendian", "bigendian"):
        if order:
            raise ValueError(f"imagedata byte order must be LITTLEENDIAN or BIGENDIAN, got '{order}'")
        if count > 1:
            advisories.append(advise("byte_order_assumed", file=path.name))
    skip = header.whole("data offset in bytes", "data offset in bytes[1]")
    block = header.whole("data starting block")
    skip = skip if skip is not None else 2048 * (block or 0)
    if skip < 0:
        raise ValueError(f"the data offset must not be negative, got {skip}")
    dtype = dtype.newbyteorder("<" if order == "littleendian" else ">")
    return Stored(shape=tuple(int(size or 0) for size in sizes), dtype=dtype, byte_skip=skip), advisories


def _affine(
    path: Path, header: TextHeader, shape: tuple[int, ...], orientation: str | None
) -> tuple[Affine, list[Advisory]]:
    found: list[Advisory] = []
    keys = [f"scaling factor (mm/pixel)[{n}]" for n in (1, 2)]
    sizes = [checked_sizes(header.numbers(1, key), key)[0] for key in keys]
    sizes.append(_slice_distance(path, header, sizes[0], found))
    offsets = [header.number(f"first pixel offset (mm)[{n}]") for n in (1, 2, 3)]
    place = np.eye(4)
    place[:3, :3] = np.diag(sizes)
    if None in offsets:
        place[:3, 3] = [-(n - 1) / 2 * size for n, size in zip(reversed(shape), sizes, strict=True)]
        found.append(advise("position_assumed", "interfile", file=path.name))
    else:
        place[:3, 3] = offsets
    if orientation is None:
        keys = ["patient orientation", "patient rotation"]
        position = [(header.text(key) or "unknown").casefold().replace(" ", "_") for key in keys]
        known = _STIR_AXES.get((position[0], position[1]))
        orientation = known or "LPI"
        stated = " and ".join(position) if known else "unknown, so head_in and supine were assumed"
        found.append(
            advise("orientation_assumed", "interfile", file=path.name, orientation=orientation, position=stated)
        )
    return oriented(orientation) @ place, found


def _slice_distance(path: Path, header: TextHeader, pixel_mm: float, found: list[Advisory]) -> float:
    """Return the distance of slices in mm, stated directly or in pixels; some programs write mm in the latter."""
    key = "centre-centre slice separation (pixels)"
    pixels = header.number(key, "center-center slice separation (pixels)")
    pixels = header.number("slice thickness (pixels)") if pixels is None else pixels
    if (stated := header.number("scaling factor (mm/pixel)[3]")) is not None:
        taken = checked_sizes([stated], "scaling factor (mm/pixel)[3]")[0]
        # The value is in pixels, or in mm in spite of the key.
        readings = [] if pixels is None else [pixels * pixel_mm, pixels]
        if readings and not any(math.isclose(taken, reading, rel_tol=SAME_SIZE) for reading in readings):
            found.append(advise("slice_distance_differs", file=path.name, taken_mm=taken, pixels=pixels))
        return taken
    distance = checked_sizes(None if pixels is None else [pixels], key)[0]
    if math.isclose(distance, 1.0):
        return pixel_mm
    if math.isclose(distance, pixel_mm, rel_tol=1e-3):
        taken, why = pixel_mm, "It equals the size of a pixel in mm, so it was taken for mm"
    else:
        taken, why = distance * pixel_mm, "It was taken for pixels, as the key states"
    if taken > _LARGEST_SLICE_MM:
        raise GeometryError(
            f"slices would be {taken:g} mm apart by '{key}' of {distance:g}, which is not plausible: state 'scaling "
            "factor (mm/pixel) [3]'"
        )
    found.append(advise("slice_distance_assumed", file=path.name, pixels=distance, why=why, taken_mm=taken))
    return taken


def _scaled(header: TextHeader, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Multiply the values by the header's factor, which may be under several keys, and add its offset."""
    factors = []
    for key in _FACTORS:
        text = header.text(f"{key}[1]", key)
        if text is not None and (_is_number(text) or "{" in text):
            values = np.array([float(word) for word in text.strip("{} ").replace(",", " ").split()])
            if values.size not in (1, len(array)) or not np.isfinite(values).all() or (values == 0).any():
                raise ValueError(f"{key} must be one finite factor, or one for each slice, got '{text:.80}'")
            if (values != 1).any():
                factors.append(values)
    if any(not np.array_equal(factors[0], other) for other in factors[1:]):
        raise ValueError("the header states two different factors for its values")
    offset = header.number("data rescale offset", "rescale intercept", "rescale offset") or 0.0
    if not factors and not offset:
        return array
    factor = factors[0] if factors else np.ones(1)
    scaled: npt.NDArray[Any] = array * factor.reshape(-1, 1, 1) + offset
    return scaled


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
