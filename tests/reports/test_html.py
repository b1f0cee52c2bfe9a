"""The page of a run: complete, readable by anybody, and harmless whatever the data is called."""

import re

import pytest
from hostile import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import Reader, harmless
from results import GOOD, OPEN, RED, check, columns, drifted, hostile_run, run

from modelqa.core.bound import Bound
from modelqa.core.estimate import Estimate
from modelqa.core.result import CheckResult, Measurement
from modelqa.reports.html import MOST_ROWS, headline, render


def test_the_page_begins_with_the_verdict_and_says_why() -> None:
    """Then what is not green in plain words, with a link to the check, then every check."""
    page = Reader(
        render(run(check("fine", Measurement("f1", GOOD)), check("roc_auc", Measurement("roc_auc", RED))))
    )
    text = " ".join(" ".join(page.text).split())
    told = [
        "churn failed",
        "Of 2 checks, 1 failed.",
        "41,203 rows",
        "roc_auc is 0.871, below the floor of 0.90. Chance does not explain it: the interval ends at 0.880.",
        "Checks that are not green",
        "0.871 [0.862, 0.880]",
        "Checks that passed",
        "0.950 [0.940, 0.960]",
        "pytest churn.suite.yaml --modelqa-model=models:/churn/7",
        "pytest churn.suite.yaml::roc_auc --modelqa-model=models:/churn/7",
    ]
    places = [text.index(each) for each in told]
    assert places == sorted(places)
    links = {attrs["href"] for tag, attrs in page.elements if tag == "a"}
    anchors = {f"#{attrs['id']}" for _, attrs in page.elements if "id" in attrs}
    assert links <= anchors
    assert "#check-roc_auc" in links


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ([check("a", Measurement("f1", GOOD))], "The one check passed."),
        ([check("a", Measurement("f1", GOOD))] * 3, "All 3 checks passed."),
        (
            [
                check("a", Measurement("f1", RED)),
                check("b", Measurement("f1", OPEN)),
                check("c", reason="no rows"),
            ],
            "Of 3 checks, 1 failed, 1 could not run and 1 undecided.",
        ),
    ],
)
def test_the_headline_counts_what_is_not_green(checks: list[CheckResult], said: str) -> None:
    """In one sentence."""
    assert headline(run(*checks)) == said


def test_nothing_is_fetched_and_nothing_runs() -> None:
    """No script, no link out, no image from elsewhere, and a policy that forbids all three."""
    page = render(run(drifted(30)))
    assert not re.search(r"<script|\son\w+=|https?://|url\((?!#)|@import|<link|<iframe", page)
    assert "default-src 'none'" in page


def test_every_drawing_says_what_it_shows() -> None:
    """A reader who does not see it hears value, interval, bound and outcome; decoration is silent."""
    page = Reader(render(run(check("roc_auc", Measurement("roc_auc", RED)), drifted(20, limit=0.015))))
    drawings = [attrs for tag, attrs in page.elements if tag == "svg" and attrs.get("aria-hidden") != "true"]
    assert drawings
    assert all(each["role"] == "img" and each["aria-label"] for each in drawings)
    assert "roc_auc 0.871 [0.862, 0.880], min 0.90: failed" in {each["aria-label"] for each in drawings}


def test_of_many_columns_the_worst_are_drawn_and_the_others_named() -> None:
    """Nobody reads 500 rows; nothing is lost either."""
    page = Reader(render(run(drifted(500))))
    text = " ".join(page.text)
    assert sum(attrs.get("class") == "strip" for _, attrs in page.elements) == MOST_ROWS
    assert "column_499" in text
    assert f"{500 - MOST_ROWS} more" in text
    assert all(f"column_{at} " in text for at in range(500))
    assert "in the result's JSON" in render(run(*[drifted(500)] * 20))


def test_500_columns_in_20_checks_stay_a_small_page() -> None:
    """At most 500 KB, with names as people give them; red or green."""
    many = columns(500, "days_since_the_last_complaint")
    for limit in (0.004, 0.1, 1.0):
        page = render(run(*[check("drift-all", *many, bound=Bound(max=limit))] * 20))
        assert len(page.encode()) <= 500_000


def test_counts_that_are_fine_are_named_not_drawn() -> None:
    """A contract of 40 rules is one line where it holds."""
    fine = [Measurement("nulls", Estimate.fact(0, n=9), column=f"c{at}") for at in range(40)]
    page = Reader(render(run(check("contract", *fine, bound=Bound(max=0)))))
    assert sum(attrs.get("class") == "strip" for _, attrs in page.elements) == 1


def test_a_check_that_could_not_run_says_why() -> None:
    """There is nothing to draw."""
    assert "the batch has no rows" in render(run(check("x", reason="the batch has no rows")))


def test_ends_that_are_not_known_are_drawn_to_the_edge() -> None:
    """An infinite interval is an interval."""
    wide = Estimate(0.95, low=float("-inf"), high=float("inf"), n=5)
    nothing = Measurement("f1", Estimate.undefined(n=5), note="no positive rows")
    page = render(run(check("wide", Measurement("f1", wide)), check("none", nothing)))
    assert "no positive rows" in page
    assert not re.search(r'd="[^"]*(nan|inf)', page)


@pytest.mark.parametrize("evil", HOSTILE)
def test_no_text_is_more_than_text(evil: str) -> None:
    """Whatever anything is called, the page has its own elements and attributes, and no others."""
    harmless(render(hostile_run(evil), path=evil))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.floats(allow_nan=True), st.floats(0, 1e9), st.floats(-1e12, 1e12))
def test_any_result_makes_a_page(name: str, value: float, reach: float, limit: float) -> None:
    """Of any name and any numbers."""
    estimate = Estimate(value, low=value - reach, high=value + reach, n=3)
    page = render(run(check("x", Measurement(name, estimate), bound=Bound(min=limit)), name=name))
    Reader(page)
    assert not re.search(r'd="[^"]*(nan|inf)', page)
