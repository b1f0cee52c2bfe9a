"""The pages in a real browser: nothing runs, nothing is fetched, and everybody can read them."""

from dataclasses import replace
from pathlib import Path

import pytest
from browser import look, missing
from hostile import HOSTILE
from results import GOOD, across, check, columns, drifted, full_run, hostile_run, latency, run

from modelqa.core.bound import Bound
from modelqa.core.codec import Gathered
from modelqa.core.result import Measurement, SuiteResult
from modelqa.reports import compare, history
from modelqa.reports.html import render

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "a browser is there")
SOME = 50
GREEN = run(
    check("roc_auc", Measurement("roc_auc", GOOD), Measurement("roc_auc", GOOD, slice="region=EU")),
    check("drift", *columns(3), bound=Bound(max=0.1)),
    check("gap", across(0.7, 0.71), bound=Bound(max=0.5)),
    check("latency-p95", latency("model"), bound=Bound(max=0.04)),
)
WIDE = run(
    drifted(500, limit=0.3), check("x", *[Measurement("f1", GOOD, slice=f"s{at}") for at in range(500)])
)


def _pages(result: SuiteResult, other: SuiteResult) -> dict[str, str]:
    """Every page that a result is on."""
    return {
        "report": render(result),
        "compare": compare.page(other, result),
        "history": history.page([Gathered("", other), Gathered("", result, partial=True)]),
    }


def test_a_page_that_does_run_and_fetch_is_seen_to(tmp_path: Path) -> None:
    """The eyes of the tests below: without our policy a script is seen, with it a violation."""
    body = "<h1>x</h1><script>alert(1)</script><img src='http://127.0.0.1:9/x.png' onerror='alert(2)'>"
    head = render(GREEN).partition("<style>")[0]
    for name, page in (("open", body), ("shut", f"{head}</head>{body}")):
        (tmp_path / f"{name}.html").write_text(page)
    free, shut = look(tmp_path, [{"file": str(tmp_path / f"{name}.html")} for name in ("open", "shut")])
    assert free["dialogs"] >= 1
    assert len(free["requests"]) == 1
    assert (free["scripts"], free["handlers"]) == (1, 1)
    assert shut["dialogs"] == 0
    assert shut["violations"]


def test_no_text_runs_or_fetches_anything(tmp_path: Path) -> None:
    """Every hostile text, in every field of a report, and in every check of the other pages."""
    runs = [hostile_run(text) for text in HOSTILE]
    pages = [render(each, path=text) for each, text in zip(runs, HOSTILE, strict=True)]
    for start in range(0, len(runs), SOME):
        some = runs[start : start + SOME]
        many = replace(some[0], checks=tuple(check for each in some for check in each.checks))
        pages += [compare.page(GREEN, many), compare.page(many, many)]
        pages.append(history.page([Gathered("", each) for each in (*some, many)]))
    files = [tmp_path / f"{number}.html" for number, _ in enumerate(pages)]
    for file, page in zip(files, pages, strict=True):
        file.write_text(page, encoding="utf-8")
    seen = look(tmp_path, [{"file": str(file)} for file in files])
    for key in ("dialogs", "scripts", "handlers"):
        assert sum(each[key] for each in seen) == 0, key
    for key in ("requests", "violations", "errors"):
        assert [each[key] for each in seen if each[key]] == []


@pytest.mark.parametrize("name", ["red", "green", "wide"])
def test_anybody_can_read_the_pages(tmp_path: Path, name: str) -> None:
    """axe finds nothing at two widths, in light and dark, with every fold open; nothing leaves the window."""
    result = {"red": full_run(), "green": GREEN, "wide": WIDE}[name]
    pages = _pages(result, GREEN if name == "red" else full_run())
    asked = []
    for kind, page in pages.items():
        (tmp_path / f"{kind}.html").write_text(page, encoding="utf-8")
        asked += [
            {"file": str(tmp_path / f"{kind}.html"), "width": width, "dark": dark, "axe": True}
            for width in (1280, 400)
            for dark in (False, True)
        ]
    for wanted, each in zip(asked, look(tmp_path, asked), strict=True):
        where = (Path(each["file"]).stem, wanted["width"], "dark" if wanted["dark"] else "light")
        assert each["rules"] > 10, where
        assert each["axe"] == [], where
        assert not each["wide"], where


def test_a_page_needs_no_script(tmp_path: Path) -> None:
    """With JavaScript off it says the same."""
    (tmp_path / "x.html").write_text(render(full_run()))
    (seen,) = look(tmp_path, [{"file": str(tmp_path / "x.html"), "script": False}])
    assert seen["title"].split() == ["churn", "failed"]
    assert seen["errors"] == seen["requests"] == []
