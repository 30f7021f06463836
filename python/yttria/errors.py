"""Every exception that yttria raises on purpose: a `YttriaError` and the built-in kind a caller would expect."""

from __future__ import annotations


class YttriaError(Exception):
    """Base of all exceptions of yttria."""


class ArgumentError(YttriaError, TypeError):
    """An argument is missing, conflicts with another one, or is not of the type or form that the function takes."""


class OutOfRangeError(YttriaError, ValueError):
    """A number is outside its domain, or not finite."""


class ShapeError(YttriaError, ValueError):
    """An array has the wrong number of dimensions, or two shapes do not fit each other."""


class DTypeError(YttriaError, TypeError):
    """An array has a type that holds no real numbers (object, complex, text, ...)."""


class UndefinedError(YttriaError, ValueError):
    """Each input is valid, but the requested quantity does not exist for them."""


class UnknownNameError(YttriaError, ValueError):
    """A name is not one of the known ones."""


class DuplicateNameError(YttriaError, ValueError):
    """A name that must be unique occurs more than once."""


class ContraindicatedError(YttriaError, ValueError):
    """A rule forbids the treatment and was not explicitly overridden."""


class UnitError(YttriaError, ValueError):
    """A unit is missing, unknown, or not the required one."""


class GeometryError(YttriaError, ValueError):
    """An affine is sheared, singular, missing, or two grids do not fit each other."""


class TimeZoneError(YttriaError, ValueError):
    """A time stamp carries no zone."""


class FileFormatError(YttriaError, ValueError):
    """The content of a file does not have the format that its name or its use requires."""


class ResultsExistError(YttriaError, FileExistsError):
    """A folder holds results already, and overwriting them was not requested."""


# The built-in class comes first, because it allocates its own memory and tools that rebuild exceptions call its
# __new__.
class InsufficientMemoryError(MemoryError, YttriaError):
    """The work would need more memory than is available."""


class InternalError(YttriaError, RuntimeError):
    """A defect of yttria itself; the message asks for a report."""


class MissingExtraError(YttriaError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""


class ImplausibleValueWarning(UserWarning):
    """A value is beyond the plausible bounds of its quantity, most often because of a wrong unit."""
