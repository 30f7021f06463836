"""Names that arguments may take, each list as a type and as a tuple; the first name is usually the default.

Some names also stand in a data table or in the compiled core. tests/foundation/test_choices.py compares the two.
"""

from __future__ import annotations

from typing import Literal, get_args

# Images and their places.
Unit = Literal["Bq/mL", "kBq/mL", "MBq/mL", "mGy", "Gy", "HU", "g/mL", "counts", "fraction", "1"]
ResamplingMethod = Literal["average", "linear"]
#: Values beyond an image, if they are not a number: those of its outermost voxels.
Beyond = Literal["nearest"]
#: The matrix of a NIfTI header that is used if the header states two positions.
NiftiMatrix = Literal["sform", "qform"]
#: The end of a structure beyond its last contour, and its shape between two contours.
EndCaps = Literal["half_slice", "none"]
Interpolation = Literal["shape", "none"]

RESAMPLING_METHODS: tuple[ResamplingMethod, ...] = get_args(ResamplingMethod)
BEYOND: tuple[Beyond, ...] = get_args(Beyond)
NIFTI_MATRICES: tuple[NiftiMatrix, ...] = get_args(NiftiMatrix)
END_CAPS: tuple[EndCaps, ...] = get_args(EndCaps)
INTERPOLATIONS: tuple[Interpolation, ...] = get_args(Interpolation)

# DICOM, as its attributes spell them.
Modality = Literal["PT", "NM", "CT"]
DoseType = Literal["PHYSICAL", "EFFECTIVE"]
NegativeDoses = Literal["refuse", "clip"]
DecayCorrection = Literal["ADMIN", "START", "NONE"]

MODALITIES: tuple[Modality, ...] = get_args(Modality)
DOSE_TYPES: tuple[DoseType, ...] = get_args(DoseType)
DECAY_CORRECTIONS: tuple[DecayCorrection, ...] = get_args(DecayCorrection)
NEGATIVE_DOSES: tuple[NegativeDoses, ...] = get_args(NegativeDoses)

# Doses of voxels.
NuclidePreset = Literal[
    "EANM2022", "IFU_50", "AAPM_49_38", "ICRP107", "HO166", "HO166_15_87", "P32", "RE188", "LU177", "I131"
]
IsotopeName = Literal["Y-90", "Ho-166", "P-32", "Re-188", "Lu-177", "I-131"]
#: Shape factor of a beta branch: allowed (also non-unique first-forbidden) or unique first-forbidden.
SpectrumShape = Literal["allowed", "unique"]
Method = Literal["local_deposition", "voxel_s_values", "superposition", "monte_carlo"]
#: Number of rays of the superposition.
RaySetting = Literal["standard", "fast", "fine"]
MediumName = Literal["water", "soft_tissue", "liver", "lung", "bone"]
#: Substance through which electrons are followed: one for all voxels, or one by each voxel's density.
MonteCarloEstimator = Literal["correlated_difference", "plain"]
MonteCarloMedium = Literal["by_density", "water", "soft_tissue", "liver", "lung", "bone", "air"]
#: Effect of Ctrl-C on a Monte Carlo run: it raises `KeyboardInterrupt`, or ends the run with the result so far.
OnInterrupt = Literal["raise", "keep"]
#: Result of a comparison with Monte Carlo within its statistics; "undecided" needs more histories.
CheckVerdict = Literal["agrees", "differs", "undecided"]
NegativeVoxels = Literal["keep", "clip"]
LowDensityVoxels = Literal["keep", "clip", "zero", "refuse"]
ConvolutionMethod = Literal["auto", "definition", "direct", "fft_direct"]
#: Published curves from CT numbers to density; their nodes stand in data/ct_density.json.
CtCurve = Literal["schneider_1996", "schneider_2000", "kao_2014"]
#: Treatment of CT numbers beyond a curve.
OutOfRange = Literal["refuse", "clamp"]
#: The part that an ensemble shifts relative to the rest.
ShiftedImage = Literal["density", "activity"]

NUCLIDE_PRESETS: tuple[NuclidePreset, ...] = get_args(NuclidePreset)
ISOTOPES: tuple[IsotopeName, ...] = get_args(IsotopeName)
MEDIA: tuple[MediumName, ...] = get_args(MediumName)
MONTE_CARLO_ESTIMATORS: tuple[MonteCarloEstimator, ...] = get_args(MonteCarloEstimator)
MONTE_CARLO_MEDIA: tuple[MonteCarloMedium, ...] = get_args(MonteCarloMedium)
#: An array of media holds indices into this list.
SUBSTANCES: tuple[MonteCarloMedium, ...] = MONTE_CARLO_MEDIA[1:]
METHODS: tuple[Method, ...] = get_args(Method)
RAY_SETTINGS: tuple[RaySetting, ...] = get_args(RaySetting)
ON_INTERRUPT: tuple[OnInterrupt, ...] = get_args(OnInterrupt)
NEGATIVE_VOXELS: tuple[NegativeVoxels, ...] = get_args(NegativeVoxels)
LOW_DENSITY_VOXELS: tuple[LowDensityVoxels, ...] = get_args(LowDensityVoxels)
CT_CURVES: tuple[CtCurve, ...] = get_args(CtCurve)
SHIFTED_IMAGES: tuple[ShiftedImage, ...] = get_args(ShiftedImage)
OUT_OF_RANGE: tuple[OutOfRange, ...] = get_args(OutOfRange)
DEFAULT_MEDIUM: MediumName = "liver"
#: The dose models as texts name them.
METHOD_NAMES: dict[str, str] = {
    "local_deposition": "local deposition",
    "voxel_s_values": "voxel S values",
    "superposition": "superposition",
    "monte_carlo": "Monte Carlo",
}

