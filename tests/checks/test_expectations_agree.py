"""`expect` and Great Expectations agree: the table of names, the arguments, and every verdict."""

import math
import types
import typing
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest
from expectation_cases import CASES, EDGES, frame
from hypothesis import event, given, settings
from hypothesis import strategies as st

from modelqa.checks.expectation_arguments import REFUSED, complaints
from modelqa.checks.expectation_names import EXPECTATIONS, Expectation
from modelqa.core import extras
from modelqa.core.bound import Outcome
from modelqa.testing import run_check

CALL = {True: Outcome.PASSED, False: Outcome.FAILED}


@pytest.fixture(scope="module")
def library() -> Any:
    """The library's own registry: its classes by name."""
    registry = extras.load("great_expectations.expectations.registry")
    return {
        name: registry.get_expectation_impl(name)
        for name in registry.list_registered_expectation_implementations()
    }


@pytest.fixture(scope="module")
def direct() -> Any:
    """A function that asks Great Expectations itself: its success, or None where it raises."""
    context = extras.load("great_expectations").get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}

    def ask(made: Any, rows: pd.DataFrame) -> bool | None:
        asset = context.data_sources.add_pandas(uuid4().hex).add_dataframe_asset("frame")
        batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})
        result = batch.validate(made)
        told = [result.exception_info, *result.exception_info.values()]
        raised = any(isinstance(part, dict) and part.get("raised_exception") for part in told)
        return None if raised else bool(result.success)

    return ask


