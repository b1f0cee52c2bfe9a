"""What all pages share: one skeleton, one style sheet, every text escaped, control characters visible."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelqa.core.bound import Outcome
from modelqa.reports.terminal import visible

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"
WORDS = {
    Outcome.FAILED: "failed",
    Outcome.ERRORED: "could not run",
    Outcome.INCONCLUSIVE: "undecided",
    Outcome.WARNED: "warned",
    Outcome.PASSED: "passed",
    Outcome.SKIPPED: "skipped",
}


def fill(name: str, **values: Any) -> str:
    """A page from its template: no script, nothing fetched, whatever the values are called."""
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    page: str = _template(name).render(words=WORDS, css=css, **values)
    return page


def when(started: str) -> str:
    """A time for people, in UTC.

    >>> when("2026-11-22T10:00:00+00:00")
    '2026-11-22 10:00:00 UTC'
    """
    return started.replace("T", " ").replace("+00:00", " UTC")


@cache
def _template(name: str) -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["visible"] = lambda text: visible(str(text))
    made.filters["when"] = when
    return made.get_template(name)
