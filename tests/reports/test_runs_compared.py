"""Two runs of a suite side by side: what changed comes first, and nothing is judged."""

import re
from dataclasses import replace

import pytest
from hostile import HOSTILE
from pages import Reader, acts, harmless
from results import GOOD, OPEN, RED, check, drifted, full_run, hostile_run, run

from modelqa.core.bound import Bound
from modelqa.core.estimate import Estimate
from modelqa.core.result import Measurement
from modelqa.core.subject import ModelInfo
from modelqa.core.units import Unit
from modelqa.reports.compare import changes, headline, page, render, subjects
from modelqa.reports.html import MOST_ROWS

GREEN = "0.950 [0.940, 0.960]"
BEFORE = run(
    check("same", Measurement("f1", GOOD)),
    check("roc_auc", Measurement("roc_auc", GOOD), Measurement("roc_auc", GOOD, slice="region=EU")),
    check("old", Measurement("f1", GOOD)),
    check("open", Measurement("f1", GOOD)),
)
AFTER = run(
    check("new", Measurement("f1", GOOD)),
    check("open", Measurement("f1", OPEN)),
    check("same", Measurement("f1", GOOD)),
    check("roc_auc", Measurement("roc_auc", GOOD), Measurement("roc_auc", RED, slice="region=EU")),
)


def text(html: str) -> str:
    """What a reader sees."""
    return " ".join(" ".join(Reader(html).text).split())


def test_outcomes_that_changed_come_first_then_what_only_one_run_has() -> None:
    """The most severe of now first; what is as before comes last."""
    found = changes(BEFORE, AFTER)
    assert [each.id for each in found] == ["roc_auc", "open", "new", "old", "same"]
    assert [each.changed for each in found] == [True, True, True, True, False]


def test_within_a_check_the_part_that_changed_comes_first() -> None:
    """A slice that turned red stands before all rows that did not."""
    pairs = changes(BEFORE, AFTER)[0].pairs
    assert [pair.some.measurement.slice for pair in pairs] == ["region=EU", ""]
    assert [pair.difference for pair in pairs] == ["-0.079", "0"]


@pytest.mark.parametrize(
    ("unit", "old", "new", "said"),
    [
        (Unit.SHARE, 0.10, 0.15, "+5.000 pp"),
        (Unit.SECONDS, 0.040, 0.025, "-15 ms"),
        (Unit.NUMBER, 0, 25047, "+25,047"),
        (Unit.NUMBER, float("nan"), 1, ""),
    ],
)
def test_a_difference_has_the_unit_of_its_values(unit: Unit, old: float, new: float, said: str) -> None:
    """Shares differ by points; where there is no value there is no difference."""
    sides = [
        run(check("x", Measurement("m", Estimate(value, low=value, high=value, n=9), unit=unit)))
        for value in (old, new)
    ]
    assert changes(*sides)[0].pairs[0].difference == said


def test_values_in_other_units_are_not_subtracted() -> None:
    """A suite that measures in seconds now did not measure the same before."""
    sides = [run(check("x", Measurement("m", GOOD, unit=unit))) for unit in (Unit.NUMBER, Unit.SECONDS)]
    assert changes(*sides)[0].pairs[0].difference == ""


def test_two_verdicts_of_one_name_stay_two() -> None:
    """The second of a name is compared with the second."""
    twice = run(check("x", Measurement("m", GOOD, note="a"), Measurement("m", GOOD, note="b")))
    assert len(changes(twice, twice)[0].pairs) == 2


def test_the_headline_counts_what_changed() -> None:
    """In one sentence."""
    assert headline(BEFORE, AFTER) == "Of 5 checks, 2 ended otherwise, 1 is new, 1 is gone."
    assert headline(AFTER, AFTER) == "No check ended otherwise than before."


def test_other_subjects_are_named() -> None:
    """A model, a batch or a suite that was another one, each in both runs."""
    other = replace(AFTER.subject, model=ModelInfo("m", name="churn", version="8"), batch=None)
    assert subjects(BEFORE, replace(AFTER, subject=other, digest="sha256:bb")) == [
        ("model", "churn version 7 sha256:0123456789ab", "churn version 8"),
        ("batch", "new.parquet, 41,203 rows sha256:fedcba", "none"),
        ("suite", "sha256:aa", "sha256:bb"),
    ]
    assert subjects(BEFORE, AFTER) == []


def test_a_terminal_shows_what_changed_as_a_short_table() -> None:
    """What ended as before is not in it."""
    first, *rest = render(BEFORE, AFTER).splitlines()
    assert first == "churn: PASSED -> FAILED. Of 5 checks, 2 ended otherwise, 1 is new, 1 is gone."
    assert [re.split("  +", line) for line in rest] == [
        ["check", "outcome", "value", "difference"],
        ["roc_auc", "passed -> failed", f"roc_auc in region=EU {GREEN} -> 0.871 [0.862, 0.880]", "-0.079"],
        ["open", "passed -> inconclusive", f"f1 {GREEN} -> 0.908 [0.884, 0.929]", "-0.042"],
        ["new", "new, passed", f"f1 {GREEN} >= min 0.90 (n=41,203)"],
        ["old", "gone, passed", f"f1 {GREEN} >= min 0.90 (n=41,203)"],
    ]


def test_a_page_shows_both_runs_side_by_side() -> None:
    """Subjects, then what changed, then the rest."""
    said = text(page(BEFORE, AFTER))
    told = [
        "churn passed → , then failed",
        "The same in both runs",
        "Checks that ended otherwise",
        "roc_auc in region=EU",
        "0.950 [0.940, 0.960] 0.871 [0.862, 0.880] -0.079",
        "Checks that ended as before",
        "a check with versus judges one",
    ]
    places = [said.index(each) for each in told]
    assert places == sorted(places)


def test_a_check_that_broke_says_why() -> None:
    """In the run in which it did."""
    broken = run(check("same", reason="the batch has no rows"))
    assert "After: the batch has no rows" in text(page(BEFORE, broken))
    assert "Before: the batch has no rows" in text(page(broken, BEFORE))
    assert "the batch has no rows" not in text(page(BEFORE, AFTER))


def test_500_columns_in_20_checks_stay_a_small_page() -> None:
    """At most 500 KB, with the rest counted."""
    many = run(*[replace(drifted(500), id=f"drift-{at}") for at in range(20)])
    made = page(many, many)
    assert len(made.encode()) <= 500_000
    assert f"{500 - MOST_ROWS} more are in the results' JSON" in made


@pytest.mark.parametrize("evil", HOSTILE)
def test_no_text_is_more_than_text(evil: str) -> None:
    """Neither on the page nor on the terminal, on either side."""
    bad, good = hostile_run(evil), full_run()
    for sides in ((bad, good), (good, bad), (bad, bad)):
        harmless(page(*sides))
        assert acts(render(*sides)) == []


def test_a_run_without_a_bound_is_drawn() -> None:
    """Nothing judges, and both values are there."""
    bare = run(check("x", Measurement("m", GOOD), bound=Bound()))
    assert text(page(bare, bare)).count("0.950 [0.940, 0.960]") == 2
