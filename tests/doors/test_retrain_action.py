"""From a red run to a retraining: `modelqa run --act`, with real commands, projects and receivers."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fake_github import FakeGitHub
from fake_webhook import SECRET, FakeWebhook
from typer.testing import CliRunner

from modelqa.cli import app

MODEL = """\
import numpy as np
def answer(frame):
    return {answer}
"""
GOOD, BLIND, OTHER = 'frame["x"].to_numpy(dtype=float)', "np.zeros(len(frame))", "np.ones(len(frame))"
SUITE = """\
suite: tiny
model: door_model:answer
batch: data/one.csv
labels: y
slices: [region]
checks:
  - metric: r2
    min: 0.8
    slices: all
{checks}
actions:
  - ticket: local
    on: failed
  - retrain: {by}
{keys}
"""
TRAIN = """\
import json, os, pathlib, sys
request = json.loads(pathlib.Path(os.environ["MODELQA_REQUEST"]).read_text())
with open("trained.txt", "a") as file:
    file.write(request["request"] + "\\n")
print("secret row 4711")
sys.exit(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
"""
COMMAND = f"    run: [{sys.executable}, train.py]\n"
SCHEMA_CHECK = "  - schema: {x: {type: text}}\n    name: types\n"
Write = Callable[..., None]
Act = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a training script and three batches."""
    (tmp_path / "data").mkdir()
    for number, name in enumerate(("one", "two", "three")):
        rows = [f"{x / 100 + number},{x / 100 + number + (x % 7) / 100},{'EUS'[x % 3]}" for x in range(300)]
        (tmp_path / "data" / f"{name}.csv").write_text("\n".join(["x,y,region", *rows]) + "\n")
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("MODELQA_LEDGER", "MODELQA_ACT", "GITHUB_ACTIONS", "GITHUB_TOKEN", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("MLFLOW_TRACKING_URI", "MODELQA_WEBHOOK_URL", "MODELQA_WEBHOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def write(project: Path) -> Write:
    """Write the suite and its model."""

    def do(by: str = "command", keys: str = COMMAND, *, checks: str = "", model: str = BLIND) -> None:
        text = SUITE.format(by=by, keys=keys.rstrip("\n"), checks=checks.rstrip("\n"))
        (project / "tiny.suite.yaml").write_text(text)
        (project / "door_model.py").write_text(MODEL.format(answer=model))
        sys.modules.pop("door_model", None)

    do()
    return do


@pytest.fixture
def act(write: Write) -> Act:
    """Run the suite on a batch and act; what is printed."""

    def do(batch: str = "one", *more: str) -> str:
        options = ["--batch", f"data/{batch}.csv", *(more or ("--act",))]
        return CliRunner().invoke(app, ["run", "tiny.suite.yaml", *options]).stdout

    return do


def trained() -> int:
    """How often the model was trained."""
    file = Path("trained.txt")
    return len(file.read_text().splitlines()) if file.exists() else 0


def ticket(number: int = 1) -> str:
    """A ticket as it stands in the ledger."""
    with sqlite3.connect(".modelqa/ledger.db") as database:
        query = "SELECT body FROM modelqa_issues WHERE number = ?"
        return unescape(str(database.execute(query, (number,)).fetchone()[0]))


def request() -> dict[str, Any]:
    """The one request that was made."""
    (file,) = Path(".modelqa/retrain").glob("*.json")
    made: dict[str, Any] = json.loads(file.read_text())
    return made


def test_nothing_is_done_unless_acting_is_switched_on(act: Act) -> None:
    """Then it says what it would do."""
    assert "would retrain the model (command): the run is failed" in act("one", "--json", "x.json")
    assert (trained(), Path(".modelqa/retrain").exists()) == (0, False)


def test_a_red_run_has_the_model_trained_once(act: Act) -> None:
    """And says so on the terminal and in the ticket, whatever comes in until there is a newer version."""
    said = act()
    assert "retrain (command) asked for, as retrain-" in said
    assert "ended well after" in said
    assert "secret row 4711" not in said + ticket()
    assert f"asked for, as {request()['request']}: {sys.executable} ended well" in ticket()
    for batch in ("one", "two", "three"):
        assert "asked for on" in act(batch)
    assert trained() == 1
    assert "**Retraining:** asked for on" in ticket()


def test_the_request_is_as_published_and_tells_what_is_asked_of_it(act: Act) -> None:
    """Suite, model, failing checks with interval and bound, cause, since when, on what, slices; no row."""
    act("two")
    made = request()
    schema = json.loads(CliRunner().invoke(app, ["schema", "retrain"]).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(made)
    assert made["suite"]["path"] == "tiny.suite.yaml"
    assert made["model"]["digest"].startswith("sha256:")
    assert (made["since"], made["last_good"], made["cause"]["kind"]) == ("two.csv", None, "scores_fell")
    assert made["window"] == {"first": "two.csv", "last": "two.csv", "batches": 1}
    assert made["slices"] == ["region=E", "region=S", "region=U"]
    whole = made["failing"][0]
    assert (whole["check"], whole["slice"], whole["n"], whole["bound"]) == ("r2", "", 300, {"min": 0.8})
    assert whole["low"] <= whole["value"] <= whole["high"] < 0.8
    assert not [key for key in made if made[key] == "4711"]


def test_the_window_grows_while_nothing_was_asked_for(act: Act, write: Write) -> None:
    """From the first batch that failed to the one that is judged, and the last good one before."""
    write(model=GOOD)
    act("one")
    write("webhook", "    corrections: data/corrected.csv\n")
    assert "MODELQA_WEBHOOK_URL is not set" in act("two")
    write()
    act("three")
    made = json.loads(sorted(Path(".modelqa/retrain").glob("*.json"))[-1].read_text())
    assert made["window"] == {"first": "two.csv", "last": "three.csv", "batches": 2}
    assert (made["since"], made["last_good"]) == ("two.csv", "one.csv")


def test_bad_rows_are_not_learnt_from(act: Act, write: Write) -> None:
    """Where the cause is data quality it says so, on the terminal, in the ticket, and before it acts."""
    write(checks=SCHEMA_CHECK)
    told = "the cause is data quality: repair the rows"
    assert f"would not retrain the model (command): {told}" in act("one", "--json", "x.json")
    assert f"retrain (command) held back: {told}" in act()
    assert f"**Retraining:** held back: {told}" in ticket()
    assert trained() == 0


def test_a_retrain_that_did_not_help_is_the_last(act: Act, write: Write) -> None:
    """The model is another one, and has the same problem; a problem that was gone is a new one."""
    write(keys=COMMAND + "    cool_down: 1 ms\n")
    act()
    write(keys=COMMAND + "    cool_down: 1 ms\n", model=OTHER)
    assert "held back: the last retrain did not help: another model came after it" in act("two")
    assert "the last retrain did not help" in ticket()
    write(keys=COMMAND + "    cool_down: 1 ms\n", model=GOOD)
    for batch in ("one", "two", "three"):
        act(batch)
    assert trained() == 1


def test_a_cool_down_and_a_budget_hold_it_back(act: Act, write: Write) -> None:
    """A training that failed is tried again, but neither at once nor for ever."""
    failing = COMMAND.replace("]", ", '3']")
    write(keys=failing)
    assert "ended with exit code 3" in act("one")
    assert "in the cool-down until" in act("two")
    assert "**Retraining:** held back: in the cool-down until" in ticket()
    write(keys=failing + "    cool_down: 1 ms\n    at_most: 2 per 1 d\n")
    assert "ended with exit code 3" in act("two")
    assert "the budget of 2 in 1 days is spent" in act("three")
    assert trained() == 2


def test_a_part_of_the_checks_is_no_ground(act: Act, project: Path) -> None:
    """The cause is not known where the schema was not looked at."""
    from modelqa.after import Wishes, follow
    from modelqa.core.codec import Gathered, loads

    act("one", "--json", "x.json")
    actions = ({"does": "retrain", "on": ["failed"], "retrain": "command", "run": [sys.executable]},)
    run = Gathered("tiny.suite.yaml", loads(Path("x.json").read_text()), actions=actions, partial=True)
    said = [told.line for told in follow([run], Wishes(root=project, act=True))]
    assert said == [
        "retrain (command) held back: only some of the suite's checks ran, so that the cause is not known"
    ]


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(act: Act, write: Write) -> None:
    """Its children too."""
    child = "import pathlib, time; time.sleep(2); pathlib.Path('late').touch()"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    write(keys=f"    run: [{sys.executable}, -c, {json.dumps(code)}]\n    time_limit: 700 ms\n")
    assert "was ended after its time limit of 700 ms" in act()
    time.sleep(2)
    assert not Path("late").exists()


def test_a_command_that_is_not_there_costs_nothing(act: Act, write: Write) -> None:
    """It is tried again at the next batch."""
    write(keys="    run: [no-such-command-here]\n")
    assert "no-such-command-here cannot be started: No such file or directory" in act("one")
    write()
    assert "ended well" in act("two")


def test_no_shell_reads_a_command(act: Act, write: Write) -> None:
    """What would be an injection is an argument."""
    code = "import sys; open('seen', 'w').write(sys.argv[1])"
    write(keys=f"    run: [{sys.executable}, -c, {json.dumps(code)}, '; touch hacked $(touch hacked)']\n")
    act()
    assert Path("seen").read_text() == "; touch hacked $(touch hacked)"
    assert not Path("hacked").exists()


def test_after_a_crash_a_command_is_not_run_again(act: Act, write: Write) -> None:
    """Killed in the middle of it: until the cool-down is over it counts as done."""
    kill = f"import os; open('trained.txt', 'a').write('x\\n'); os.kill(os.getppid(), {signal.SIGKILL:d})"
    write(keys=f"    run: [{sys.executable}, -c, {json.dumps(kill)}]\n")
    command = [sys.executable, "-m", "modelqa", "run", "tiny.suite.yaml", "--act"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    assert "of which it is not known whether it was done" in act("two")
    assert trained() == 1


PROJECT = """\
name: retrain
entry_points:
  train:
    parameters:
      request: path
    command: "python train.py {request}"
"""


def test_a_project_of_mlflows_is_run(act: Act, write: Write, project: Path) -> None:
    """With the request as a parameter, in this environment, logging to the store of the run."""
    (project / "training").mkdir()
    (project / "training" / "MLproject").write_text(PROJECT)
    code = "import json, mlflow, sys\nmlflow.log_param('id', json.load(open(sys.argv[1]))['request'])\n"
    (project / "training" / "train.py").write_text(code)
    write("project", "    uri: ./training\n    entry_point: train\n")
    assert "the project has no store to log to" in act("one")
    assert not Path("mlflow.db").exists()
    said = act("one", "--act", "--tracking-uri", "sqlite:///store.db")
    assert "the project ended well" in said, Path(f".modelqa/retrain/{request()['request']}.log").read_text()
    with sqlite3.connect("store.db") as store:
        params = dict(store.execute("SELECT key, value FROM params").fetchall())
    assert params["id"] == request()["request"]


def test_a_workflow_of_githubs_is_started(act: Act, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a repository_dispatch that holds the request."""
    write("github", "    event: train-churn\n")
    assert "GITHUB_REPOSITORY is not set" in act("one")
    with FakeGitHub() as hub:
        for key, value in hub.environ.items():
            monkeypatch.setenv(key, value)
        hub.fail_next = [(404, {}, {})]
        assert "answered 404" in act("one")
        assert "GitHub has started what waits for train-churn in acme/ml" in act("two")
        (sent,) = hub.dispatches
        assert sent["event_type"] == "train-churn"
        assert len(sent["client_payload"]) <= 10
        assert sent["client_payload"]["request"] == request()
        assert "no newer version has come since" in act("three")


def test_github_may_have_done_what_it_did_not_answer(
    act: Act, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is not asked again inside the cool-down."""
    write("github", "")
    with FakeGitHub() as hub:
        for key, value in hub.environ.items():
            monkeypatch.setenv(key, value)
        hub.lost = 1
        assert "GitHub cannot be reached" in act("one")
        assert "of which it is not known whether it was done" in act("two")
        assert len(hub.dispatches) == 1


def test_a_webhook_is_told_until_it_answers_and_does_it_once(
    act: Act, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signed, under the request's own id."""
    write("webhook", "    corrections: data/corrected.csv\n")
    with FakeWebhook() as fake:
        fake.now = time.time
        monkeypatch.setenv("MODELQA_WEBHOOK_URL", fake.url)
        monkeypatch.setenv("MODELQA_WEBHOOK_SECRET", SECRET.decode())
        fake.fail_next = [(503, {})]
        assert "the webhook answered 503" in act("one")
        fake.lost = 1
        assert "the webhook cannot be reached" in act("two")
        assert "the webhook has taken it" in act("three")
        assert "no newer version has come since" in act("one")
        assert [made["corrections"] for made in fake.retrains] == ["data/corrected.csv"]


def test_what_people_will_not_have_fixed_is_not_trained_away(act: Act, write: Write) -> None:
    """Their word outweighs the suite's."""
    failing = COMMAND.replace("]", ", '3']") + "    cool_down: 1 ms\n"
    write(keys=failing)
    act("one")
    assert CliRunner().invoke(app, ["tickets", "close", "1", "--wont-fix"]).exit_code == 0
    act("two")
    before = trained()
    assert "held back: its ticket was closed as one that will not be fixed" in act("three")
    assert trained() == before


def test_a_training_comes_after_what_other_suites_have_to_say(act: Act, project: Path, write: Write) -> None:
    """A ticket does not wait for hours, and is told the outcome afterwards."""
    text = (project / "tiny.suite.yaml").read_text()
    (project / "other.suite.yaml").write_text(text.replace("suite: tiny", "suite: other"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--modelqa-act", "."]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    lines = ran.stdout.splitlines()
    where = [at for at, line in enumerate(lines) if line.startswith("ticket (local")]
    training = [at for at, line in enumerate(lines) if "ended well after" in line]
    assert (len(where), len(training)) == (2, 1), ran.stdout
    assert training[0] > max(where)
    assert "in the cool-down until" in ran.stdout  # the model is the same


def test_without_a_ticket_it_is_retrained_all_the_same(act: Act, project: Path) -> None:
    """Each action is its own."""
    path = project / "tiny.suite.yaml"
    path.write_text(path.read_text().replace("  - ticket: local\n    on: failed\n", ""))
    assert "ended well" in act()
    assert trained() == 1


def test_a_model_that_is_too_old_is_trained_on_schedule(act: Act, write: Write, project: Path) -> None:
    """The same ticket and the same request, whose cause is age."""
    path = project / "old"
    path.mkdir()
    (path / "MLmodel").write_text(
        "flavors: {python_function: {loader_module: door_model}}\nutc_time_created: '2020-01-01 00:00:00'\n"
    )
    write(checks="  - staleness: model\n    max: 30 d\n")
    text = (project / "tiny.suite.yaml").read_text().replace("door_model:answer", "old")
    head, _, tail = text.partition("  - metric")
    suite = head + tail.partition("    slices: all\n")[2]
    (project / "tiny.suite.yaml").write_text(suite.replace("slices: [region]\n", ""))
    assert "ended well" in act()
    assert request()["cause"]["kind"] == "age"
    assert "Age: the model" in ticket()
