"""What GitHub shows of a run."""

import re
from html import unescape

import pytest
from hostile import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from modelqa.core.bound import Bound, Outcome
from modelqa.core.estimate import Estimate
from modelqa.core.result import CheckResult, Measurement, SuiteResult, Verdict
from modelqa.core.subject import DataInfo, ModelInfo, SubjectInfo
from modelqa.reports.markdown import HEAD, page, text

ALLOWED = {"h2", "p", "ul", "li", "strong", "code", "table", "thead", "tbody", "tr", "th", "td"}


def html(markdown: str) -> str:
    """What a reader of the same dialect makes of it; raw HTML is let through, as GitHub's does."""
    return str(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))


def run(name: str, *estimates: Estimate, reason: str = "") -> SuiteResult:
    """A run with one check of a minimum of 0.9 for each estimate, every text of it the same."""
    verdicts = tuple(
        Verdict.of(Measurement(name, each, column=name, slice=name, note=name), Bound(min=0.9))
        for each in estimates
    )
    outcome = Outcome.ERRORED if reason else Outcome.worst([verdict.outcome for verdict in verdicts])
    check = CheckResult(name, "metric", verdicts, outcome, seconds=1, where=name, reason=reason)
    subject = SubjectInfo(
        model=ModelInfo(name, name=name, version=name),
        champion=ModelInfo(name),
        batch=DataInfo(name, rows=5),
    )
    return SuiteResult(name, subject, (check,), started="", digest="")


RED = Estimate(0.871, low=0.862, high=0.88, n=41203)
GOOD = Estimate(0.95, low=0.94, high=0.96, n=41203)


def test_what_failed_comes_first_then_every_check_in_a_table() -> None:
    """The verdict, what was judged, the reasons, and a row a check with value, interval and bound."""
    shown = page([run("roc_auc", RED, GOOD)], most=10_000)
    assert shown.splitlines() == [
        "## ❌ roc_auc: failed",
        "",
        "1 failed · model <code>roc_auc version roc_auc</code> · champion <code>roc_auc</code>"
        " · 5 rows of <code>roc_auc</code>",
        "",
        "- **failed** <code>roc_auc</code> (<code>roc_auc</code>): roc_auc of roc_auc in roc_auc 0.871"
        " &#91;0.862, 0.880&#93; &#60; min 0.90 &#40;n&#61;41,203&#41;&#59; roc_auc",
        "",
        "| outcome | check | where | value | bound | n |",
        "|---|---|---|---|---|---|",
        "| ❌ failed | <code>roc_auc</code> | <code>roc_auc in roc_auc</code> | 0.871 &#91;0.862, 0.880&#93;"
        " | min 0.90 | 41,203 |",
        "| | | | and 1 more, 1 of them passed | | |",
        "",
    ]


def test_a_green_check_is_one_row() -> None:
    """Its first verdict stands for all."""
    shown = page([run("accuracy", GOOD, GOOD, GOOD)], most=10_000)
    assert shown.count("✅ passed") == 1
    assert "and 2 more |" in shown


def test_the_worst_suite_comes_first() -> None:
    """Whatever the order of the files."""
    shown = page([run("green", GOOD), run("red", RED)], most=10_000)
    assert shown.index("## ❌ red: failed") < shown.index("## ✅ green: passed")


@pytest.mark.parametrize("most", [300, 1_000, 5_000])
def test_what_does_not_fit_is_cut_between_rows_and_counted(most: int) -> None:
    """No table is broken, and a reader learns how much is missing and where it is."""
    results = [run(f"suite_{number}", RED) for number in range(50)]
    shown = page(results, most=most, more="See the report.")
    assert len(shown.encode()) <= most
    assert re.search(r"\n[\d,]+ more lines do not fit here\. See the report\.\n$", shown)
    whole = page(results, most=10**6).splitlines()
    kept = shown.splitlines()[:-2]
    assert kept == whole[: len(kept)]


@pytest.mark.parametrize("evil", HOSTILE)
def test_no_value_is_more_than_text(evil: str) -> None:
    """Whatever a column, slice, model, suite or note is called: no tag, link or image, and whole tables."""
    shown = html(page([run(evil, RED, GOOD), run(evil, reason=evil or "x")], most=10**6))
    tags = set(re.findall(r"</?([a-zA-Z][a-zA-Z0-9]*)", shown))
    assert tags <= ALLOWED
    for row in re.findall(r"<tr>(.*?)</tr>", shown, re.DOTALL):
        assert len(re.findall(r"<t[hd]", row)) == len(HEAD)
    assert not re.search(r"@[A-Za-z0-9]", unescape(shown))


@given(st.text(max_size=60))
def test_a_text_reads_as_it_was_written(written: str) -> None:
    """Rendered, it is its own characters (control characters made visible, mentions broken)."""
    rendered = html(f"x{text(written)}x")
    assert not re.findall(r"<(?!/?p>)", rendered)
    shown = unescape(rendered.strip().removeprefix("<p>").removesuffix("</p>"))
    plain = "".join(each for each in written if each.isprintable() and each != "\u200b")
    letters = [each for each in plain if each.isalnum()]
    remaining = iter(shown)
    assert all(letter in remaining for letter in letters)
