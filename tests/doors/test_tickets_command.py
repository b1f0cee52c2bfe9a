"""From a suite's action to a ticket and back: `modelqa run --act`, and `modelqa tickets`."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_github import FakeGitHub
from fake_webhook import SECRET, FakeWebhook
from typer.testing import CliRunner, Result

from modelqa.cli import app

MODEL = """
import numpy as np
def good(frame):
    return frame["x"].to_numpy(dtype=float)
def blind(frame):
    return np.zeros(len(frame))
"""
SUITE = """\
suite: tiny
model: door_model:good
batch: one.csv
labels: y
checks:
  - metric: r2
    min: 0.8
actions:
  - ticket: %s
    on: failed
    close_after: 2
"""
Do = Callable[..., Result]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three batches."""
    for number, name in enumerate(("one", "two", "three")):
        rows = [f"{x / 100 + number},{x / 100 + number + (x % 7) / 100}" for x in range(300)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["x,y", *rows]) + "\n")
    (tmp_path / "door_model.py").write_text(MODEL)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "door_model", raising=False)
    monkeypatch.chdir(tmp_path)
    for name in ("MODELQA_LEDGER", "MODELQA_ACT", "GITHUB_ACTIONS", "GITHUB_TOKEN", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def judge(project: Path) -> Do:
    """Run the suite on a batch, acting."""

    def do(model: str = "good", batch: str = "one", *more: str, ticket: str = "local") -> Result:
        (project / "tiny.suite.yaml").write_text(SUITE % ticket)
        options = ["--model", f"door_model:{model}", "--batch", f"{batch}.csv", *(more or ("--act",))]
        return CliRunner().invoke(app, ["run", "tiny.suite.yaml", *options])

    return do


def tickets(*arguments: str) -> str:
    """What `modelqa tickets` prints."""
    ran = CliRunner().invoke(app, ["tickets", *arguments])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def test_nothing_is_opened_unless_acting_is_switched_on(judge: Do) -> None:
    """Then it says what it would do."""
    assert "would open a ticket (local)" in judge("blind", "one", "--json", "x.json").stdout
    assert tickets("list") == "no open ticket\n"


def test_a_failed_run_opens_a_ticket_and_passed_ones_close_it(judge: Do) -> None:
    """Each new batch counts, the same one again does not."""
    said = judge("blind", "one")
    assert (said.exit_code, "ticket (local #1) open: tiny: r2 not green" in said.stdout) == (1, True)
    assert tickets("list") == "#1  open  tiny: r2 not green on door_model:blind\n"
    assert "Not green since" in tickets("show", "1")
    assert judge("blind", "two").exit_code == 1
    assert "2 batches in a row" in tickets("show", "1")


@pytest.fixture
def moved(project: Path) -> Callable[[bool], None]:
    """Break or repair the one model."""

    def write(good: bool) -> None:
        (project / "door_model.py").write_text(
            MODEL.replace('frame["x"]', 'frame["x"]' if good else '0 * frame["x"]')
        )
        sys.modules.pop("door_model", None)

    return write


def test_clean_batches_close_it_and_a_failure_opens_the_same_one(
    judge: Do, moved: Callable[[bool], None]
) -> None:
    """The identity of a problem is its model's, whatever the batch."""
    moved(False)
    judge("good", "one")
    moved(True)
    assert "#1) open" in judge("good", "two").stdout
    assert "#1) open" in judge("good", "two").stdout
    assert "#1) closed" in judge("good", "three").stdout
    assert (tickets("list"), "#1  completed" in tickets("list", "--all")) == ("no open ticket\n", True)
    moved(False)
    assert "#1) open" in judge("good", "one").stdout


def test_a_green_run_of_what_never_failed_says_nothing(judge: Do) -> None:
    """There is no ticket to speak of."""
    assert "ticket" not in judge("good").stdout


def test_a_ticket_is_closed_for_good(judge: Do) -> None:
    """And stays so."""
    judge("blind", "one")
    assert tickets("close", "1", "--wont-fix") == "#1 is closed: it will not be fixed\n"
    assert "wont fix" in judge("blind", "two").stdout
    assert tickets("list", "--all").startswith("#1  wont fix")


def test_a_ticket_is_snoozed(judge: Do) -> None:
    """It is not changed until then."""
    judge("blind", "one")
    before = tickets("show", "1")
    assert re.match(r"#1 is silent until \d{4}-", tickets("snooze", "1", "--for", "12 h"))
    judge("blind", "two")
    assert tickets("show", "1") == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", "9"], 1),
        (["close", "9"], 1),
        (["snooze", "1", "--for", "12"], 2),
        (["snooze", "1", "--for", "x"], 2),
    ],
)
def test_what_is_not_there_or_no_time_is_said(project: Path, arguments: list[str], code: int) -> None:
    """Nothing is done."""
    ran = CliRunner().invoke(app, ["tickets", *arguments])
    assert ran.exit_code == code


