"""A power report as people read it, and as programs do."""

import json
from dataclasses import replace

from modelqa.core.power import Chances, PowerReport, Sight
from modelqa.core.subject import DataInfo, SubjectInfo
from modelqa.core.units import Unit
from modelqa.reports.power import plain, render

AUC = Sight(
    "roc_auc",
    "roc_auc",
    n=5000,
    counts="labelled rows",
    limit="min",
    bound=0.9,
    value=0.9136,
    healthy=0.9136,
    seen=0.8712,
    chances=Chances(green=0.912, red=0.0001),
    how="redrawn",
)
SMALL = replace(
    AUC,
    slice="region=EU",
    n=150,
    seen=0.8,
    value=0.95,
    healthy=0.95,
    chances=Chances(green=0.3, red=0.0),
    warnings=(
        "is a coin flip at min 0.90: 70% of healthy runs end undecided; about 410 labelled rows would tell",
    ),
)
LATENCY = Sight(
    "latency-p95",
    "latency_p95",
    unit=Unit.SECONDS,
    n=400,
    counts="calls",
    limit="max",
    bound=0.2,
    value=0.5,
    healthy=0.2,
    seen=0.241,
    chances=Chances(green=0.05, red=0.001),
    how="approximate",
)
BLIND = Sight(
    "accuracy",
    "accuracy",
    n=12,
    limit="min",
    bound=0.2,
    value=0.9,
    healthy=0.9,
    chances=Chances(green=1.0, red=0.0),
    how="exact",
    warnings=("cannot fail min 0.20: 12 labelled rows cannot prove it, were all of them bad",),
)
FACT = Sight("errors-rate", "error_rate", n=5000, chances=Chances(green=1, red=0), how="counted")
INFO = SubjectInfo(batch=DataInfo("churn.parquet", rows=5000))


def report(*sights: Sight) -> PowerReport:
    """A report of these sights."""
    return PowerReport("churn", INFO, sights, power=0.8)


TEXT = """\
churn: what its checks can see at 5,000 rows of churn.parquet

WARNING accuracy cannot fail min 0.20: 12 labelled rows cannot prove it, were all of them bad
WARNING roc_auc in region=EU is a coin flip at min 0.90: 70% of healthy runs end undecided; about
    410 labelled rows would tell

check            n       bound     now     sees  off by  green  open  red
roc_auc      5,000    min 0.90   0.914    0.871   0.029    91%    9%  <1%
  region=EU    150    min 0.90   0.950    0.800   0.100    30%   70%   0%
latency-p95    400  max 200 ms  500 ms  ~241 ms   41 ms     5%   95%  <1%
accuracy        12    min 0.20   0.900    never           100%    0%   0%

Counted in this batch, so any change is seen: errors-rate

sees: the truth that turns the check red in 80% of runs; off by: from its bound.
green, open, red: how runs end while the truth stays where it is now (open: undecided).
Where it is beyond its bound now, they hold for a truth that is just at the bound.
~ from the reach of the one interval that was measured, on the scale of its score."""


def test_a_report_as_it_is_read() -> None:
    """Warnings first, the worst ones before the others, then one line a check, then how to read it."""
    assert render(report(AUC, SMALL, LATENCY, BLIND, FACT)) == TEXT


def test_of_many_slices_the_weakest_is_shown() -> None:
    """All of them where they are asked for."""
    parts = [replace(SMALL, slice=f"region={name}", seen=seen) for name, seen in (("A", 0.85), ("B", 0.7))]
    short, long = (render(report(AUC, *parts), every=every) for every in (False, True))
    assert "  region=B" in short
    assert "  region=A " not in short
    assert "  region=A " in long


def test_a_slice_that_sees_nothing_is_the_weakest() -> None:
    """What is never red is shown before what is red late."""
    blind = replace(SMALL, slice="region=C", seen=float("nan"))
    assert "  region=C" in render(report(AUC, SMALL, blind))


def test_names_cannot_act() -> None:
    """A slice may be called by what rows hold."""
    text = render(report(replace(SMALL, slice="a\x1b[31m\n::error::b")))
    assert "\x1b" not in text
    assert "\n::" not in text


def test_a_report_without_rows_is_its_title_and_warnings() -> None:
    """Nothing is explained that is not there."""
    only = Sight("schema", "schema", warnings=("could not be measured: no such file",))
    assert render(report(only)).splitlines() == [
        "churn: what its checks can see at 5,000 rows of churn.parquet",
        "",
        "WARNING schema could not be measured: no such file",
    ]


def test_the_plain_data_are_json() -> None:
    """What is not known is null, never NaN."""
    found = json.loads(json.dumps(plain(report(AUC, BLIND, FACT)), allow_nan=False))
    first, blind, fact = found["sights"]
    assert (first["seen"], round(first["effect"], 4)) == (0.8712, 0.0288)
    assert round(sum(first["chances"].values()), 12) == 1
    assert blind["seen"] is None
    assert (fact["how"], fact["bound"]) == ("counted", None)


def test_a_subject_that_cannot_be_opened_is_said_once() -> None:
    """Not once for each check that wants it."""
    told = "could not be measured: no such registry"
    text = render(report(*(Sight(name, "metric", warnings=(told,)) for name in ("a", "b", "c"))))
    assert text.count("no such registry") == 1
    assert "WARNING a could not be measured: no such registry (and 2 more like it)" in text
