"""What stands behind a verdict, drawn: distributions, calls and slices; nothing that is not understood."""

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import Reader, harmless
from results import across, check, columns, full_run, latency, run

from modelqa.core.bound import Bound
from modelqa.core.estimate import Estimate
from modelqa.core.evidence import Evidence
from modelqa.core.result import Measurement, Verdict
from modelqa.core.units import Unit
from modelqa.reports.html import MOST_PICTURES, render
from modelqa.reports.pictures import MOST_DOTS, dots, pictures


def judged(found: Measurement, limit: float = 0.04) -> Verdict:
    """A measurement under a ceiling."""
    return Verdict.of(found, Bound(max=limit))


def bare(kind: str, data: Any) -> Verdict:
    """A verdict with one piece of evidence."""
    fact = Estimate.fact(1, n=9)
    return judged(Measurement("x", fact, column="c", evidence=(Evidence(kind, data),)))


def test_a_column_shows_both_distributions_and_their_numbers() -> None:
    """A legend, the ends of its range, and a table for those who do not see it."""
    data = {
        "labels": ["1 to 2", "2 to 3"],
        "edges": [1, 2, 3],
        "reference": [0.75, 0.25],
        "batch": [0.5, 0.5],
    }
    (made,) = pictures(bare("distributions", data))
    assert made.key == (("ref", "reference"), ("line", "batch"))
    assert made.ticks == ("1", "3")
    assert made.rows == (("1 to 2", "75%", "50%"), ("2 to 3", "25%", "50%"))


@pytest.mark.parametrize(("count", "named"), [(3, True), (9, False)])
def test_few_categories_stand_under_their_bars(count: int, named: bool) -> None:
    """Of many, the names are in the table."""
    names = [f"c{at}" for at in range(count)]
    shares = [1 / count] * count
    (made,) = pictures(bare("distributions", {"labels": names, "reference": shares, "batch": shares}))
    assert made.ticks == (tuple(names) if named else ())
    assert made.spaced is named


def test_calls_are_drawn_with_the_budget_as_a_line() -> None:
    """On a logarithmic scale that reaches to the budget, with the quantiles as numbers."""
    (made,) = pictures(judged(latency("model", "champion")))
    assert made.key == (("ref", "model"), ("line", "champion"), ("limit", "the budget, 40 ms"))
    assert made.ticks == ("1 ms", "logarithmic", "40 ms")
    assert made.head == ("quantile", "model", "champion")
    assert made.rows == (("50%", "2 ms", "2 ms"), ("99%", "9 ms", "9 ms"))
    assert made.drawing.count('class="hard"') == 1


@pytest.mark.parametrize(
    ("metric", "unit"), [("latency_p95 versus champion", Unit.SECONDS), ("throughput", Unit.PER_SECOND)]
)
def test_a_bound_that_is_no_time_of_a_call_is_no_line(metric: str, unit: Unit) -> None:
    """A difference or a speed has no place on the scale of times."""
    evidence = latency("model").evidence
    found = Measurement(metric, Estimate.fact(0.01, n=9), unit=unit, evidence=evidence)
    (made,) = pictures(judged(found))
    assert 'class="hard"' not in made.drawing
    assert made.key == (("ref", "model"),)


def test_slices_are_sorted_on_one_scale() -> None:
    """The smallest first, one without a value last."""
    found = across(0.9, 0.5, 0.7)
    found.evidence[0].data["values"][0] = None
    (made,) = dots(judged(found))
    assert [dot.value.split(" ")[0] for dot in made.dots] == ["0.500", "0.700", "none"]
    places = [float(at) for dot in made.dots for at in re.findall(r'cx="([\d.]+)"', dot.strip)]
    assert places == sorted(places)
    assert len(places) == 2


def test_of_many_slices_both_ends_are_shown() -> None:
    """What lies between is counted."""
    (made,) = dots(judged(across(*[at / 100 for at in range(50)])))
    assert len(made.dots) == MOST_DOTS
    assert made.left == 50 - MOST_DOTS
    shown = [dot.value.split(" ")[0] for dot in made.dots]
    assert shown[0] == "0"
    assert shown[-1] == "0.490"


