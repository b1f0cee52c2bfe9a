"""`modelqa lint --fix`: spelling is repaired where it is sure, and nothing else is touched."""

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from modelqa.cli import app
from modelqa.errors import SuiteError
from modelqa.suite.fix import fix, nearest, repaired
from modelqa.suite.load import load, parse

GOOD = """\
# A suite with comments, in a layout of its own.
suite:   churn          # the name
batch: "b.parquet"
labels: y
model: models:/m@a
slices: [ region, {name: new, where: tenure < 3} ]
false_alarms: 1%
checks:
- metric: roc_auc       # how well
  "min":    0.90
  slices: [ region ]
- { latency: 'p95', max: 40 ms, rows: 32 }
-   drift: all
    method: wasserstein

    max: 0.1   # a tenth
    inconclusive: warn
"""
SLIPS = [
    ("batch:", "bacth:"),
    ("labels:", "label:"),
    ("labels:", "target:"),
    ("batch:", "data:"),
    ("false_alarms", "false-alarms"),
    ("false_alarms", "falsealarms"),
    ("checks:", "Checks:"),
    ("where:", "were:"),
    ("metric:", "metrc:"),
    ("roc_auc", "rocauc"),
    ("roc_auc", "auc"),
    ('"min"', '"mim"'),
    ("slices: [ region ]", "slice: [ region ]"),
    ("slices: [ region ]", "slices: [ regoin ]"),
    ("latency:", "latncy:"),
    ("'p95'", "'p95s'"),
    ("rows:", "row:"),
    ("method:", "methd:"),
    ("wasserstein", "waserstein"),
    ("max: 0.1", "mx: 0.1"),
    ("inconclusive: warn", "inconclusve: warn"),
    ("inconclusive: warn", "inconclusive: wran"),
]
LEFT = [
    ('"min"', '"mix"'),  # min or max?
    ("roc_auc", "roc"),
    ("'p95'", "'p9'"),  # p90, p95 or p99?
    ("metric:", "score:"),
    ("labels: y", "labels: y\nlabel: z"),  # there already
    ("max: 0.1", "max: 0,1"),
    ("drift: all", "schema: signature\n    mx: 3\n    drift: all"),  # two checks in one
    ("- metric: roc_auc", "- mn: 1\n  schema: signature\n  #"),  # schema takes no min
    ('"min":', "min: 0.1\n  mim:"),  # there already
    ("40 ms", "40 sm"),
    ("suite:", "${X}:"),
    ("model: models:/m@a", 'model: "${MODLE}"'),
    ("region ]", "region"),
]


def text_of(path: Path) -> str:
    """A file's text, its ends of lines as they are."""
    return path.read_bytes().decode()


def lint(path: Path, *options: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["lint", str(path), *options])


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A good suite, in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = Path("a.suite.yaml")
    path.write_text(GOOD.replace("drift: all", "drift: [x]").replace("labels: y", "labels: y\nreference: r"))
    return path


@pytest.mark.parametrize(("right", "wrong"), SLIPS, ids=[wrong for _, wrong in SLIPS])
def test_a_slip_is_repaired_and_all_else_stays(right: str, wrong: str) -> None:
    """The repaired text is the good one, comments, quotes and blanks included."""
    text, changes = repaired(GOOD.replace(right, wrong), Path("a.suite.yaml"), environ={})
    assert text == GOOD
    assert len(changes) == 1


@pytest.mark.parametrize(("right", "wrong"), LEFT, ids=[wrong for _, wrong in LEFT])
def test_what_is_not_sure_is_left_alone(right: str, wrong: str) -> None:
    """Two near names, none, a name that is there already, or no matter of spelling: not a byte moves."""
    broken = GOOD.replace(right, wrong, 1)
    assert repaired(broken, Path("a.suite.yaml"), environ={}) == (broken, ())
    with pytest.raises(SuiteError):
        parse(broken.encode(), Path("a.suite.yaml"), environ={})


def test_slips_behind_slips_are_repaired_too() -> None:
    """A check whose name is misspelt hides what is wrong inside of it."""
    broken = GOOD.replace("metric: roc_auc", "metrc: rocauc").replace('"min"', "mim")
    text, changes = repaired(broken, Path("a.suite.yaml"), environ={})
    assert text == GOOD.replace('"min"', "min")
    assert [change.new for change in changes] == ["metric", "min", "roc_auc"]


