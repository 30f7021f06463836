"""Error messages for arguments of the wrong type, with the parameter, the expected type and a remedy.

`public` is applied to each exported function or class once the file that defines it has been imported. The checks in
the function itself come first. If it fails for another reason, its arguments are compared with its annotations. If it
does not fail, only truth values and objects of yttria are compared, because a constructor may have accepted a wrong one
unnoticed. Scalars and 0-d arrays of NumPy become plain numbers, which cannot change afterwards. A panic of the core
becomes an `InternalError`.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import zip_longest
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, InternalError, YttriaError
from .brief import brief, short

_REMEDIES = {
    "Image": "yttria.Image(array, affine_lps, unit) or yttria.read_image(path) makes one",
    "Structure": "yttria.Structure(name, mask, affine_lps) or yttria.read_structures(path) makes them",
    "AbsoluteScaling": "yttria.AbsoluteScaling(hours) or yttria.RelativeScaling(structure, ...) makes one",
    "RelativeScaling": "yttria.RelativeScaling(structure, ...) makes one",
    "VoxelSValues": "yttria.voxel_s_values(voxel_size_mm, medium=...) makes them",
    "Nuclide": "yttria.Nuclide() makes the one of the EANM guideline",
    "VoxelFractions": "yttria.geometry.voxel_fractions(...) or fractions_of_mask(mask) makes them",
    "DensityImage": "yttria.density_image(ct) makes one",
}


def public(given: Any) -> Any:
    """Check the arguments of a function or class that a package exports, also in the module that defines it."""
    if isinstance(given, types.FunctionType) and not hasattr(given, "__wrapped__"):
        given = checked(given)
        setattr(sys.modules[given.__module__], given.__name__, given)
    elif isinstance(given, type) and not issubclass(given, BaseException):
        _check_methods(given)
    return given


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a function so that an argument of the wrong type raises an `ArgumentError`."""
    names = list(inspect.signature(function).parameters)
    unnoticed: dict[str, Any] | None = None
    arrays: frozenset[str] = frozenset()

    @functools.wraps(function)
    def call(*arguments: Any, **keywords: Any) -> Any:
        nonlocal unnoticed, arrays
        if unnoticed is None:
            hints = _hints(function)
            arrays = frozenset(name for name in names if name not in hints or _takes_arrays(hints[name]))
            unnoticed = {name: hint for name, hint in hints.items() if _may_go_unnoticed(hint)}
        named = zip_longest(names[: len(arguments)], arguments)
        arguments = tuple(value if name in arrays else _plain(value) for name, value in named)
        keywords = {name: value if name in arrays else _plain(value) for name, value in keywords.items()}
        try:
            result = function(*arguments, **keywords)
        except YttriaError as error:
            # An inner function has found the error. The message must name a parameter of the function that the user
            # called.
            problem = _found(function, arguments, keywords) if getattr(error, "by_annotation", False) else None
            if problem is None:
                raise
            raise _wrong_type(problem) from error
        except (AttributeError, TypeError, KeyError, IndexError, ValueError) as error:
            problem = _found(function, arguments, keywords)
            if problem is None:
                raise
            raise _wrong_type(problem) from error
        except BaseException as error:
            if type(error).__name__ == "PanicException":
                message = f"a defect of yttria itself stopped {_name(function)} ({error}): please report it"
                raise InternalError(message) from error
            raise
        given = dict(zip(names, arguments, strict=False)) | keywords if unnoticed else {}
        for name, hint in unnoticed.items():
            # None needs no check, because a function that needs a value has failed above.
            if given.get(name) is not None and not _fits(given[name], hint):
                raise _wrong_type(_problem(function, name, given[name], hint))
        return result

    return call


def _wrong_type(problem: str) -> ArgumentError:
    error = ArgumentError(problem)
    error.by_annotation = True  # type: ignore[attr-defined]
    return error