def _kind(annotation: Any) -> str:
    """The kind of the table that a field's type comes to; suite parameters and None aside."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(inner[0])
    if origin in (typing.Union, types.UnionType):
        kinds = [_kind(part) for part in inner if part not in (dict, type(None))]
        if kinds == ["flag", "text"]:
            return "relative"
        return "limit" if {"number", "date"} <= set(kinds) else kinds[0]
    if origin is typing.Literal:
        return "|".join(inner)
    if origin is tuple:
        return "pair"
    if origin is not None and inner:
        return {"text": "texts", "column": "texts", "pair": "pairs"}[_kind(inner[0])]
    names = {
        "StrictStr": "column", "ConstrainedFloatValue": "share", "float": "number", "int": "whole",
        "bool": "flag", "str": "text", "dict": "mapping", "list": "list", "List": "list", "set": "list",
        "QuantileRange": "quantiles", "date": "date", "datetime": "date",
    }  # fmt: skip
    return names[getattr(annotation, "__name__", str(annotation))]


STRICTER = {
    "label": {"column"}, "columns": {"texts"}, "positive": {"number", "share"}, "regex": {"text"},
    "regexes": {"texts"}, "format": {"text"}, "texts": {"list"},
    "all_values_are_missing|any_value_is_missing|never": {"text"},
}  # fmt: skip
"""Where the table says more than a type of the library can."""


def test_the_table_is_the_librarys_registry(library: Any) -> None:
    """Every registered expectation has a row, and there is no other."""
    assert {one.registered for one in EXPECTATIONS.values()} == set(library)


@pytest.mark.parametrize("found", EXPECTATIONS.values(), ids=EXPECTATIONS)
def test_a_row_has_the_librarys_arguments(found: Expectation, library: Any) -> None:
    """Names, types and what must be given are those of the class; what it shares with all is refused."""
    fields = dict(library[found.registered].__fields__)
    assert ("row_condition" in fields) == found.where
    own = {
        name: field
        for name, field in fields.items()
        if name not in {*REFUSED, "severity", "library_metadata"}
    }
    assert set(own) == set(found.arguments)
    for name, field in own.items():
        argument, theirs = found.arguments[name], _kind(field.outer_type_)
        assert argument.kind == theirs or theirs in STRICTER.get(argument.kind, ()), (name, theirs)
        assert argument.required or not field.required


@pytest.mark.parametrize("name", [case[0] for case in CASES])
def test_the_verdict_is_the_librarys(name: str, direct: Any, library: Any) -> None:
    """One case that is met and one that is not, for every expectation that runs on a frame."""
    _, good, bad = next(case for case in CASES if case[0] == name)
    for arguments, met in ((good, True), (bad, False)):
        made = library[EXPECTATIONS[name].registered](**arguments)
        assert direct(made, frame().reset_index(drop=True)) is met
        result = run_check("expect", name, **arguments, subject={"batch": frame()})
        assert (result.outcome, result.notes) == (CALL[met], ())


def test_every_expectation_that_runs_on_a_frame_has_its_cases() -> None:
    """The table of cases is complete; the rest needs SQL."""
    assert sorted(case[0] for case in CASES) == sorted(
        name for name, one in EXPECTATIONS.items() if not one.sql
    )


@pytest.mark.parametrize(("name", "arguments"), EDGES)
def test_the_verdict_is_the_librarys_at_the_edges(
    name: str, arguments: dict[str, Any], direct: Any, library: Any
) -> None:
    """Nulls only, categories, truth values and limits: no verdict of ours is another."""
    success = direct(library[EXPECTATIONS[name].registered](**arguments), frame().reset_index(drop=True))
    assert success is not None
    result = run_check("expect", name, **arguments, subject={"batch": frame()})
    assert result.outcome is CALL[success], result.message


SQL = {
    "column_values_to_match_like_pattern": {"column": "city", "like_pattern": "E%"},
    "column_values_to_match_like_pattern_list": {"column": "city", "like_pattern_list": ["E%"]},
    "column_values_to_not_match_like_pattern": {"column": "city", "like_pattern": "E%"},
    "column_values_to_not_match_like_pattern_list": {"column": "city", "like_pattern_list": ["E%"]},
    "query_results_to_match_comparison": {
        "base_query": "SELECT 1", "comparison_data_source_name": "a", "comparison_query": "SELECT 1",
    },
    "table_row_count_to_equal_other_table": {"other_table_name": "a"},
    "unexpected_rows_expectation": {"unexpected_rows_query": "SELECT * FROM {batch}"},
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name, one in EXPECTATIONS.items() if one.sql])
def test_what_is_refused_as_sql_does_not_run_on_a_frame(name: str, direct: Any, library: Any) -> None:
    """The library itself cannot evaluate it on pandas."""
    assert direct(library[EXPECTATIONS[name].registered](**SQL[name]), frame()) is None


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 40), data=st.data())
def test_a_share_is_judged_as_the_library_divides(rows: int, data: Any, direct: Any, library: Any) -> None:
    """At every share that rows can have, and one float beside it, `mostly` decides as in the library."""
    bad = data.draw(st.integers(0, rows))
    share = data.draw(st.integers(0, rows)) / rows
    mostly = data.draw(st.sampled_from([share, math.nextafter(share, 0), min(math.nextafter(share, 2), 1.0)]))
    batch = pd.DataFrame({"a": [-1] * bad + [1] * (rows - bad)})
    arguments = {"column": "a", "min_value": 0, "mostly": mostly}
    alone = {"batch": batch, "labels": None, "key": None}
    result = run_check("expect", "column_values_to_be_between", **arguments, subject=alone)
    made = library["expect_column_values_to_be_between"](**arguments)
    assert result.outcome is CALL[direct(made, batch)]


_NUMBER = st.integers(-5, 5) | st.floats(-5, 5)
_TEXT = st.sampled_from(["city", "n", "^a+$", "%Y-%m-%d", "2026-01-31", "7", "[", "$PARAMETER", "%Q", ""])
_TEXTS = st.lists(_TEXT, max_size=3)
_PAIRS = st.lists(st.tuples(_NUMBER | st.none(), _NUMBER | st.none()).map(list), max_size=2)
_SHARES = st.lists(st.floats(0, 1), max_size=2)
_ANY = st.none() | st.booleans() | _NUMBER | _TEXT | _TEXTS | _PAIRS | st.just({"$PARAMETER": "a"})
_LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "share": st.floats(-0.1, 1.1), "number": _NUMBER, "positive": _NUMBER, "whole": st.integers(-3, 9),
    "limit": _NUMBER | _TEXT, "flag": st.booleans(), "columns": _TEXTS, "texts": _TEXTS, "regexes": _TEXTS,
    "list": _TEXTS, "pairs": _PAIRS, "mapping": st.dictionaries(_TEXT, _NUMBER, max_size=2),
    "quantiles": st.fixed_dictionaries({"quantiles": _SHARES, "value_ranges": _PAIRS}),
    "relative": st.sampled_from([False, True, "linear", "cubic"]),
}  # fmt: skip


def _likely(kind: str) -> st.SearchStrategy[Any]:
    """Values that a kind may take, and others."""
    own = st.sampled_from(kind.split("|")) if "|" in kind else _LIKELY.get(kind, _TEXT)
    return st.one_of(own, own, own, own, _ANY)


@settings(max_examples=600, deadline=None)
@given(found=st.sampled_from([one for one in EXPECTATIONS.values() if not one.sql]), data=st.data())
def test_what_the_table_accepts_the_library_constructs(found: Expectation, data: Any, library: Any) -> None:
    """Whatever passes at collection is not refused by the library when the run begins."""
    names = data.draw(st.sets(st.sampled_from(list(found.arguments))))
    needed = {name for name, one in found.arguments.items() if one.required}
    arguments = {name: data.draw(_likely(found.arguments[name].kind)) for name in sorted(needed | names)}
    wrong = list(complaints(found, arguments))
    event("refused" if wrong else "constructed")
    if not wrong:
        library[found.registered](**arguments)