def test_the_command_says_what_it_changed(suite: Path) -> None:
    """One line a change with its place; then what lint says of the file as it now is."""
    good = text_of(suite)
    suite.write_bytes(good.replace("method:", "methd:").replace("rows:", "row:").encode())
    assert lint(suite).exit_code == 2
    result = lint(suite, "--fix")
    assert (result.exit_code, text_of(suite)) == (0, good)
    assert result.stdout.splitlines() == [
        "a.suite.yaml:13:33: 'row' is now 'rows'",
        "a.suite.yaml:15:5: 'methd' is now 'method'",
        "a.suite.yaml: 3 checks, no problem",
    ]


def test_what_cannot_be_fixed_stays_a_problem(suite: Path) -> None:
    """The rest is told with its place, and the exit code says so."""
    suite.write_bytes(text_of(suite).replace("40 ms", "40 sm").replace("rows:", "row:").encode())
    result = lint(suite, "--fix")
    assert result.exit_code == 2
    assert "'row' is now 'rows'" in result.stdout
    assert "unknown unit 'sm'" in result.stdout
    assert "rows: 32" in text_of(suite)


def test_a_good_file_is_not_written(suite: Path) -> None:
    """Not even with the same bytes."""
    suite.chmod(stat.S_IRUSR)
    before = suite.stat().st_mtime_ns
    assert lint(suite, "--fix").exit_code == 0
    assert suite.stat().st_mtime_ns == before


@pytest.mark.parametrize("change", ["\r\n", "\ufeff", "é"])
def test_bytes_around_a_slip_stay(change: str, suite: Path) -> None:
    """Ends of lines, a byte order mark and letters beyond ASCII come out as they went in."""
    good = text_of(suite)
    good = {"\r\n": good.replace("\n", "\r\n"), "\ufeff": change + good, "é": good.replace("layout", "é")}[
        change
    ]
    suite.write_bytes(good.replace("max: 0.1", "mx: 0.1").encode())
    assert len(fix(suite)) == 1
    assert text_of(suite) == good


def test_what_is_no_suite_is_told(tmp_path: Path) -> None:
    """A file that is missing, or no text, is a problem as for `load`, and nothing is written."""
    with pytest.raises(SuiteError, match="no such file"):
        fix(tmp_path / "gone.suite.yaml")
    path = tmp_path / "a.suite.yaml"
    path.write_bytes(b"suite: \xff\n")
    assert fix(path) == ()
    assert path.read_bytes() == b"suite: \xff\n"


def test_a_value_of_the_environment_is_never_written() -> None:
    """What a variable holds may be a slip and a secret: it is neither repaired nor shown."""
    text = GOOD.replace("checks:", 'champion_missing: "${X}"\nchecks:')
    assert repaired(text, Path("a.suite.yaml"), environ={"X": "skp"}) == (text, ())


def test_a_negative_twin_is_another_score() -> None:
    """``neg_`` is never added or taken away: it turns a bound around."""
    assert nearest("neg_roc_auc", ["roc_auc"]) is None
    assert nearest("g_log_loss", ["log_loss", "neg_log_loss"]) in (None, "log_loss", "neg_log_loss")


@settings(max_examples=100, deadline=None)
@given(
    at=st.integers(0, len(GOOD) - 1),
    other=st.text("abmeinstxk:-{}[]'\"# \n", max_size=2),
    width=st.integers(0, 2),
)
def test_only_what_is_told_is_changed(at: int, other: str, width: int) -> None:
    """Whatever is damaged: names are replaced by names where the list of changes says, and nothing else."""
    broken = GOOD[:at] + other + GOOD[at + width :]
    text, changes = repaired(broken, Path("a.suite.yaml"), environ={})
    for change in reversed(changes):
        lines = text.split("\n")
        rest = lines[change.line - 1][change.column - 1 :]
        assert change.new in rest
        lines[change.line - 1] = lines[change.line - 1][: change.column - 1] + rest.replace(
            change.new, change.old, 1
        )
        text = "\n".join(lines)
    assert text == broken


def test_the_good_suite_is_good(suite: Path) -> None:
    """The text that these tests damage loads."""
    assert len(load(suite).checks) == 3
