"""Search for mistakes in the declared values of a case before a file is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .._core import _density_g_per_ml
from .._foundation.choices import DEFAULT_MEDIUM, MEDIA, METHOD_NAMES, PARTIAL_VOLUME_METHODS, RAY_SETTINGS
from .._foundation.numbers import one_of
from ..errors import ArgumentError, YttriaError
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
    yield from _of_method(fields, declared)
    yield from _of_structures(fields, declared)
    yield from _of_scaling(declared)
    yield from _of_partial_volume(declared)
    yield from _of_uncertainty(declared)


def _of_method(fields: Mapping[str, Field], declared: Mapping[str, Any]) -> Problems:
    method = one_of("method", declared["method"], fields["method"].choices)
    if method != "superposition" and declared.get("ray_setting", RAY_SETTINGS[0]) != RAY_SETTINGS[0]:
        yield "ray_setting", ArgumentError(f"ray_setting applies only to method superposition, got method {method}")
    yield from _of_monte_carlo(method, declared)
    if method in ("superposition", "monte_carlo"):
        yield from _of_transport(METHOD_NAMES[method], declared)
    if method in ("local_deposition", "monte_carlo"):
        return
    try:
        medium = one_of("medium", declared["medium"], MEDIA)
        _density_g_per_ml(medium, declared["density_g_per_ml"])
    except YttriaError as error:
        yield "density_g_per_ml", error
    if method == "voxel_s_values" and declared.get("ct") is not None:
        yield (
            "ct",
            ArgumentError(
                "voxel S values have one density; method must be superposition, monte_carlo or local_deposition for a "
                "CT"
            ),
        )


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


def _of_transport(method: str, declared: Mapping[str, Any]) -> Problems:
    """Find settings that a method with electron transport through the density cannot use."""
    if declared.get("ct") is None:
        yield "ct", ArgumentError(f"{method} needs the density of each voxel: give a CT (ct)")
    if declared.get("low_density_voxels", "keep") != "keep":
        yield (
            "low_density_voxels",
            ArgumentError(
                f"low_density_voxels applies only to local_deposition; {method} computes the transport of electrons "
                "through gas"
            ),
        )


def _of_monte_carlo(method: str, declared: Mapping[str, Any]) -> Problems:
    if method == "monte_carlo":
        if declared.get("medium", DEFAULT_MEDIUM) != DEFAULT_MEDIUM:
            yield (
                "medium",
                ArgumentError(
                    "medium applies only to kernels; Monte Carlo takes the medium of each voxel from its density"
                ),
            )
        if declared.get("histories") is not None and declared.get("relative_uncertainty") is not None:
            yield (
                "relative_uncertainty",
                ArgumentError(
                    "give either a number of histories (histories) or a relative uncertainty (relative_uncertainty)"
                ),
            )
        return
    for name in ("histories", "relative_uncertainty", "seed"):
        if declared.get(name) and not (name == "seed" and declared.get("propagate") is not None):
            yield name, ArgumentError(f"{name} applies only to method monte_carlo, got method {method}")


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
