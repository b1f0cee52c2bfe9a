"""`expect`: every expectation of Great Expectations 1.x, by its own name and arguments."""

import builtins
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date
from functools import cache
from threading import Lock
from typing import Annotated, Any, Literal
from uuid import uuid4

from modelqa.checks.expectation_arguments import complaints, moment
from modelqa.checks.expectation_names import NAMES, Expectation, find
from modelqa.core import extras
from modelqa.core.bound import Bound
from modelqa.core.check import Complaint, Needs, Shape, check
from modelqa.core.estimate import Estimate
from modelqa.core.ports import Context, Table
from modelqa.core.result import Measurement
from modelqa.core.units import Unit
from modelqa.errors import CheckError, MissingExtra

MOST_VALUES = 20
"""Offending values told at most."""

TELLING = re.compile(
    "column_(mean|sum|stdev|unique_value_count|proportion_.*|kl_divergence|type)_to_.*"
    "|column_values_to_be_(of_type|in_type_list)|table_.*"
)
"""Expectations whose observed value is a number, a type or names of columns, and never a row's value."""

Name = Annotated[str, Shape({"enum": NAMES})]
NONE = Bound(max=0)
_LOCK = Lock()


def _sound(expectation: str, /, *, where: str | None = None, **keys: Any) -> Iterator[Complaint]:
    try:
        found = find(expectation)
    except KeyError as error:
        yield None, error.args[0]
        return
    if found.sql:
        yield None, f"{found.name} runs on SQL only, and a batch is a table{_instead(found)}"
        return
    if where is not None and not found.where:
        yield "where", f"{found.name} is asked of the whole table: leave out where"
    yield from complaints(found, {key: keys[key] for key in keys if key not in ("severity", "show_values")})


def _instead(found: Expectation) -> str:
    other = found.name.replace("like_pattern", "regex")
    return f": use {other}" if other != found.name else ""


@check(needs=Needs.BATCH, facts=True, own_bound=True, verify=_sound, cached=True)
def expect(
    ctx: Context,
    expectation: Name,
    *,
    where: str | None = None,
    severity: Literal["critical", "warning", "info"] = "critical",
    show_values: bool = False,
    **arguments: Any,
) -> Iterator[Measurement]:
    """Hold the batch against an expectation of Great Expectations 1.x, under its own name.

    ``expectation`` is its name, with or without ``expect_``; every key that is not listed here is one
    of its own arguments (``column``, ``min_value``, ``value_set``, ``mostly``, ...), which hold the
    bound, so ``min`` and ``max`` are mistakes. ``where`` asks it of the rows that match a condition.
    ``severity`` is a label that the result repeats and never changes a verdict. ``show_values: true``
    tells up to 20 offending values; left out, the result holds counts only.

    An expectation about values counts those that do not meet it; with ``mostly`` it measures the share
    of values that do, among those that are not null. Any other is met (0) or unmet (1). The verdict is
    Great Expectations' own; all are facts about this batch. A column that is missing is red by itself.
    Dates are written as ISO text. Where there is nothing but nulls, no value breaks a rule.

    Raises `CheckError` where the expectation cannot be evaluated on what the column holds, or `where`
    matches no row.

    Example::

        - expect: column_values_to_be_between
          column: amount
          min_value: 0
          max_value: 2000
          mostly: 0.99
    """
    found = find(expectation)
    missing = [name for name in found.columns(arguments) if name not in ctx.batch.kinds]
    for name in missing:
        yield Measurement(
            "missing_column", Estimate.fact(1, n=ctx.batch.rows), column=name, bound=NONE, note="batch"
        )
    if missing:
        return
    part = ctx if where is None else ctx.where(where)
    if not part.batch.rows and not found.name.startswith("table_row_count"):
        raise CheckError(f"where: {where} matches none of {ctx.batch.rows:,} rows")
    result = _evaluate(found, part.batch, arguments, MOST_VALUES if show_values else 0)
    told = _joined(
        f"where {where}" if where else "", f"severity {severity}" if severity != "critical" else ""
    )
    rows = part.batch.rows or ctx.batch.rows  # that a condition matches no row is found by looking at all
    yield _measured(found, result, arguments, rows=rows, told=told, show=show_values)


