"""Pages of HTML read by the standard library: their tables, and faults of the markup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "br", "img", "input", "hr", "link"}
#: Attributes that name something to fetch or to follow.
_ATTRIBUTES_OF_ADDRESSES = ("href", "src", "srcset", "action", "xlink:href", "poster", "data")


@dataclass
class Cell:
    """Cell of a table: its text, and the number that it holds in full."""

    text: str = ""
    value: float | None = None
    header: bool = False


@dataclass
class HtmlTable:
    """Table with its caption and rows, the head first."""

    caption: str = ""
    rows: list[list[Cell]] = field(default_factory=list)

    def records(self) -> list[dict[str, Cell]]:
        """Read rows of the body by heading, without the unit below it."""
        names = [cell.text for cell in self.rows[0]]
        return [dict(zip(names, row, strict=True)) for row in self.rows[1:]]


class Page(HTMLParser):
    """A page: `tables`, `text`, `values` of all `data` elements, and lists of faults."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[HtmlTable] = []
        self.values: list[float] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self._text: list[str] = []
        self._cell: Cell | None = None
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self._open]
        self.faults += [f"id {name} twice" for name in self.ids if self.ids.count(name) > 1]
        self.faults += [f"{a} leads nowhere" for a in self.addresses if a.startswith("#") and a[1:] not in self.ids]

    @property
    def text(self) -> str:
        """Everything that is shown."""
        return " ".join("".join(self._text).split())

    def all(self, tag: str) -> Iterator[dict[str, str]]:
        """Attributes of each element of a kind."""
        return (attributes for name, attributes in self.elements if name == tag)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.addresses += [value for name, value in attributes.items() if name in _ATTRIBUTES_OF_ADDRESSES]
        self.faults += [f"<{tag}> acts by {name}" for name in attributes if name.startswith("on")]
        if tag not in _VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append(HtmlTable())
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("td", "th"):
            self._cell = Cell(header=tag == "th")
            self.tables[-1].rows[-1].append(self._cell)
        elif tag == "data":
            self.values.append(float(attributes["value"]))
            if self._cell is not None:
                self._cell.value = self.values[-1]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:]}")
        else:
            self._open.pop()
        if tag in ("td", "th"):
            self._cell = None

    def handle_data(self, data: str) -> None:
        if any(tag in self._open for tag in ("script", "style")):
            return
        self._text.append(data)
        in_unit = self._open[-1:] == ["span"] and self._cell is not None and "thead" in self._open
        if self._cell is not None and not in_unit:
            self._cell.text = (self._cell.text + data).strip()
        elif "caption" in self._open:
            self.tables[-1].caption += data
