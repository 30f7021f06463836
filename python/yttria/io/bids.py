"""Files of a BIDS data set: its folder, and the files from which a file inherits.

Source: BIDS specification 1.10, common principles: entities, the inheritance principle, BIDS URIs (bids-derivatives).
"""

from __future__ import annotations

import re
from glob import escape
from itertools import combinations
from pathlib import Path

#: The file that marks the folder of a data set, and the number of folders above a file in which it may lie.
DATA_SET, _DEEPEST = "dataset_description.json", 6
#: Largest number of entities whose combinations are tried one by one.
_MOST_ENTITIES = 6
_ENDING = re.compile(r"(\.nii)?(\.gz)?$|\.[^.]*$", re.IGNORECASE)
_ENTITY = re.compile(r"(?:^|_)([a-z]+)-([A-Za-z0-9]+)(?=_|$)")


def stem_of(path: Path) -> str:
    """Return the name of a file without its ending; `.nii.gz` is one ending."""
    return path.name[: _ENDING.search(path.name).start()]  # type: ignore[union-attr]


def entities_of(path: Path) -> dict[str, str]:
    """Return the entities of a name, such as {"sub": "01", "ses": "1"}, in the order of the name."""
    return dict(_ENTITY.findall(stem_of(path)))


def data_set_of(path: Path) -> Path | None:
    """Find the folder of a file's data set, the nearest one with `dataset_description.json`; None without one."""
    return next((each for each in list(path.absolute().parents)[:_DEEPEST] if (each / DATA_SET).is_file()), None)


def inherited_files(path: Path, ending: str) -> list[Path]:
    """Find files that describe another one by the inheritance principle, the most general first.

    Parameters
    ----------
    path : Path
        The file that is described, such as an image; it need not exist.
    ending : str
        Ending of the files that describe it: ".json" or ".tsv".

    Returns
    -------
    list of Path
        Files with the suffix of `path`, with all or some of its entities and no others. They lie in the folder of
        `path` or above it, up to the folder of the data set. Of two in one folder, the one with more entities comes
        last. Statements of a later file replace those of an earlier one.
    """
    stem = stem_of(path)
    *entities, suffix = stem.split("_")
    above, data_set = list(path.absolute().parents), data_set_of(path)
    folders = [path.parent, *above[1 : above.index(data_set) + 1]] if data_set else [path.parent]
    found: list[Path] = []
    for folder in folders:
        fitting = [each for each in _describing(folder, entities, suffix, ending) if each.is_file()]
        fitting.sort(key=lambda each: (each.name == stem + ending, each.name.count("_"), each.name))
        found = fitting + found
    return found


def _describing(folder: Path, entities: list[str], suffix: str, ending: str) -> list[Path]:
    """List the paths of a folder that may describe a file with these entities and this suffix."""
    if len(entities) > _MOST_ENTITIES:
        names = ((each, each.name[: -len(ending)].split("_")) for each in folder.glob(f"*{escape(suffix)}{ending}"))
        return [each for each, (*own, end) in names if end == suffix and set(own) <= set(entities)]
    # A folder of a large cohort has many files, and few names can describe one of them.
    subsets = (own for count in range(len(entities) + 1) for own in combinations(entities, count))
    return [folder / ("_".join([*own, suffix]) + ending) for own in subsets]