def test_a_ratio_of_slices_is_drawn_from_values_without_its_unit() -> None:
    """The unit of a ratio is not that of what it divides."""
    found = across(0.5, 0.7)
    found.evidence[0].data["across"] = "ratio"
    (made,) = dots(
        judged(Measurement("r", Estimate.fact(0.7, n=1), unit=Unit.SHARE, evidence=found.evidence))
    )
    assert made.dots[0].value.startswith("0.500")


BROKEN: list[Any] = [
    {}, None, [], {"labels": ["a"], "reference": [1.0], "batch": []}, {"labels": 3},
    {"labels": ["a"], "reference": ["<script>"], "batch": [1.0]},
    {"labels": ["a"], "reference": [float("nan")], "batch": [1.0]},
    {"edges": [0.0, 1.0], "series": {"m": {"counts": [1], "quantiles": [1]}}, "shares": [50]},
    {"edges": [1.0, 2.0], "series": {"m": {"counts": [1, 2], "quantiles": [1]}}, "shares": [50]},
    {"edges": [1.0, 2.0], "series": {}, "shares": []},
    {"across": "gap", "metric": "m", "slices": ["a"], "values": ["x"], "low": [1], "high": [1], "n": [1]},
    {"across": "gap", "metric": "m", "slices": ["a"], "values": [1], "low": [], "high": [1], "n": [1]},
]  # fmt: skip


@pytest.mark.parametrize("kind", ["distributions", "latency", "slices", "of a later version"])
@pytest.mark.parametrize("data", BROKEN)
def test_evidence_that_is_not_understood_is_not_drawn(kind: str, data: Any) -> None:
    """The page tells the verdict all the same."""
    verdict = bare(kind, data)
    assert [*pictures(verdict), *dots(verdict)] == []
    assert "1" in render(run(check("x", verdict.measurement)))


NUMBERS = st.lists(st.floats(allow_nan=True) | st.none() | st.text(max_size=3), max_size=4)


@settings(max_examples=100, deadline=None)
@given(NUMBERS, NUMBERS, NUMBERS, st.lists(st.text(max_size=5), max_size=4))
def test_any_evidence_makes_a_page(a: list[Any], b: list[Any], c: list[Any], names: list[str]) -> None:
    """Of any numbers and names, and nothing in a drawing but numbers."""
    kinds = {
        "distributions": {"labels": names, "edges": c, "reference": a, "batch": b},
        "latency": {"edges": a, "shares": c, "series": {n: {"counts": b, "quantiles": c} for n in names}},
        "slices": {"across": "gap", "metric": "m", "slices": names, "values": a, "low": b, "high": c, "n": a},
    }
    found = [bare(kind, data).measurement for kind, data in kinds.items()]
    page = harmless(render(run(check("x", *found))))
    drawn = [attrs.get("d") or "" for tag, attrs in page.elements if tag == "path"]
    assert not [each for each in drawn if re.search("[^-+MLHVlmaze0-9. ]", each)]


def test_a_page_shows_all_of_it() -> None:
    """Drifted columns, calls, slices and the champion, each with its numbers in words."""
    page = Reader(render(full_run()))
    text = " ".join(" ".join(page.text).split())
    for said in (
        "The challenger beside the champion",
        "churn version 6",
        "recall in each slice, sorted",
        "the budget, 40 ms",
        "column_8: wasserstein",
        "pytest churn.suite.yaml::f1 --modelqa-model=models:/churn/7",
    ):
        assert said in text
    figures = [attrs for tag, attrs in page.elements if tag == "svg" and attrs.get("class") == "dist"]
    assert len(figures) == MOST_PICTURES


def test_headings_are_in_order_and_links_lead_somewhere() -> None:
    """One h1, no level left out, no id twice."""
    page = Reader(render(full_run()))
    levels = [int(tag[1]) for tag, _ in page.elements if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["href"] for tag, attrs in page.elements if tag == "a"} <= {f"#{each}" for each in ids}


def test_columns_that_did_not_move_are_drawn_too_but_fewer() -> None:
    """A green drift check shows that it looked."""
    page = Reader(render(run(check("drift", *columns(9), bound=Bound(max=1)))))
    assert sum(attrs.get("class") == "dist" for _, attrs in page.elements) == 2
