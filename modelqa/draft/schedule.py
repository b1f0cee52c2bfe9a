"""When a scheduled run starts: a word, or the five fields of cron, in UTC.

The fields are those of POSIX crontab with steps and names, which GitHub and Kubernetes both read.
"""

import re
from itertools import pairwise

WORDS = {"hourly": "23 * * * *", "daily": "23 5 * * *", "weekly": "23 5 * * 1"}
"""Not on the hour: that is when most schedules start, and GitHub delays or drops some of them."""
APART = 5
"""Minutes between two runs, for GitHub starts none sooner."""
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_PART = re.compile(r"(?:(\*)|([0-9]{1,2}|[A-Z]{3})(?:-([0-9]{1,2}|[A-Z]{3}))?)(?:/([0-9]{1,2}))?")


def cron(written: str) -> str:
    """The five fields of a schedule. Raises ``ValueError`` with the field that is wrong.

    >>> cron("daily"), cron(" 30  6 * * mon-fri ")
    ('23 5 * * *', '30 6 * * MON-FRI')
    """
    text = WORDS.get(written.strip().lower(), written)
    fields = text.upper().split()
    if len(fields) != len(_FIELDS) or not text.isascii():
        raise ValueError(
            f"expected {', '.join(WORDS)}, or five fields of cron such as '30 6 * * 1-5' (minute, hour, day, "
            f"month, day of the week, in UTC), found {written[:100]!r}"
        )
    for field, (name, low, high, names) in zip(fields, _FIELDS, strict=True):
        found = _members(field, low, high, names)
        if not found:
            told = f"{name}: expected {low} to {high}, a range, a list or a step"
            raise ValueError(f"{told}, found {field[:40]!r}")
        if name == "minute" and any(b - a < APART for a, b in pairwise(sorted(found))):
            raise ValueError(f"minute: expected runs {APART} minutes apart, found {field[:40]!r}")
    return " ".join(fields)


def _members(field: str, low: int, high: int, names: tuple[str, ...]) -> set[int]:
    """The numbers that a field stands for; none at all where any part of it is wrong."""
    parts = [_part(part, low, high, names) for part in field.split(",")]
    return set().union(*parts) if all(parts) else set()


def _part(part: str, low: int, high: int, names: tuple[str, ...]) -> range:
    """A star, a number or a range, with a step behind a star or a range."""
    found = _PART.fullmatch(part)
    if found is None:
        return range(0)
    star, first, last, step = found.groups()
    start, stop = (low, high) if star else (_number(each, low, names) for each in (first, last or first))
    by = int(step) if step else 1
    if not low <= start <= stop <= high or not by or (step and not (star or last)):
        return range(0)
    return range(start, stop + 1, by)


def _number(text: str, low: int, names: tuple[str, ...]) -> int:
    """A number, or the one that a name stands for; -1 for any other text."""
    if text.isdecimal():
        return int(text)
    return low + names.index(text) if text in names else -1
