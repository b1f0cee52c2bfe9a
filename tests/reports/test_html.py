"""The page of a run: complete, readable by anybody, and harmless whatever the data is called."""

import re
from html.parser import HTMLParser

import pytest
from hostile import HOSTILE
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa.core.bound import Bound, Outcome
from modelqa.core.estimate import Estimate
from modelqa.core.evidence import Evidence
from modelqa.core.result import CheckResult, Measurement, SuiteResult, Verdict
from modelqa.core.subject import DataInfo, ModelInfo, SubjectInfo
from modelqa.reports.html import MOST_ROWS, headline, render

RED = Estimate(0.871, low=0.862, high=0.88, n=41203)
OPEN = Estimate(0.908, low=0.884, high=0.929, n=412)
GOOD = Estimate(0.95, low=0.94, high=0.96, n=41203)
ELEMENTS = set(
    """html head meta title style body main a svg defs pattern rect path div span br h1 h2 h3 p dl dt dd
    time ul li section header table thead tbody tr th td figure figcaption details summary pre code
    footer""".split()
)
ATTRIBUTES = set(
    """lang charset name content http-equiv class href id width height style aria-hidden aria-labelledby
    aria-label role viewbox patternunits patterntransform d x scope data-label datetime""".split()
)


class Reader(HTMLParser):
    """What is on a page: elements, attributes, and the text that a reader sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "path", "rect", "br"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text.append(data)

    def error(self, message: str) -> None:
        raise AssertionError(message)


def check(id_: str, *found: Measurement, bound: Bound | None = None, reason: str = "") -> CheckResult:
    """A check with a minimum of 0.9, unless another bound is given."""
    verdicts = tuple(Verdict.of(each, bound or Bound(min=0.9)) for each in found)
    outcome = Outcome.ERRORED if reason else Outcome.worst([verdict.outcome for verdict in verdicts])
    return CheckResult(
        id_, "metric", verdicts, outcome, seconds=1, where="churn.suite.yaml:14", reason=reason
    )


def run(*checks: CheckResult, name: str = "churn") -> SuiteResult:
    """A run of one model version on a batch."""
    subject = SubjectInfo(
        model=ModelInfo("m", name=name, version="7", digest="sha256:0123456789abcdef"),
        batch=DataInfo("new.parquet", rows=41203, digest="sha256:fedcba"),
    )
    return SuiteResult(name, subject, checks, started="2026-11-22T10:00:00+00:00", digest="sha256:aa")


def drifted(columns: int, *, limit: float = 0.1) -> CheckResult:
    """A drift check of many columns, each with both distributions."""
    shares = [0.05] * 20
    data = {"labels": [str(at) for at in range(20)], "reference": shares, "batch": shares[::-1]}
    found = [
        Measurement(
            "wasserstein",
            Estimate(0.001 * at, low=0.0, high=0.001 * at + 0.001, n=20_000),
            column=f"column_{at}",
            evidence=(Evidence("distributions", data),),
        )
        for at in range(columns)
    ]
    return check("drift-all", *found, bound=Bound(max=limit))


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
    assert "in the result's JSON" in text


def test_500_columns_in_20_checks_stay_a_small_page() -> None:
    """At most 500 KB."""
    assert len(render(run(*[drifted(500)] * 20)).encode()) <= 500_000


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


def _evil(text: str) -> SuiteResult:
    """A run in which every text is the same evil one."""
    shares = {"labels": [text], "reference": [1.0], "batch": [1.0]}
    found = Measurement(
        text,
        RED,
        column=text,
        slice=text,
        note=text,
        counts=text,
        evidence=(Evidence("distributions", shares),),
    )
    verdict = Verdict.of(found, Bound(min=0.9))
    checks = (
        CheckResult(text, text, (verdict,), Outcome.FAILED, seconds=1, where=text, notes=(text,)),
        CheckResult(text, text, (), Outcome.ERRORED, seconds=1, where=text, reason=text or "x"),
    )
    info = ModelInfo(text, name=text, version=text, digest=text)
    subject = SubjectInfo(model=info, champion=info, batch=DataInfo(text, rows=1, digest=text))
    return SuiteResult(text, subject, checks, started=text, digest=text)


@pytest.mark.parametrize("evil", HOSTILE)
def test_no_text_is_more_than_text(evil: str) -> None:
    """Whatever anything is called, the page has its own elements and attributes, and no others."""
    page = Reader(render(_evil(evil), path=evil))
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    assert {name for _, attrs in page.elements for name in attrs} <= ATTRIBUTES
    assert all(attrs["href"].startswith("#") for tag, attrs in page.elements if tag == "a" and attrs["href"])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.floats(allow_nan=True), st.floats(0, 1e9), st.floats(-1e12, 1e12))
def test_any_result_makes_a_page(name: str, value: float, reach: float, limit: float) -> None:
    """Of any name and any numbers."""
    estimate = Estimate(value, low=value - reach, high=value + reach, n=3)
    page = render(run(check("x", Measurement(name, estimate), bound=Bound(min=limit)), name=name))
    Reader(page)
    assert not re.search(r'd="[^"]*(nan|inf)', page)
