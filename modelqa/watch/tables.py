"""Batches that are rows of a table: those beyond where a column that only grows was read to."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from modelqa.core.subject import Query
from modelqa.engines import sql
from modelqa.errors import SubjectError
from modelqa.models.registry import public
from modelqa.watch.arrivals import Arrival, Known, State

_PLAIN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class Rows:
    """All rows whose cursor column lies beyond the last batch's are the next one.

    ``query`` is a table's name or a SELECT; the column must never get a value below one that it had: a key
    that is counted up, or when a row was inserted. How far a batch reaches is fixed when its rows are first
    seen, so that rows which are still being written go into the next one.
    """

    def __init__(self, url: str, query: str, cursor: str, root: Path) -> None:
        if not _PLAIN.fullmatch(cursor):
            raise SubjectError(f"{cursor!r} is no plain name of a column: give it one in the query, with AS")
        is_table = _PLAIN.fullmatch(query) is not None
        self.told = query if is_table else "query"
        self.key = f"{public(url)} {query} {cursor}"
        self._from = query if is_table else f"({query.strip().rstrip(';')}) AS arrived"
        self._url, self._cursor, self._root = url, cursor, root
        self._until: tuple[str, str] | None = None

    def look(self, state: State) -> Iterator[Arrival]:
        """The rows beyond the last batch, if there are any."""
        after = json.loads(state.mark)[1] if state.mark else ""
        if self._until is None or self._until[0] != after:
            newest = self._newest(after)
            self._until = (after, newest) if newest else None
        if self._until is not None:
            yield self._arrival(*self._until)

    def again(self, known: Known) -> Arrival | None:
        """The rows of the same range."""
        return self._arrival(*json.loads(known.mark), lacked=known.lacks)

    def done_with(self, known: Known) -> bool:
        """Rows that have all their labels: no range is looked at twice."""
        return not known.lacks

    def mark(self, arrival: Arrival) -> str:
        """A range does not change."""
        return arrival.mark

    def _arrival(self, after: str, until: str, *, lacked: int = 0) -> Arrival:
        shown = [text.strip("'") for text in (after, until) if text]
        name = f"{self.told} {' to '.join(shown) if after else f'up to {shown[0]}'}"
        where = f"{self._cursor} <= {until}" + (f" AND {self._cursor} > {after}" if after else "")
        written = f"SELECT * FROM {self._from} WHERE {where} ORDER BY {self._cursor}"  # noqa: S608
        batch = {"sql": written, "url": self._url}
        return Arrival(name, changes={"batch": batch}, mark=json.dumps([after, until]), lacked=lacked)

    def _newest(self, after: str) -> str:
        """The greatest value of the cursor column, as SQL; "" where no row is new."""
        where = f" WHERE {self._cursor} > {after}" if after else ""
        asked = Query(f"SELECT MAX({self._cursor}) AS newest FROM {self._from}{where}", url=self._url)  # noqa: S608
        content = sql.read(sql.located(asked, self._root), self.told)
        found = content.read(["newest"]).column(0)[0].as_py()
        return "" if found is None else literal(found)


def literal(value: Any) -> str:
    """A value of a cursor column as SQL writes it.

    >>> literal(7), literal("o'clock"), literal(date(2026, 11, 26))
    ('7', "'o''clock'", "'2026-11-26'")
    """
    if isinstance(value, bool | bytes):
        raise SubjectError(f"a cursor column of type {type(value).__name__} does not grow: name another one")
    if isinstance(value, date):  # or a time
        text = value.isoformat(sep=" ") if hasattr(value, "hour") else value.isoformat()  # type: ignore[call-arg]
        return f"'{text}'"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
