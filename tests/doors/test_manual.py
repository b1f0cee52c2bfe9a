"""`modelqa explain` and `modelqa list`: every check tells what it is for, and its example runs."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from modelqa import catalog
from modelqa.cli import app
from modelqa.core.bound import Outcome
from modelqa.core.check import Needs, check, declared
from modelqa.core.ports import Context
from modelqa.errors import ModelQAError
from modelqa.manual import explain, listing, manual
from modelqa.suite.doc import read
from modelqa.testing import check_conforms, run_check, run_example

CHECKS = sorted(catalog.names("checks"))
OWN = "suites.flips:flip_rate"


def command(*arguments: str) -> Result:
    """Run the command line."""
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize("name", [*CHECKS, OWN])
def test_the_example_of_every_manual_runs(name: str) -> None:
    """What the manual shows can be pasted into a suite: it measures, and is green on a healthy subject."""
    for result in run_example(name):
        assert result.verdicts, result.reason
        # How fast this machine is today is no matter of the manual.
        assert result.outcome is Outcome.PASSED or declared(catalog.load(manual(name).target)).alone


@pytest.mark.parametrize("name", CHECKS)
def test_a_manual_tells_every_key(name: str) -> None:
    """Meaning, keys with types and defaults, needs, bounds, example and source."""
    text = explain(name)
    made = manual(name)
    assert text.startswith(f"{name}: {made.doc.summary}")
    for part in ("Keys:", "Needs:", "Bounds:", "Example:", "Source:"):
        assert f"\n{part}\n" in text
    keys = text.partition("\nKeys:\n")[2].partition("\n\n")[0]
    assert all(f"\n  {key} " in f"\n{keys}" for key in made.made.parameters)
    assert max(map(len, text.splitlines())) < 120
    assert "``" not in text


def test_every_key_is_explained_in_words() -> None:
    """Each parameter of each check has a sentence in the docstring: editors show it."""
    for name in CHECKS:
        made = manual(name)
        keys = [*made.made.parameters, *([made.made.main.name] if made.made.main else [])]
        assert not [key for key in keys if not made.doc.of(key)], name


def test_a_manual_of_a_check_of_one_s_own() -> None:
    """`module:function` is explained as any other, with the file that holds it."""
    told = command("explain", OWN).stdout
    assert "suites.flips:flip_rate (suites/flips.py:" in told
    assert "trials                  a whole number; left out: 1000" in told
    assert "a share: 0.1%" in told


def test_a_check_of_one_s_own_keeps_what_every_check_promises() -> None:
    """The example in `suites/` conforms, and tells a column that decides from one that does not."""
    check_conforms(OWN, "signal", max="90%")
    assert run_check(OWN, "signal", max="1%").outcome is Outcome.FAILED
    assert "the model does not read 'amount'" in run_check(OWN, "amount", max="1%").reason


def test_the_names_that_a_key_takes_are_listed() -> None:
    """All scorers stand in the manual of `metric`, negative twins in brackets."""
    assert "log_loss (also neg_log_loss)" in explain("metric")
    assert "p50, p90, p95, p99, mean, throughput" in explain("latency")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("metrik", "did you mean 'metric'?"),
        ("roc_auc", "metric takes it: write `metric: roc_auc`"),
        ("zzzz", "there are ab, cases, churn"),
        ("no_such_module:check", "cannot be loaded: ModuleNotFoundError"),
        ("json:dumps", "is not a check: mark it with @modelqa.check"),
    ],
)
def test_an_unknown_name_is_met_with_a_near_one(name: str, told: str) -> None:
    """Exit code 2, and what to write instead."""
    result = command("explain", name)
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())
    with pytest.raises(ModelQAError):
        manual(name)


def test_list_has_one_line_for_each_check() -> None:
    """Name and first sentence."""
    lines = command("list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == CHECKS
    assert all(len(line.split()) > 4 for line in lines)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Checks of other packages, one of which cannot be imported."""
    found = [
        EntryPoint("flips", OWN, "modelqa.checks"),
        EntryPoint("gone", "no_such_package:check", "modelqa.checks"),
    ]
    entries = catalog.entry_points
    monkeypatch.setattr(
        catalog, "entry_points", lambda group: found if group == "modelqa.checks" else entries(group=group)
    )
    catalog.names.cache_clear()
    yield
    catalog.names.cache_clear()


@pytest.mark.usefixtures("installed")
def test_checks_of_packages_are_listed() -> None:
    """With the package that brings them; one that is broken says so, and the others still come."""
    lines = {line.split()[0]: line for line in listing().splitlines()}
    assert set(lines) == {*CHECKS, "flips", "gone"}
    assert lines["flips"].endswith("(suites)")
    assert "cannot be loaded" in lines["gone"]
    assert explain("flips").startswith("flips: How often")


def test_a_check_without_words_has_a_manual_too() -> None:
    """No docstring, no annotations, no main parameter: what is declared is told."""
    assert "bare: " in explain(f"{__name__}:bare")
    assert "true" in explain(f"{__name__}:bare")
    assert "a number whose unit depends on the value" in explain(f"{__name__}:bare")
    assert "what its value says" in explain(f"{__name__}:bare")


def _needs(value: object, **_: object) -> Needs:
    raise ValueError(value)


@check(needs=_needs, unit=_needs)  # type: ignore[arg-type]
def bare(ctx: Context) -> Iterator[None]:  # noqa: D103
    yield from ()


def test_a_docstring_without_an_example_is_whole() -> None:
    """Nothing is cut from what has no example; nothing at all is an empty manual."""
    assert read("One.\n\nTwo\nlines.").paragraphs == ("Two lines.",)
    assert read(None).summary == ""
    with pytest.raises(AssertionError, match="no example"):
        run_example(f"{__name__}:bare")


def test_the_manual_is_quick_and_light(tmp_path: Path) -> None:
    """Listing, explaining and printing the schema import none of the heavy libraries."""
    script = (
        "import sys\n"
        "from modelqa.manual import explain, listing\n"
        "from modelqa.suite.schema import json_schema\n"
        "listing(); [explain(line.split()[0]) for line in listing().splitlines()]; json_schema()\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    heavy = {"mlflow", "evidently", "great_expectations", "sklearn", "duckdb", "pandas", "pyarrow", "scipy"}
    assert not heavy & set(ran.stdout.split())
