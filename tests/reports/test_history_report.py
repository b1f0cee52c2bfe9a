"""The last runs of a suite: a table for a terminal, and a page with the course of each measurement."""

import re
from dataclasses import replace

import pytest
from hostile import HOSTILE
from pages import Reader, acts, harmless
from results import GOOD, RED, check, drifted, full_run, hostile_run, run

from modelqa.core.codec import Gathered
from modelqa.core.estimate import Estimate
from modelqa.core.result import CheckResult, Measurement, SuiteResult
from modelqa.core.subject import SubjectInfo
from modelqa.reports.history import page, render


def at(day: int, *checks: CheckResult) -> SuiteResult:
    """A run on a day of November."""
    return replace(run(*checks), started=f"2026-11-{day:02}T10:00:00+00:00")


def of(value: float) -> CheckResult:
    """A check that measured a value."""
    found = Estimate(value, low=value - 0.01, high=value + 0.01, n=900)
    return check("roc_auc", Measurement("roc_auc", found), Measurement("roc_auc", found, slice="region=EU"))


RUNS = [
    Gathered("", at(1, of(0.95))),
    Gathered("", at(2, of(0.94), check("broken", reason="no rows")), partial=True),
    Gathered("", at(3, *(check(f"c{number}", Measurement("f1", RED)) for number in range(6)), of(0.80))),
]


def test_a_terminal_shows_the_newest_first() -> None:
    """When, how it ended, what was judged, and which checks are not green."""
    assert render(RUNS).splitlines() == [
        "time                     outcome            model            batch                     not green",
        "2026-11-03 10:00:00 UTC  FAILED             churn version 7  new.parquet, 41,203 rows"
        "  7: c0, c1, c2, c3 and 3 more",
        "2026-11-02 10:00:00 UTC  ERRORED (partial)  churn version 7  new.parquet, 41,203 rows  1: broken",
        "2026-11-01 10:00:00 UTC  PASSED             churn version 7  new.parquet, 41,203 rows  nothing",
    ]


def test_a_run_of_no_model_and_no_batch_has_a_row_too() -> None:
    """Empty cells, no more."""
    bare = Gathered("", replace(at(1), subject=SubjectInfo()))
    assert "2026-11-01 10:00:00 UTC  ERRORED" in render([bare])
    harmless(page([bare]))


def test_a_page_draws_each_measurement_over_the_runs() -> None:
    """The check's own bound beside it, and in words for those who do not see it."""
    read = Reader(page(RUNS))
    said = {attrs["aria-label"] for tag, attrs in read.elements if tag == "svg" and "aria-label" in attrs}
    assert "roc_auc over 3 runs, now 0.800 [0.790, 0.810], min 0.90" in said
    assert "roc_auc in region=EU over 3 runs, now 0.800 [0.790, 0.810], min 0.90" in said
    assert "f1 over 1 runs, now 0.871 [0.862, 0.880], min 0.90" in said
    text = " ".join(" ".join(read.text).split())
    assert text.index("2026-11-03") < text.index("2026-11-02") < text.index("2026-11-01")
    assert "partial" in text


def test_a_value_that_did_not_exist_is_a_gap_in_its_course() -> None:
    """A line goes on where there is a value again."""
    none = check("roc_auc", Measurement("roc_auc", Estimate.undefined(n=0), note="no rows"))
    made = page(
        [Gathered("", at(1, none)), Gathered("", at(2, check("roc_auc", Measurement("roc_auc", GOOD))))]
    )
    assert "roc_auc over 1 runs, now 0.950" in made


def test_20_runs_of_500_columns_in_20_checks_stay_a_small_page() -> None:
    """At most 500 KB."""
    many = run(*[replace(drifted(500), id=f"drift-{number}") for number in range(20)])
    made = page([Gathered("", many)] * 20)
    assert len(made.encode()) <= 500_000
    assert "492 more are in the result's JSON" in made


@pytest.mark.parametrize("evil", HOSTILE)
def test_no_text_is_more_than_text(evil: str) -> None:
    """Neither on the page nor on the terminal."""
    runs = [Gathered("", hostile_run(evil)), Gathered("", full_run())]
    for some in (runs, runs[::-1], runs[:1]):
        harmless(page(some))
        assert acts(render(some)) == []


def test_a_run_keeps_its_place_in_every_course() -> None:
    """What was measured in the last run only stands at its end, where it was red before has a mark."""
    runs = [at(1, of(0.8)), at(2, of(0.95)), at(3, of(0.95), check("new", Measurement("f1", GOOD)))]
    made = page([Gathered("", each) for each in runs])
    courses = re.findall(r'<svg class="spark".*?</svg>', made)
    assert len(courses) == 3
    assert [course.count("L") for course in courses] == [2, 2, 0]
    assert [course.count('class="m failed"') for course in courses] == [1, 1, 0]
    assert 'd="M194.0 ' in courses[2]
