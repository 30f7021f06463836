"""Writer and reader of doses of structures as a DICOM structured report (TID 1500) on a segmentation."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..._core import __version__
from ..._foundation.extras import require
from ..._foundation.provenance import RESEARCH_USE, Provenance
from ..._foundation.whole_files import atomic
from ...advisory import Advisory, advise
from ...advisory.warning_filters import quiet
from ...errors import ArgumentError, FileFormatError, UndefinedError
from ...evaluation.dose_metrics import DoseMetric
from ...evaluation.tables import PERCENTS, StructureDose
from .._common import decoding
from .dataset import Dataset, items, read_dataset, text
from .nuclide import described_dose
from .reference import ALWAYS_PRESENT, Reference, read_header
from .segmentation import Segment, described_segments

SEGMENTATION_STORAGE = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
_SCHEME = "99YTTRIA"
#: UCUM units with their meaning.
_UNITS = {"Gy": "Gray", "mL": "milliliter", "kg": "kilogram", "MBq": "megabecquerel", "1": "no units"}
#: Quantities of a row that have a code: value, scheme, meaning, unit.
_CODED = {
    "volume_ml": ("118565006", "SCT", "Volume", "mL"),
    "mean_gy": ("128533", "DCM", "Mean Absorbed Radiation Dose", "Gy"),
    "minimum_gy": ("128532", "DCM", "Minimum Absorbed Radiation Dose", "Gy"),
    "maximum_gy": ("128531", "DCM", "Maximum Absorbed Radiation Dose", "Gy"),
    "mass_kg": ("118538004", "SCT", "Mass", "kg"),
    **{f"d{p}_gy": (f"D{p}", _SCHEME, f"Minimum dose of the hottest {p} % of the volume", "Gy") for p in PERCENTS},
}
#: Meanings of the quantities whose definition is a formula.
_MEANINGS = {
    "bed": "Mean biologically effective dose (BED)",
    "eqd2": "Mean equivalent dose in 2 Gy fractions (EQD2)",
    "eud": "Equivalent uniform dose by survival (EUD)",
    "geud": "Generalized equivalent uniform dose (gEUD)",
    "eubed": "Equivalent uniform BED (EUBED)",
    "tcp": "Tumor control probability (TCP), not validated",
    "ntcp": "Complication probability (NTCP), not validated",
    "activity": "Activity at administration",
    "tn": "Tumor-to-normal ratio of activity per mass",
    "reserve": "Hepatic reserve as a fraction",
}


@dataclass(frozen=True, kw_only=True)
class WrittenDoseReport:
    """Written file.

    Parameters
    ----------
    path : Path
        The file.
    sop_instance_uid : str
        Its identifier.
    structures : tuple of str
        Structures that it reports.
    advisories : tuple of Advisory
        Structures that are not in the segmentation and are left out of the report.
    """

    path: Path
    sop_instance_uid: str
    structures: tuple[str, ...]
    advisories: tuple[Advisory, ...]


@dataclass(frozen=True, kw_only=True)
class ReportedStructure:
    """One structure of a report.

    Parameters
    ----------
    structure : str
        Its name (tracking identifier).
    segment_number : int or None
        Number of the segment in the segmentation.
    segmentation_uid : str or None
        SOP Instance UID of the segmentation.
    quantities : mapping of str to (float, str)
        Value and UCUM unit by the meaning of the quantity's code.
    """

    structure: str
    segment_number: int | None
    segmentation_uid: str | None
    quantities: Mapping[str, tuple[float, str]]


def write_dose_report(
    rows: Sequence[StructureDose | Mapping[str, Any]],
    path: str | os.PathLike[str],
    *,
    segmentation: Reference,
    metrics: Sequence[DoseMetric] = (),
    provenance: Provenance | None = None,
    description: str | None = None,
) -> WrittenDoseReport:
    """Write doses of segments as a structured report (TID 1500) with one measurement group for each segment.

    Parameters
    ----------
    rows : sequence of StructureDose or of mapping
        Rows of `DoseResult.table`, or those of doses.json.
    path : path
        The file. It appears whole or not at all.
    segmentation : path or pydicom Dataset
        The SEG with segments of the same names as the rows. Patient and study are taken from it.
    metrics : sequence of DoseMetric, optional
        Further columns of the rows that are written.
    provenance : Provenance, optional
        Method, density and scaling, written as parameters of the algorithm.
    description : str, optional
        SeriesDescription, at most 64 characters. It names the isotope of the provenance if it is not given.

    Returns
    -------
    WrittenDoseReport

    Raises
    ------
    FileFormatError
        If `segmentation` is not a SEG, or names no series of source images.
    UndefinedError
        If no row has the name of a segment.
    ArgumentError
        If the description is too long.
    MissingExtraError
        If the extra `dicom` is not installed.

    Warns
    -----
    structure_not_in_segmentation
        A row is left out because the segmentation has no segment of its name.

    Notes
    -----
    Volume, mass, mean, minimum and maximum have codes of SNOMED CT and DICOM. The others have codes of the private
    scheme 99YTTRIA, and the meaning of the code states the quantity. Values that are None are left out. The report is
    marked complete, preliminary and "UNVERIFIED". Source: DICOM PS3.16 TID 1500 and TID 1411 (dicom-ps3.3).

    Examples
    --------
    >>> from yttria.io.dicom import read_dose_report
    >>> from yttria.phantom import liver_phantom, write_dicom_study
    >>> _ = write_dicom_study(liver_phantom((10.0, 10.0, 10.0)), "study")
    >>> rows = [{"structure": "Tumor 1", "mean_gy": 204.0, "volume_ml": 113.1}]
    >>> _ = write_dose_report(rows, "report.dcm", segmentation="study/structures.dcm")
    >>> read_dose_report("report.dcm")[0].structure
    'Tumor 1'
    """
    path = Path(path)
    hd, pydicom = require("highdicom", "dicom"), require("pydicom", "dicom")
    if description is None:
        of = described_dose(
            None if provenance is None else provenance.half_life_h,
            None if provenance is None else provenance.dose_factor_gy_kg_per_gbq,
        )
        description = f"{of}; research use"
    if not isinstance(description, str) or len(description) > 64:
        raise ArgumentError(f"description must be a text of at most 64 characters, got {description!r:.100}")
    plain = [row.as_dict() if isinstance(row, StructureDose) else dict(row) for row in rows]
    coded = _CODED | {metric.key: _code_of(metric) for metric in metrics if metric.key not in _CODED}
    with quiet():
        header = _segmentation(segmentation)
        labelmap = text(header, "SegmentationType") == "LABELMAP"
        segments = {each.name: each for each in described_segments(header, background=labelmap)}
        kept = [row for row in plain if row["structure"] in segments]
        if not kept:
            raise UndefinedError(
                f"a report of doses is undefined: none of {', '.join(str(row['structure']) for row in plain)} is a "
                f"segment of the segmentation, which holds {', '.join(segments)}"
            )
        content = hashlib.sha256(repr((kept, sorted(coded), text(header, "SOPInstanceUID"), provenance)).encode())

        def uid(of: str) -> str:
            return str(pydicom.uid.generate_uid(entropy_srcs=["yttria", of, content.hexdigest()]))

        algorithm = hd.sr.AlgorithmIdentification("yttria", __version__, parameters=_parameters(provenance))
        groups = [
            _group(hd, header, segments[row["structure"]], row, coded, uid(f"tracking {row['structure']}"), algorithm)
            for row in kept
        ]
        report = hd.sr.Comprehensive3DSR(
            evidence=[header],
            content=_content(hd, pydicom, groups, uid("device")),
            series_instance_uid=uid("series"),
            series_number=1,
            sop_instance_uid=uid("instance"),
            instance_number=1,
            manufacturer="yttria",
            manufacturer_model_name="yttria",
            software_versions=__version__,
            device_serial_number="none",
            series_description=description,
            is_complete=True,
        )
        scheme = pydicom.Dataset()
        scheme.CodingSchemeDesignator, scheme.CodingSchemeName = _SCHEME, "yttria"
        report.CodingSchemeIdentificationSequence = [scheme]
        with atomic(path) as file:
            pydicom.dcmwrite(file, report, enforce_file_format=True)
    lost = [row["structure"] for row in plain if row["structure"] not in segments]
    return WrittenDoseReport(
        path=path,
        sop_instance_uid=str(report.SOPInstanceUID),
        structures=tuple(str(row["structure"]) for row in kept),
        advisories=tuple(advise("structure_not_in_segmentation", structure=name) for name in lost),
    )


def read_dose_report(path: str | os.PathLike[str]) -> list[ReportedStructure]:
    """Read the measurement groups of a structured report (TID 1500), as `write_dose_report` writes it.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    list of ReportedStructure
        One for each volumetric measurement group.

    Raises
    ------
    FileFormatError
        If the file is not a structured report that holds a measurement report.
    MissingExtraError
        If the extra `dicom` is not installed.

    Examples
    --------
    >>> from yttria.io.dicom import write_dose_report
    >>> from yttria.phantom import liver_phantom, write_dicom_study
    >>> _ = write_dicom_study(liver_phantom((10.0, 10.0, 10.0)), "study")
    >>> rows = [{"structure": "Tumor 1", "mean_gy": 204.0, "volume_ml": 113.1}]
    >>> _ = write_dose_report(rows, "report.dcm", segmentation="study/structures.dcm")
    >>> found = read_dose_report("report.dcm")[0]
    >>> [value for value, unit in found.quantities.values() if unit == "Gy"]
    [204.0]
    """
    path = Path(path)
    hd = require("highdicom", "dicom")
    dataset = read_dataset(path)
    with decoding(path, "structured report"), quiet():
        if text(dataset, "Modality") != "SR":
            raise FileFormatError(f"not a structured report: its modality is {text(dataset, 'Modality')}")
        content = hd.sr.Comprehensive3DSR.from_dataset(dataset).content
        if not isinstance(content, hd.sr.MeasurementReport):
            raise FileFormatError("the structured report holds no measurement report (TID 1500)")
        found = []
        for group in content.get_volumetric_roi_measurement_groups():
            item = group[0].ContentSequence
            segment = next((each.ReferencedSOPSequence[0] for each in item if each.ValueType == "IMAGE"), None)
            found.append(
                ReportedStructure(
                    structure=str(group.tracking_identifier),
                    segment_number=None if segment is None else int(segment.ReferencedSegmentNumber),
                    segmentation_uid=None if segment is None else str(segment.ReferencedSOPInstanceUID),
                    quantities={
                        each.name.meaning: (float(each.value), str(each.unit.value))
                        for each in group.get_measurements()
                    },
                )
            )
        return found


def _segmentation(given: Reference) -> Dataset:
    """Read the header of a segmentation, and add the attributes that every object must have, empty if absent."""
    header = read_header(given)
    if text(header, "SOPClassUID") not in SEGMENTATION_STORAGE:
        raise FileFormatError(f"segmentation must be a DICOM SEG, got SOP class {text(header, 'SOPClassUID')}")
    if not _source_series(header):
        raise FileFormatError("the segmentation names no series of source images, to which a report must refer")
    for keyword in ALWAYS_PRESENT:
        if keyword not in header:
            setattr(header, keyword, "")
    return header


def _source_series(header: Dataset) -> str | None:
    return next(
        (uid for item in items(header, "ReferencedSeriesSequence") if (uid := text(item, "SeriesInstanceUID"))), None
    )


def _code_of(metric: DoseMetric) -> tuple[str, str, str, str]:
    meaning = _MEANINGS.get(metric.kind, metric.definition[:1].upper() + metric.definition[1:])
    return metric.label.replace(" ", "")[:16], _SCHEME, meaning[:64], metric.unit


def _parameters(provenance: Provenance | None) -> list[str]:
    if provenance is None:
        return [RESEARCH_USE]
    density = provenance.density_g_per_ml
    return [
        f"method: {provenance.method.replace('_', ' ')}",
        f"density: {'of each voxel' if density is None else f'{density:g} g/mL'}",
        f"dose factor: {provenance.dose_factor_gy_kg_per_gbq:g} Gy kg/GBq ({provenance.nuclide})",
        f"scaling: {provenance.scaling.get('kind')}",
        RESEARCH_USE,
    ]


def _group(
    hd: Any,
    header: Dataset,
    segment: Segment,
    row: Mapping[str, Any],
    coded: Mapping[str, tuple[str, str, str, str]],
    tracking_uid: str,
    algorithm: Any,
) -> Any:
    """Make the measurement group of one segment."""
    (item,) = (s for s in items(header, "SegmentSequence") if int(s.SegmentNumber) == segment.number)
    finding = {
        name: hd.sr.CodedConcept.from_dataset(codes[0])
        for name, keyword in (
            ("finding_type", "SegmentedPropertyTypeCodeSequence"),
            ("finding_category", "SegmentedPropertyCategoryCodeSequence"),
        )
        if (codes := items(item, keyword))
    }
    measured = [
        hd.sr.Measurement(
            name=hd.sr.CodedConcept(value=code, scheme_designator=scheme, meaning=meaning),
            value=float(row[key]),
            unit=hd.sr.CodedConcept(value=unit, scheme_designator="UCUM", meaning=_UNITS[unit]),
        )
        for key, (code, scheme, meaning, unit) in coded.items()
        if row.get(key) is not None
    ]
    return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=tracking_uid, identifier=segment.name),
        referenced_segment=hd.sr.ReferencedSegment(
            sop_class_uid=text(header, "SOPClassUID"),
            sop_instance_uid=text(header, "SOPInstanceUID"),
            segment_number=segment.number,
            source_series=hd.sr.SourceSeriesForSegmentation(_source_series(header)),
        ),
        algorithm_id=algorithm,
        measurements=measured,
        **finding,
    )


def _content(hd: Any, pydicom: Any, groups: list[Any], device_uid: str) -> Any:
    codes = pydicom.sr.codedict.codes
    device = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=device_uid, name="yttria", model_name="yttria", serial_number=__version__
        ),
    )
    return hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=device),
        procedure_reported=hd.sr.CodedConcept(value="363679005", scheme_designator="SCT", meaning="Imaging"),
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