def _check_methods(kind: type) -> None:
    for owner in kind.__mro__:
        # A room exports the class and not the bases of which it is made.
        if owner.__module__.startswith("yttria."):
            _check_own_methods(owner)
    representation = kind.__repr__
    if hasattr(kind, "__dataclass_fields__") and isinstance(representation, types.FunctionType):
        own = inspect.unwrap(representation).__code__.co_filename == sys.modules[kind.__module__].__file__
        if not own and representation is not brief:
            kind.__repr__ = brief  # type: ignore[method-assign, assignment]


def _check_own_methods(kind: type) -> None:
    for name, member in list(vars(kind).items()):
        is_wrapper = isinstance(member, classmethod | staticmethod)
        function = member.__func__ if is_wrapper else member
        wanted = name == "__init__" or not name.startswith("_")
        if wanted and isinstance(function, types.FunctionType) and not hasattr(function, "__wrapped__"):
            setattr(kind, name, type(member)(checked(function)) if is_wrapper else checked(function))


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    names = dict(getattr(function, "__globals__", {}))
    while True:
        try:
            hints = typing.get_type_hints(function, names)
        except NameError as error:
            if error.name is None or error.name in names:
                return {}
            names[error.name] = _exported(error.name, function.__module__)
        except Exception:
            return {}
        else:
            hints.pop("return", None)
            return hints


def _exported(name: str, module: str) -> Any:
    """Find what a room exports by this name, for an annotation that `module` imports for type checkers only.

    The room of the module is searched first. The result is `Any` if no imported room exports the name.
    """
    rooms = [room for key, room in sorted(sys.modules.items()) if key.startswith("yttria.")]
    for room in sorted(rooms, key=lambda room: not module.startswith(room.__name__)):
        if name in getattr(room, "__all__", ()):
            return getattr(room, name)
    return Any


def _found(function: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]) -> str | None:
    """Describe the first argument of the wrong type; None if all types are right."""
    try:
        given = inspect.signature(function).bind(*arguments, **keywords).arguments
    except TypeError:
        return None
    parameters = inspect.signature(function).parameters
    for name, hint in _hints(function).items():
        if parameters[name].kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            continue
        if name in given and not _fits(given[name], hint):
            return _problem(function, name, given[name], hint)
    return None


def _problem(function: Callable[..., Any], name: str, value: object, hint: object) -> str:
    item = _item(hint)
    if item is not None and _fits(value, item):
        return f"{name} of {_name(function)} must be a list, got one {type(value).__name__}: give [{name}]"
    kinds = [kind for kind in _members(hint) if kind is not type(None)]
    words = [f"a list of {_word(_item(kind))}" if _item(kind) is not None else _word(kind) for kind in kinds]
    found = short(value) if isinstance(value, str | Real | np.ndarray) else type(value).__name__
    remedy = _REMEDIES.get(_word(item if item is not None else kinds[0]), "")
    text = f"{name} of {_name(function)} must be {' or '.join(dict.fromkeys(words))}, got {found}"
    return f"{text} ({remedy})" if remedy else text


def _name(function: Callable[..., Any]) -> str:
    return function.__qualname__.removesuffix(".__init__")


def _is_union(hint: object) -> bool:
    return typing.get_origin(hint) in (typing.Union, types.UnionType)


def _members(hint: object) -> tuple[Any, ...]:
    """The members of a union, or the hint itself.

    `ArrayLike` counts as one member. In NumPy it is a union itself, and Python flattens it into any union that contains
    it.
    """
    if not _is_union(hint) or hint == npt.ArrayLike:
        return (hint,)
    parts = typing.get_args(hint)
    inner = typing.get_args(npt.ArrayLike)
    if inner and set(inner) <= set(parts):
        return (npt.ArrayLike, *(part for part in parts if part not in inner))
    return parts