# Evaluation.
#: Dose at a volume: that of the sorted voxel in which the volume falls, or interpolated linearly between two.
DoseInterpolation = Literal["rank", "linear"]
#: Treatment of reference points outside the evaluated grid of a gamma index.
ReferenceEdge = Literal["exclude", "search"]

#: Quantities of a structure that a table can have as columns.
MetricKind = Literal[
    "volume_at_dose",
    "dose_at_volume",
    "bed",
    "eqd2",
    "eud",
    "geud",
    "eubed",
    "tcp",
    "ntcp",
    "mass",
    "activity",
    "tn",
    "reserve",
]

#: Forms of a table of histograms.
TableFormat = Literal["csv", "parquet"]

TABLE_FORMATS: tuple[TableFormat, ...] = get_args(TableFormat)
METRIC_KINDS: tuple[MetricKind, ...] = get_args(MetricKind)
REFERENCE_EDGES: tuple[ReferenceEdge, ...] = get_args(ReferenceEdge)

#: Origin of a standard uncertainty of a dose, of a volume or of an activity.
UncertaintySource = Literal[
    "volume",
    "calibration",
    "counts",
    "recovery",
    "decay",
    "administered_activity",
    "residual",
    "lung_shunt",
    "density",
    "method",
    "registration",
    "microspheres",
    "tumor_to_normal_ratio",
    "tumor_mass",
    "normal_mass",
    "perfused_mass",
    "lung_mass",
]
#: Units of the results that have a budget, and of the inputs of its components; "fraction" is relative.
BudgetUnit = Literal["Gy", "mL", "GBq", "MBq", "kg", "fraction"]
InputUnit = Literal["fraction", "mm", "h", "Gy"]

#: The coverage interval with as much probability below as above it, or the shortest one.
CoverageIntervalKind = Literal["symmetric", "shortest"]

COVERAGE_INTERVALS: tuple[CoverageIntervalKind, ...] = get_args(CoverageIntervalKind)
UNCERTAINTY_SOURCES: tuple[UncertaintySource, ...] = get_args(UncertaintySource)
SOURCES_IN_WORDS: dict[UncertaintySource, str] = {
    "volume": "outlines",
    "calibration": "calibration",
    "counts": "noise of the counts",
    "recovery": "partial volume",
    "decay": "time of the scan",
    "administered_activity": "activity meter",
    "residual": "residual activity",
    "lung_shunt": "lung shunt",
    "density": "density",
    "method": "dose model",
    "registration": "registration",
    "microspheres": "number of microspheres",
    "tumor_to_normal_ratio": "tumor-to-normal ratio",
    "tumor_mass": "tumor mass",
    "normal_mass": "mass of normal liver",
    "perfused_mass": "perfused mass",
    "lung_mass": "lung mass",
}
BUDGET_UNITS: tuple[BudgetUnit, ...] = get_args(BudgetUnit)
INPUT_UNITS: tuple[InputUnit, ...] = get_args(InputUnit)

#: Correction of the mean dose of structures for the blur of the image.
PartialVolumeMethod = Literal["none", "recovery_curve", "transfer_matrix"]
PARTIAL_VOLUME_METHODS: tuple[PartialVolumeMethod, ...] = get_args(PartialVolumeMethod)

#: Part of the source of a value that was read: the value itself, a text that quotes it, or neither.
ValueStatus = Literal["read", "secondary", "not verified"]

# Planning: devices, and the keys of the table of limits.
#: Microspheres of the product table.
ProductName = Literal["glass", "resin", "holmium"]
#: Microspheres of a treatment: those of a product, or "custom" ones, of which the caller states the nuclide.
Device = Literal["glass", "resin", "holmium", "custom"]
Disease = Literal["HCC", "ICC", "mCRC"]
Intent = Literal["segmentectomy", "lobectomy", "unilobar", "bilobar"]
Guideline = Literal[
    "EANM2022",
    "LEGACY 2021",
    "Levillain 2021",
    "TARGET 2022",
    "Salem 2022",
    "DOSISPHERE-01",
    "DOORwaY90",
    "SARAH",
    "Lau 2012",
    "TheraSphere IFU",
    "common practice",
    "older SIR-Spheres partition guidance",
]
#: Tissue to which a limit applies. Perfused normal liver and the whole normal liver are not the same.
LimitTissue = Literal["tumor", "perfused", "normal_perfused", "normal_whole", "lung"]
#: Kind of comparison. An association is a reported relation, without a value to keep.
LimitDirection = Literal["minimum", "maximum", "range", "association"]
LimitUnit = Literal["Gy", "GBq"]
LimitPeriod = Literal["one treatment", "all treatments"]
LimitRelation = Literal["below", "above", "at_least", "is", "one_of", "known"]
LimitVerdict = Literal["met", "above limit", "below target", "depends on"]
#: Tissues that radiobiological parameters belong to.
Tissue = Literal["tumor", "normal_liver", "lung"]
#: Role of a structure in a treatment.
StructureRole = Literal["liver", "territories", "tumors", "normal_perfused", "normal_whole", "lungs"]