@pytest.mark.parametrize("kind", ["github", "webhook"])
def test_a_missing_variable_is_named_and_the_run_keeps_its_verdict(judge: Do, kind: str) -> None:
    """The ticket was asked for, and nobody was told."""
    said = judge("blind", ticket=kind)
    assert said.exit_code == 1
    assert re.search("modelqa: (GITHUB_REPOSITORY|MODELQA_WEBHOOK_URL) is not set", said.stdout)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    """GitHub, as its Actions name it."""
    with FakeGitHub() as fake:
        for key, value in fake.environ.items():
            monkeypatch.setenv(key, value)
        yield fake


def test_a_ticket_at_github(judge: Do, hub: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """With labels, the marker, and where the run can be read."""
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_RUN_ID", "77")
    ticket = "github\n    labels: [ml]\n    owner: octocat"
    assert "ticket (github acme/ml #1) open" in judge("blind", ticket=ticket).stdout
    issue = hub.issues[1]
    assert [label["name"] for label in issue["labels"]] == ["modelqa", "ml"]
    assert re.match(r"<!-- modelqa:v1:[0-9a-f]{40} -->\n", issue["body"])
    assert "(https://github.com/acme/ml/actions/runs/77)" in issue["body"]


def test_a_tracker_out_of_reach_is_told_the_next_time(judge: Do, hub: FakeGitHub) -> None:
    """The run says so and does not hang; the ticket is not lost."""
    hub.fail_next = [(429, {"retry-after": "3600"}, {})]
    assert "not told yet" in judge("blind", ticket="github").stdout
    assert "wants to be left alone" in judge("blind", ticket="github").stdout
    assert hub.issues == {}


def test_a_ticket_by_webhook(judge: Do, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed, so that the receiver knows who speaks."""
    import time

    with FakeWebhook() as fake:
        fake.now = time.time
        monkeypatch.setenv("MODELQA_WEBHOOK_URL", fake.url)
        monkeypatch.setenv("MODELQA_WEBHOOK_SECRET", SECRET.decode())
        judge("blind", ticket="webhook")
        assert [ticket["open"] for ticket in fake.tickets.values()] == [True]
        monkeypatch.setenv("MODELQA_WEBHOOK_SECRET", "wrong")
        assert "401" in judge("blind", "two", ticket="webhook").stdout
        assert fake.rejected == 1


def test_one_ticket_a_check_where_the_suite_says_so(judge: Do, project: Path) -> None:
    """Otherwise all checks of a model are one problem."""
    text = SUITE % "local\n    group: check"
    text = text.replace("    min: 0.8\n", "    min: 0.8\n  - metric: mean_absolute_error\n    max: 0.1\n")
    (project / "tiny.suite.yaml").write_text(text)
    options = ["--model", "door_model:blind", "--act"]
    CliRunner().invoke(app, ["run", "tiny.suite.yaml", *options])
    assert len(tickets("list").splitlines()) == 2
    (project / "tiny.suite.yaml").write_text(text.replace("    group: check\n", ""))
    CliRunner().invoke(app, ["run", "tiny.suite.yaml", *options])
    assert "r2 and mean_absolute_error not green" in tickets("list")