def _measured(
    found: Expectation, result: Any, arguments: Mapping[str, Any], *, rows: int, told: str, show: bool
) -> Measurement:
    """The library's result as a measurement whose verdict is the library's own."""
    column = ", ".join(found.columns(arguments)) or arguments.get("column")
    counted = result.result
    if counted.get("element_count") is None or counted.get("unexpected_count") is None:
        seen = _values(result, "observed_value") if show or TELLING.fullmatch(found.name) else ""
        note = _joined("met" if result.success else "not met", f"observed {seen}" if seen else "", told)
        unmet = Estimate.fact(not result.success, n=rows)
        return Measurement(found.name, unmet, column=column, bound=NONE, note=note)
    nulls, broken = int(counted.get("missing_count") or 0), int(counted["unexpected_count"])
    values = int(counted["element_count"]) - nulls
    seen = _values(result, "partial_unexpected_list") if show else ""
    note = _joined(f"{nulls:,} null" if nulls else "", f"offending {seen}" if seen else "", told)
    n = values or nulls
    if "mostly" not in arguments:
        return Measurement(found.name, Estimate.fact(broken, n=n), column=column, bound=NONE, note=note)
    met = Estimate.fact((values - broken) / values if values else 1, n=n)  # the library's own division
    bound = Bound(min=arguments["mostly"])
    return Measurement(found.name, met, column=column, bound=bound, unit=Unit.SHARE, note=note)


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _values(result: Any, key: str) -> str:
    """What the library tells of a result, as text: each value once, at most so many, and short ones."""
    seen = result.to_json_dict()["result"].get(key)
    seen = seen.get("values") if isinstance(seen, dict) else seen
    listed = seen if isinstance(seen, list) else [] if seen is None else [seen]
    texts = list(dict.fromkeys(map(_short, listed)))
    return ", ".join(texts[:MOST_VALUES]) + (", ..." if len(texts) > MOST_VALUES else "")


def _short(value: Any) -> str:
    told = f"{value:.6g}" if isinstance(value, float) else str(value)
    return told if len(told) <= 40 else f"{told[:37]}..."


def _evaluate(found: Expectation, table: Table, arguments: Mapping[str, Any], values: int) -> Any:
    """The library's result. Raises `CheckError` without its texts, which may quote rows."""
    columns = found.columns(arguments)
    frame = table.to_pandas(columns or None).reset_index(drop=True)
    shape = {"result_format": "BASIC", "partial_unexpected_count": values}
    with _quiet():
        try:
            registry = extras.load("great_expectations.expectations.registry")
            made = registry.get_expectation_impl(found.registered)(**_timed(found, arguments, frame))
            with _batch(frame) as batch:
                result = batch.validate(made, result_format=shape)
            error = _raised(result.exception_info or {})
        except MissingExtra:
            raise
        except Exception as raised:  # whatever the library raises on what the column holds
            error = type(raised).__name__
    if error:
        held = "".join(f"; {name!r} holds {table.kinds[name]}" for name in columns)
        raise CheckError(
            f"{found.name} cannot be evaluated with {', '.join(arguments) or 'no arguments'}{held}: {error} "
            "(its text is not shown, since it may quote rows)"
        )
    return result


def _timed(found: Expectation, arguments: Mapping[str, Any], frame: Any) -> dict[str, Any]:
    """The arguments, with dates as times that a column of times can be compared with."""
    columns = found.columns(arguments)
    dtype = frame[columns[0]].dtype if columns else None
    if getattr(dtype, "kind", "") != "M":
        return dict(arguments)
    aware = getattr(dtype, "tz", None) is not None
    limits = {name for name, argument in found.arguments.items() if argument.kind == "limit"}
    return {
        name: _time(value, aware) if name in limits and isinstance(value, str | date) else value
        for name, value in arguments.items()
    }


def _time(value: str | date, aware: bool) -> Any:
    told = moment(value)
    return told if aware else told.astimezone(UTC).replace(tzinfo=None)


@contextmanager
def _quiet() -> Iterator[None]:
    """One evaluation at a time, without the library's warnings and logs: they may hold values of rows."""
    logger = logging.getLogger("great_expectations")
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        level = logger.level
        logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            logger.setLevel(level)


@contextmanager
def _batch(frame: Any) -> Iterator[Any]:
    """A frame as the library's batch, under a name that nobody else has."""
    sources = _context().data_sources
    source = sources.add_pandas(f"modelqa-{uuid4().hex}")
    try:
        asset = source.add_dataframe_asset("frame")
        yield asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    finally:
        sources.delete(source.name)


@cache
def _context() -> Any:
    """A context in memory, made once, that tells nobody and shows no progress; the host's stays current."""
    library = extras.load("great_expectations")
    manager = extras.load("great_expectations.data_context.data_context.context_factory").project_manager
    config = extras.load("great_expectations.data_context.types.base")
    try:
        current = manager.get_current_project()
    except Exception:  # there is none yet
        current = None
    made = library.get_context(
        mode="ephemeral",
        project_config=config.DataContextConfig(
            store_backend_defaults=config.InMemoryStoreBackendDefaults(),  # without a folder for its pages
            progress_bars={"globally": False},
            analytics_enabled=False,
        ),
    )
    if current is not None:
        manager.set_project(current)
    return made


def _raised(info: Mapping[str, Any]) -> str:
    """The type of the first error in the library's account, which has two shapes; else nothing."""
    accounts = [info, *(account for account in info.values() if isinstance(account, Mapping))]
    for account in accounts:
        if account.get("raised_exception"):
            return _type(str(account.get("exception_traceback") or ""))
    return ""


def _type(trace: str) -> str:
    """The type of an error, from the first of its traceback's last lines that names one.

    >>> _type("Traceback (most recent call last):\\n  File ...\\nTypeError: secret\\n")
    'TypeError'
    """
    named: list[str] = re.findall(r"^(?:\w+\.)*(\w+(?:Error|Exception))\b", trace, re.MULTILINE)
    known = [name for name in named if hasattr(builtins, name)]
    return (known or ["an error of great_expectations"])[0]
