"""The rows that a model cannot answer, found by halving."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.checks import search as module
from modelqa.checks.search import AGAIN, Search
from modelqa.errors import CallError, SubjectError


def search_for(bad: set[int], rows: int, error: type[Exception] | Exception = ValueError) -> Search:
    """A finished search over rows, of which these raise."""

    def score(start: int, end: int) -> dict[str, int]:
        if any(start <= row < end for row in bad):
            raise error
        return {}

    search = Search(score, clock=lambda: 0.0)
    search.look(0, rows)
    return search


@pytest.mark.parametrize("row", [0, 1, 49_999, 50_000, 77_777, 99_999])
def test_one_row_of_a_hundred_thousand_takes_few_calls(row: int) -> None:
    """At most two for each halving, and the first and last one."""
    search = search_for({row}, 100_000)
    assert search.counts.counts == {"raised": 1}
    assert search.calls <= 2 * math.log2(100_000) + 2


def test_on_average_it_takes_one_and_a_half_calls_a_halving() -> None:
    """Of two halves of a piece that raises, the second one need not be asked where the first is fine."""
    calls = [search_for({row}, 4096).calls for row in range(0, 4096, 97)]
    assert sum(calls) / len(calls) <= 1.5 * 12 + 2.5


@given(st.integers(1, 300).flatmap(lambda rows: st.tuples(st.just(rows), st.sets(st.integers(0, rows - 1)))))
def test_exactly_the_bad_rows_are_counted(case: tuple[int, set[int]]) -> None:
    """However many there are and wherever they stand; every row is scored or raises alone."""
    rows, bad = case
    search = search_for(bad, rows)
    assert search.counts.total == len(bad)
    assert search.unresolved == 0


@given(st.integers(1, 200), st.sets(st.integers(1, 60)))
def test_a_failure_that_no_row_repeats_is_never_forgotten(rows: int, moments: set[int]) -> None:
    """A model that fails now and then: as soon as one call failed, the count is not zero."""
    calls = 0

    def score(start: int, end: int) -> dict[str, int]:
        nonlocal calls
        calls += 1
        if calls in moments:
            raise ConnectionError
        return {}

    search = Search(score, clock=lambda: 0.0)
    search.look(0, rows)
    assert (search.counts.total > 0) == any(moment <= calls for moment in moments)
    assert search.counts.total <= rows


def test_one_failure_out_of_the_blue_is_one_row() -> None:
    """It says so."""
    calls = iter([True] + [False] * 99)

    def score(start: int, end: int) -> dict[str, int]:
        if next(calls):
            raise CallError("http 500", "")
        return {}

    search = Search(score, clock=lambda: 0.0)
    search.look(0, 1000)
    assert search.counts.counts == {AGAIN: 1}


def test_many_bad_rows_stay_bounded() -> None:
    """What is not looked into is counted as such."""
    search = search_for(set(range(0, 100_000, 2)), 100_000)
    assert search.calls == module.MOST_CALLS
    assert search.counts.total > 0
    assert search.unresolved > 90_000


def test_a_slow_model_is_bounded_by_time() -> None:
    """Ten seconds a call: a few calls, then the rest is unknown."""
    now = 0.0

    def score(start: int, end: int) -> dict[str, int]:
        nonlocal now
        now += 10
        raise ValueError

    search = Search(score, clock=lambda: now)
    search.look(0, 1000)
    assert search.calls <= module.MOST_SECONDS / 10 + 1
    assert search.unresolved + search.counts.total == 1000


def test_calls_that_take_too_long_are_bounded_in_number() -> None:
    """Each of them leaves work behind that goes on."""
    search = search_for(set(range(1000)), 1000, TimeoutError)
    assert search.calls == module.MOST_TIMEOUTS


def test_a_server_that_is_gone_is_not_searched() -> None:
    """Nobody answers, whatever the rows: all of them have no prediction."""
    search = search_for({3}, 1000, CallError("refused", ""))
    assert (search.calls, search.counts.counts) == (1, {"refused": 1000})


def test_what_is_wrong_with_the_subject_is_no_error_of_a_row() -> None:
    """A frame that does not fit the model is told, not counted."""
    with pytest.raises(SubjectError):
        search_for({3}, 10, SubjectError("does not fit"))