PRODUCTS: tuple[ProductName, ...] = get_args(ProductName)
DEVICES: tuple[Device, ...] = get_args(Device)
DISEASES: tuple[Disease, ...] = get_args(Disease)
INTENTS: tuple[Intent, ...] = get_args(Intent)
UNIT_NAMES: tuple[Unit, ...] = get_args(Unit)
STRUCTURE_ROLES: tuple[StructureRole, ...] = get_args(StructureRole)
LIMIT_TISSUES: tuple[LimitTissue, ...] = get_args(LimitTissue)
LIMIT_RELATIONS: tuple[LimitRelation, ...] = get_args(LimitRelation)
LIMIT_DIRECTIONS: tuple[LimitDirection, ...] = get_args(LimitDirection)

# Planning: models.
#: Limits that bound an activity.
LimitKind = Literal["normal_perfused", "normal_whole", "lung", "lung_cumulative", "activity"]
DoseRowKind = Literal["tumor_portion", "tumor_perfused", "tumor_whole", "normal_perfused", "normal_whole", "lung"]
#: The way in which two territories share a tumor: they supply different parts of it, or the same tissue.
Overlap = Literal["disjoint", "same_tissue"]
#: Quantities of a plan that have an uncertainty: activities, and mean doses to tissues.
PlannedQuantityKind = Literal[
    "activity", "needed_activity", "perfused_mean", "tumor", "normal_perfused", "normal_whole", "lung"
]
Objective = Literal["max_min_tumor_dose", "max_tumor_energy", "min_lung_energy"]
ObjectiveUnit = Literal["Gy", "J"]
OptimumStatus = Literal["optimal", "infeasible"]
#: Quantity of a goal or a limit of a voxel-based plan: mean, dose at a volume, volume at a dose, equivalent uniform
#: doses (generalized, by survival), probabilities.
DoseMeasure = Literal["mean", "D", "V", "gEUD", "EUD", "TCP", "NTCP"]
QuantityUnit = Literal["Gy", "fraction"]
#: "<=" of a limit, ">=" of a target.
LimitSign = Literal["<=", ">="]
CountedTumorDose = Literal["portion", "perfused_mean", "whole_mean"]
BodySurfaceAreaFormula = Literal["dubois", "mosteller", "haycock"]
#: The row of the lung-shunt table to which a fraction on the edge of two rows belongs.
ShuntBoundary = Literal["lower_inclusive", "upper_inclusive"]
LungShuntMethod = Literal["planar geometric mean", "SPECT"]
#: Nuclide of the tracer of a planning scan: of macroaggregated albumin, or of a scout dose of holmium microspheres.
Tracer = Literal["Tc-99m", "Ho-166"]
#: Activities that weight the shunts of several injections.
ShuntWeighting = Literal["maa", "y90"]
#: Treatment of sets of inputs for which the model is undefined.
Invalid = Literal["raise", "nan"]
VialSizes = Literal["standard", "custom"]
Ascites = Literal["none", "mild", "moderate-severe"]
Encephalopathy = Literal["none", "1-2", "3-4"]
#: Response of lesions by RECIST 1.1 or mRECIST; NE is not evaluated.
TargetResponse = Literal["CR", "PR", "SD", "PD", "NE"]
NonTargetResponse = Literal["CR", "non-CR/non-PD", "PD", "NE"]
OverallResponseCategory = Literal["CR", "PR", "SD", "PD", "NE", "non-CR/non-PD"]

TARGET_RESPONSES: tuple[TargetResponse, ...] = get_args(TargetResponse)
NON_TARGET_RESPONSES: tuple[NonTargetResponse, ...] = get_args(NonTargetResponse)
DOSE_MEASURES: tuple[DoseMeasure, ...] = get_args(DoseMeasure)
TRACERS: tuple[Tracer, ...] = get_args(Tracer)
SHUNT_WEIGHTINGS: tuple[ShuntWeighting, ...] = get_args(ShuntWeighting)
INVALID: tuple[Invalid, ...] = get_args(Invalid)
VIAL_SIZES: tuple[VialSizes, ...] = get_args(VialSizes)
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)

# Outcomes.
#: Quantity in which the log odds of a curve are linear: the logarithm of the dose, or the dose.
DoseScale = Literal["log", "linear"]
Endpoint = Literal["response", "toxicity", "survival", "progression"]

DOSE_SCALES: tuple[DoseScale, ...] = get_args(DoseScale)
ENDPOINTS: tuple[Endpoint, ...] = get_args(Endpoint)
