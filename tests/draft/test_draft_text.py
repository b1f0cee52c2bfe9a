"""What a first suite writes is read back as what was meant, by our reader and by others."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelqa.draft.text import Block, Written, comment, dropped, flow, scalar, source, wrapped, writable
from modelqa.suite.nodes import Problems
from modelqa.suite.text import read

texts = st.text(min_size=1, max_size=40).filter(writable)
values = st.one_of(texts, st.integers(-(10**12), 10**12), st.floats(-1e12, 1e12), st.booleans())


def ours(text: str) -> Any:
    """What the reader of suites makes of a text."""
    problems = Problems()
    found = read(text, Path("a.suite.yaml"), problems).plain()
    problems.check()
    return found


@given(st.dictionaries(texts, st.one_of(values, st.lists(values, max_size=5)), min_size=1, max_size=5))
def test_a_mapping_is_read_back_as_it_was(content: dict[str, Any]) -> None:
    """Names and values of any writable text survive, in the reader of suites."""
    assert ours(f"a: {flow(content)}") == {"a": content}


@given(st.dictionaries(texts, st.one_of(texts, st.booleans()), min_size=1, max_size=5))
def test_other_readers_see_the_same(content: dict[str, Any]) -> None:
    """A reader of YAML 1.1, where `no` is a truth value, reads the same texts."""
    assert yaml.safe_load(f"a: {flow(content)}") == {"a": content}


@given(texts)
def test_a_source_is_read_back_as_it_was(text: str) -> None:
    """Paths and URIs survive, with quotes or without."""
    assert ours(f"model: {source(text)}") == {"model": text}


@pytest.mark.parametrize(
    "plain",
    ["models:/churn@challenger", "data/x.parquet", "../a_b.csv", "quality.models:price", "runs/*.csv"],
)
def test_usual_sources_stand_without_quotes(plain: str) -> None:
    """A suite looks as if a person had written it."""
    assert source(plain) == plain


@pytest.mark.parametrize("odd", ["no", "1e5", "0x1F", "12:30", "1_000", "true", "a b.csv", "a: b", "*.csv"])
def test_odd_sources_are_quoted(odd: str) -> None:
    """What some reader would take for a number, a truth value or an alias stands in quotes."""
    assert source(odd).startswith('"')
    assert ours(f"model: {source(odd)}") == {"model": odd}


@pytest.mark.parametrize(
    ("text", "fits"),
    [("plain", True), ("ä b: c#", True), ("", False), (" a", False), ("a\n", False), ("${A}", False)],
)
def test_what_a_suite_cannot_hold_is_known(text: str, fits: bool) -> None:
    """Control characters, variables and blanks at the ends cannot be written."""
    assert writable(text) is fits


@given(st.text(max_size=300))
def test_comments_stay_comments(text: str) -> None:
    """Whatever a library or a column name says, it is on lines of comment."""
    assert "\n" not in comment(text)
    lines = wrapped(text, "  ")
    assert all(line.startswith("  #") for line in lines)
    assert ours("\n".join([*lines, f"a: 1  {comment(text)}"])) == {"a": 1}


@given(st.lists(texts, min_size=1, max_size=60))
def test_long_lists_are_folded(names: list[str]) -> None:
    """A list on several lines is the list that it was."""
    block = Block.of("drift", {"drift": names, "max": Written("40%")}, {"drift": "all", "max": "why"})
    assert ours("checks:\n" + "\n".join(block.lines)) == {"checks": [{"drift": names, "max": "40%"}]}


def test_a_check_that_is_left_out_is_a_comment() -> None:
    """It says which, and why."""
    block = dropped("drift", "no reference was given")
    assert block.lines == ("  # Left out: drift (no reference was given)",)
    assert Block.of("a", {"metric": "r2", "min": 0}).without("undecided").left_out == "undecided"


def test_numbers_are_short() -> None:
    """Whole numbers have no point, others no needless digits."""
    assert [scalar(each) for each in (3.0, 0.25, 10, True)] == ["3", "0.25", "10", "true"]
