"""Search for mistakes in the declared values of a case before a file is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .._core import _density_g_per_ml
from .._foundation.choices import DEFAULT_MEDIUM, MEDIA, METHODS, PARTIAL_VOLUME_METHODS, RAY_SETTINGS
from .._foundation.numbers import one_of
from ..errors import ArgumentError, YttriaError
from ..voxel.method_options import method_problems
from .fields import Field

Problems = Iterator[tuple[str, YttriaError]]


def field_problems(fields: Mapping[str, Field], declared: Mapping[str, Any]) -> Problems:
    """Find values that are wrong by themselves."""
    for name, field in fields.items():
        value = declared.get(name)
        # Most fields of most cases have their default, which is never wrong by itself.
        if value is field.default and not field.required:
            continue
        try:
            field.check(value)
        except YttriaError as error:
            yield name, error


def joint_problems(fields: Mapping[str, Field], declared: Mapping[str, Any]) -> Problems:
    """Find values that contradict each other, although each is valid by itself."""
    yield from _of_method(declared)
    yield from _of_structures(fields, declared)
    yield from _of_scaling(declared)
    yield from _of_partial_volume(declared)
    yield from _of_uncertainty(declared)


def _of_method(declared: Mapping[str, Any]) -> Problems:
    method = one_of("method", declared["method"], METHODS)
    if method != "superposition" and declared.get("ray_setting", RAY_SETTINGS[0]) != RAY_SETTINGS[0]:
        yield "ray_setting", ArgumentError(f"ray_setting applies only to method superposition, got method {method}")
    simulation = {name: declared.get(name) or None for name in ("histories", "relative_uncertainty", "seed")}
    if method == "monte_carlo" or declared.get("propagate") is not None:
        simulation.pop("seed")
    for name, error in method_problems(
        method,
        density="a CT (ct)",
        has_density=declared.get("ct") is not None,
        low_density_voxels=declared.get("low_density_voxels", "keep"),
        has_medium=declared.get("medium", DEFAULT_MEDIUM) != DEFAULT_MEDIUM,
        simulation=simulation,
    ):
        yield "ct" if name == "density" else name, error
    if method in ("local_deposition", "monte_carlo"):
        return
    try:
        medium = one_of("medium", declared["medium"], MEDIA)
        _density_g_per_ml(medium, declared["density_g_per_ml"])
    except YttriaError as error:
        yield "density_g_per_ml", error


def _of_partial_volume(declared: Mapping[str, Any]) -> Problems:
    """Find corrections without the data that they need. A file of uncertainties may state these data."""
    method = one_of("partial_volume", declared.get("partial_volume", "none"), PARTIAL_VOLUME_METHODS)
    if declared.get("uncertainty") is None:
        if method == "recovery_curve" and declared.get("recovery_curve") is None:
            yield "partial_volume", ArgumentError("correction by a recovery curve needs its file (recovery_curve)")
        if method == "transfer_matrix" and declared.get("fwhm_mm") is None:
            yield (
                "partial_volume",
                ArgumentError("correction by the transfer matrix needs the resolution of the image (fwhm_mm)"),
            )
    if declared.get("fwhm_uncertainty_mm") is not None and method != "transfer_matrix":
        yield "fwhm_uncertainty_mm", ArgumentError("fwhm_uncertainty_mm applies only to partial_volume transfer_matrix")


def _of_structures(fields: Mapping[str, Field], declared: Mapping[str, Any]) -> Problems:
    from ..io.files import may_be_dicom

    given = declared["structures"]
    files = [Path(path) for path in (given if isinstance(given, list | tuple) else [given])]
    if any(map(may_be_dicom, files)):
        return
    for name, field in fields.items():
        if not field.applies_to:
            continue
        value = declared.get(name, field.default)
        if field.kind == "choice":
            value = one_of(name, value, field.choices)
        if value not in (field.default, None):
            yield (
                name,
                ArgumentError(f"{name} applies only to structures in DICOM, got {', '.join(f.name for f in files)}"),
            )


def _of_scaling(declared: Mapping[str, Any]) -> Problems:
    from ..io.files import may_be_dicom

    absolute, relative = declared.get("scan_delay_h") is not None, declared.get("relative_to") is not None
    if absolute and relative:
        yield (
            "scan_delay_h",
            ArgumentError(
                "scan delay (scan_delay_h) applies only to absolute scaling; relative scaling uses the delivered "
                "activity"
            ),
        )
    elif relative:
        for name in ("administered_activity_gbq", "lung_shunt_fraction"):
            if declared.get(name) is None:
                yield (
                    name,
                    ArgumentError(
                        "relative scaling needs administered_activity_gbq and lung_shunt_fraction (0 is a valid "
                        "fraction)"
                    ),
                )
    elif not absolute and not may_be_dicom(declared["activity"]):
        yield "scan_delay_h", missing_delay()
    else:
        for name in ("lung_shunt_fraction", "residual_fraction"):
            if declared.get(name) is not None:
                yield (
                    name,
                    ArgumentError(
                        "lung shunt and residual fraction apply only to relative scaling (relative_to); an absolute "
                        "image "
                        "already includes them"
                    ),
                )


def _of_uncertainty(declared: Mapping[str, Any]) -> Problems:
    """Find uncertainties of quantities that the scaling does not use, because they would seem to be included."""
    scaling = "absolute" if declared.get("relative_to") is None else "relative"
    for name, meant, reason in (
        ("calibration_uncertainty", "absolute", "relative scaling does not use the camera's calibration"),
        ("scan_delay_uncertainty_h", "absolute", "relative scaling does not use the time of the scan"),
        ("administered_activity_uncertainty", "relative", "absolute scaling does not use the administered activity"),
    ):
        if declared.get(name) is not None and scaling != meant:
            yield name, ArgumentError(f"{name} applies only to {meant} scaling; {reason}")


def missing_delay() -> ArgumentError:
    """Make the error of a case that declares neither scaling."""
    return ArgumentError(
        "scan delay in h must be given (scan_delay_h; 0 if the image is already corrected to administration), or "
        "relative_to for relative scaling"
    )