def _item(hint: object) -> Any:
    """The classes of the members of a sequence, in words."""
    for kind in _members(hint):
        origin = typing.get_origin(kind)
        if isinstance(origin, type) and issubclass(origin, Iterable) and not issubclass(origin, Mapping | np.ndarray):
            inner = [each for each in typing.get_args(kind) if each is not Ellipsis]
            return inner[0] if inner else Any
    return None


def _word(hint: Any) -> str:
    if hint is float:
        return "a number"
    if hint is int:
        return "a whole number"
    if hint is bool:
        return "True or False"
    if hint is str:
        return "a text"
    if hint == npt.ArrayLike or typing.get_origin(hint) is np.ndarray:
        return "an array of real numbers"
    if typing.get_origin(hint) is typing.Literal:
        return "one of " + ", ".join(map(repr, typing.get_args(hint)))
    return getattr(hint, "__name__", str(hint))


def _plain(value: Any) -> Any:
    """Turn a scalar or a 0-d array of NumPy into a plain number, which is immutable and can be written as JSON."""
    is_scalar = isinstance(value, np.generic) or (type(value) is np.ndarray and value.ndim == 0)
    if is_scalar and (value.dtype.kind in "biuU" or value.dtype.char in "efd"):
        return value.item()
    return value


def _takes_arrays(hint: object) -> bool:
    if hint == npt.ArrayLike or hint is Any or hint is object or isinstance(hint, typing.TypeVar):
        return True
    parts = _members(hint) if _is_union(hint) else typing.get_args(hint)
    return typing.get_origin(hint) is np.ndarray or any(map(_takes_arrays, parts))


def _may_go_unnoticed(hint: object) -> bool:
    if hint is bool:
        return True
    if isinstance(hint, type):
        return hint.__module__.split(".")[0] == "yttria" or (
            hint.__module__ == "builtins" and hint.__name__ == "Nuclide"
        )
    parts = typing.get_args(hint)
    return bool(parts) and typing.get_origin(hint) is not typing.Literal and any(map(_may_go_unnoticed, parts))


def _fits(value: Any, hint: Any) -> bool:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(hint, typing.TypeVar):
        kinds = hint.__constraints__ or ((hint.__bound__,) if hint.__bound__ is not None else ())
        return not kinds or any(_fits(value, kind) for kind in kinds)
    if hint is Any or hint is object:
        return True
    if hint is None or hint is type(None):
        return value is None
    if hint == npt.ArrayLike:
        return _is_numeric(value)
    if _is_union(hint):
        return any(_fits(value, part) for part in _members(hint))
    if origin is typing.Literal:
        return isinstance(value, tuple({type(part) for part in parts}))
    if origin is not None:
        return _fits_generic(value, origin, parts)
    if hint in (float, int) or hint in (Real, Integral):
        plain = value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value
        return isinstance(plain, Real if hint is float else Integral) and not isinstance(plain, bool)
    if hint is bool:
        return isinstance(value, bool | np.bool_)
    is_plain = isinstance(hint, type) and not getattr(hint, "_is_protocol", False) and not typing.is_typeddict(hint)
    return isinstance(value, hint) if is_plain else True


def _fits_generic(value: Any, origin: Any, parts: tuple[Any, ...]) -> bool:
    if origin is np.ndarray:
        return isinstance(value, np.ndarray)
    if not isinstance(origin, type):
        return True
    if issubclass(origin, Mapping):
        return isinstance(value, Mapping)
    if issubclass(origin, Iterable):
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            return False
        inner = [part for part in parts if part is not Ellipsis]
        if isinstance(value, Iterator) or not inner:
            return True
        if isinstance(value, np.ndarray) and value.ndim == 0:
            return False
        kinds = inner if len(inner) > 1 else inner * 64
        return all(_fits(item, kind) for item, kind in zip(value, kinds, strict=False))
    return callable(value) if issubclass(origin, Callable) else isinstance(value, origin)  # type: ignore[arg-type]


def _is_numeric(value: object) -> bool:
    try:
        return np.asarray(value).dtype.kind in "biuf"
    except Exception:
        return False
