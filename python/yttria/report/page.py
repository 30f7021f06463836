"""Self-contained page of HTML, with templates, styles and script in one file, and escaped texts."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import datetime, timezone
from functools import cache
from importlib.resources import files
from typing import Any

from .._core import __version__
from .._foundation.extras import require
from .._foundation.provenance import RESEARCH_USE
from .._foundation.text import encodable, plain, rounded_to, shown
from .selection import short
from .words import plural, with_unit

#: Largest number of characters at the foot of a printed page, beside the page number.
_RUNNING = 90
#: Security policy of the page: it may show the pictures in it and run its one script, and may not fetch anything.
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{script}'; base-uri 'none'; "
    "form-action 'none'"
)


def render(template: str, *, running_title: str, created: str | None, **content: Any) -> str:
    """Fill a template of this package.

    Parameters
    ----------
    template : str
        Name of the file.
    running_title : str
        Text at the foot of every printed page, such as the patient.
    created : str or None
        Time at which the report is written, ISO 8601; now if None. It is the only part that differs between two
        reports of the same content.
    **content
        Content of the template. Texts are data. They are escaped, and their control characters are spelled out.

    Raises
    ------
    MissingExtraError
        Without jinja2.
    """
    script = _part("page.js")
    policy = _POLICY.format(script=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}")
    markup = require("markupsafe", "report").Markup
    page: str = (
        _environment()
        .get_template(template)
        .render(
            policy=policy,
            style=markup(_part("page.css").replace("__RUNNING_TITLE__", _css_text(short(running_title, _RUNNING)))),
            script=markup(script),
            created=created or datetime.now(timezone.utc).isoformat(timespec="seconds"),
            version=__version__,
            research_use=RESEARCH_USE,
            **content,
        )
    )
    return page


@cache
def _environment() -> Any:
    jinja = require("jinja2", "report")
    made = jinja.Environment(
        loader=jinja.FunctionLoader(_part),
        autoescape=True,
        undefined=jinja.StrictUndefined,
        finalize=_finalized,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "figures": shown,
        "rounded_to": rounded_to,
        "with_unit": with_unit,
        "plural": plural,
        "exact": repr,
    }
    return made


def _finalized(value: Any) -> Any:
    """Put texts on one line with control characters spelled out; output of a template is not changed."""
    return encodable(plain(value)) if type(value) is str else value


@cache
def _part(name: str) -> str:
    return (files("yttria.report") / "templates" / name).read_text(encoding="utf-8")


def _css_text(text: str) -> str:
    """Escape a text for quotes in a style sheet: everything except letters, digits and spaces becomes its code.

    Examples
    --------
    >>> _css_text("A'1")
    'A\\\\000027 1'
    """
    return re.sub(r"[^A-Za-z0-9 ]", lambda found: f"\\{ord(found[0]):06x} ", encodable(plain(text)))
