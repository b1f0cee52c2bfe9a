"""`modelqa schema`: an editor that knows it accepts every good suite and marks what is wrong."""

import json
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from typer.testing import CliRunner

from modelqa import catalog
from modelqa.cli import app
from modelqa.core.check import declared
from modelqa.errors import SuiteError
from modelqa.suite.build import READERS
from modelqa.suite.load import parse
from modelqa.suite.nodes import Problems, of
from modelqa.suite.parameters import RESERVED
from modelqa.suite.schema import json_schema
from modelqa.suite.spec import Suite

SUITES = Path(__file__).parent.parent.parent / "suites"
FULL = """\
suite: churn
model: models:/churn@challenger
champion: {url: "${CHAMPION:-http://host:5000/invocations}", format: instances, timeout: 2 s}
serve: false
batch: "${BATCH:-data/2026-11-22.parquet}"
reference: data/train.parquet
labels: churned
positive: "yes"
threshold: "${THRESHOLD:-0.4}"
key: [shop, customer]
slices: [region, {name: newcomers, where: tenure < 3}, {name: both, columns: [region, plan], min_rows: 50},
  {name: band, columns: age, bins: [18, 40.5]}, {name: parts, columns: [age], bins: 4},
  {name: there, columns: region, values: [EU, 1, true]}]
false_alarms: 1%
confidence: 0.95
trust: [sha256:0000000000000000000000000000000000000000000000000000000000000000]
checks:
  - {metric: roc_auc, min: 0.90, slices: [region]}
  - {metric: roc_auc, min: 80%, slices: [band], across: ratio}
  - {errors: rate, min: -5%, max: 1 pp, slices: [region], across: difference}
  - {metric: roc_auc, versus: champion, max: 5%, slices: all, across: gap}
  - {metric: roc_auc, versus: champion, min: -0.005}
  - {metric: neg_log_loss, versus: champion, min: -1 pp, name: other, tags: [slow]}
  - {latency: p95, max: 40 ms, warn_max: 30ms, rows: 32, name: nightly}
  - {latency: p95, versus: champion, max: 10%}
  - {latency: p99, max: 1 s, rate: 100 /s}
  - {latency: p50, max: 1 s, concurrency: 8}
  - {errors: rate, max: 0.1%, generalise: true}
  - {errors: rate, max: 1%, in: ["yes", "no"], low: 0, timeout: 500 ms, name: strict}
  - {errors: rate, max: 1%, column: status, ok: [200, 204]}
  - {errors: calls, max: 1%, calls: 200, rows: 2}
  - {serving: parity, max: 0}
  - {staleness: model, max: 30 d}
  - {staleness: data, max: 60 d, tag: until}
  - {staleness: rows, max: 50_000}
  - {prometheus: "sum(rate(x[5m]))", over: 1d, step: 5m, reduce: mean, unit: ratio, max: 1%}
  - {schema: signature}
  - schema: {age: {type: int, min: 18, nulls: 1%, in: [18, 19]}, day: {min: "2020-01-01"}, note:}
    extra: forbid
    rows: {min: 3}
    name: contract
  - {drift: all, max: 0.1, inconclusive: fail}
  - {drift: [age, plan], method: psi, max: 0.1, slices: all}
  - suites.flips:flip_rate: age
    max: 3%
    trials: 200
    expect_failure: {reason: known, until: 2030-01-31}
actions:
  - {ticket: github, on: failed, repository: shop/churn, labels: [ml], close_after: 2, group: check}
  - {ticket: local, on: [failed, errored], repeat_interval: 12 h, owner: ml-team}
  - {promote: champion, on: [passed, warned]}
  - {retrain: command, run: [python, train.py], time_limit: 2 h, cool_down: 7 d, at_most: 4 per 30 d,
    corrections: data/corrected.parquet, on: [failed]}
"""


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    """An independent reader of the schema."""
    return jsonschema.Draft7Validator(json_schema())


def value(text: str) -> Any:
    """What an editor sees of a file: its YAML 1.2 knows no dates."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


def loads(text: str) -> bool:
    """Whether modelqa itself takes a suite."""
    try:
        parse(text.encode(), Path("a.suite.yaml"), environ={})
    except SuiteError:
        return False
    return True


def test_it_is_draft_07(validator: jsonschema.Draft7Validator) -> None:
    """The schema keeps to the draft that editors read, and says so."""
    validator.check_schema(validator.schema)
    assert validator.schema["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.suite.yaml")), ids=lambda path: path.name)
def test_every_suite_of_the_repository_is_accepted(path: Path, validator: jsonschema.Draft7Validator) -> None:
    """No red line in an editor under what `pytest suites` runs."""
    assert not [error.message for error in validator.iter_errors(value(path.read_text()))]


def test_all_that_a_suite_may_say_is_accepted(validator: jsonschema.Draft7Validator) -> None:
    """Units, variables, slices, bounds, actions and checks of one's own, as the manual writes them."""
    assert not [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value(FULL))]
    assert loads(FULL)


TOP = "suite: s\nbatch: b.parquet\nchampion: c\nslices: [region]\n"
ONE = "checks: [{errors: rate, max: 1%}]\n"
OF_SUITE = [
    "batch: b\n" + ONE,
    "suite: s\n",
    "suite: s\nchecks: []\n",
    "suite: s\nchecks: {errors: rate, max: 1%}\n",
    "suite: 7\n" + ONE,
    "suite: a b\n" + ONE,
    "suite: '${NAME}'\n" + ONE,
    "suite: s\nbacth: b\n" + ONE,
    "suite: s\nmodel: 7\n" + ONE,
    "suite: s\nmodel: ''\n" + ONE,
    "suite: s\nmodel: {format: inputs}\n" + ONE,
    "suite: s\nmodel: {url: 'http://h/', format: csv}\n" + ONE,
    "suite: s\nmodel: {url: 'http://h/', timeout: 3}\n" + ONE,
    "suite: s\nmodel: {url: 'http://h/', token: abc}\n" + ONE,
    "suite: s\nserve: sometimes\n" + ONE,
    TOP + "checks: [{latency: p95, max: 1 s, rate: 100}]\n",
    TOP + "checks: [{errors: rate, max: 1%, timeout: 3}]\n",
    TOP + "checks: [{errors: rate, max: 1%, in: []}]\n",
    TOP + "checks: [{prometheus: up, max: 1, reduce: median}]\n",
    TOP + "checks: [{serving: parity, max: 0, rows: 0}]\n",
    "suite: s\nbatch: [a, b]\n" + ONE,
    "suite: s\nbatch: {sql: SELECT 1}\n" + ONE,
    "suite: s\nlabels: {path: p, on: k}\n" + ONE,
    "suite: s\nlabels: {path: p, on: k, column: c, kolumn: d}\n" + ONE,
    "suite: s\npositive: [1]\n" + ONE,
    "suite: s\nthreshold: 1\n" + ONE,
    "suite: s\nthreshold: half\n" + ONE,
    "suite: s\nfalse_alarms: 0.6\n" + ONE,
    "suite: s\nfalse_alarms: 1 ms\n" + ONE,
    "suite: s\nfalse_alarms_per_year: 0.6\n" + ONE,
    "suite: s\nconfidence: true\n" + ONE,
    "suite: s\nconfidence: 0.4\n" + ONE,
    "suite: s\ninconclusive: wran\n" + ONE,
    "suite: s\nchampion_missing: no\n" + ONE,
    "suite: s\ntrust: anybody\n" + ONE,
    "suite: s\ntrust: [abc]\n" + ONE,
    "suite: s\nkey: [a, 7]\n" + ONE,
    "suite: s\npredictions: []\n" + ONE,
    "suite: s\nweights: [a]\n" + ONE,
    "suite: s\nslices: region\n" + ONE,
    "suite: s\nslices: [{where: a < 3}]\n" + ONE,
    "suite: s\nslices: [{name: a}]\n" + ONE,
    "suite: s\nslices: [{name: a, where: a < 3, columns: [a]}]\n" + ONE,
    "suite: s\nslices: [{name: a, where: a < 3, bins: 4}]\n" + ONE,
    "suite: s\nslices: [{name: a, columns: a, bins: 1}]\n" + ONE,
    "suite: s\nslices: [{name: a, columns: a, bins: [a]}]\n" + ONE,
    "suite: s\nslices: [{name: a, columns: a, bins: [1], values: [2]}]\n" + ONE,
    "suite: s\nslices: [{name: a, columns: a, values: []}]\n" + ONE,
    "suite: s\nslices: [{name: a, columns: a, min_rows: 0}]\n" + ONE,
    "suite: s\nactions: [{ticket: github}]\n" + ONE,
    "suite: s\nactions: [{ticket: local, on: failed, url: u}]\n" + ONE,
    "suite: s\nactions: [{ticket: github, on: failed, repository: churn}]\n" + ONE,
    "suite: s\nactions: [{ticket: local, on: failed, close_after: 0}]\n" + ONE,
    "suite: s\nactions: [{ticket: local, on: passed}]\n" + ONE,
    "suite: s\nactions: [{promote: champion, on: passed, owner: me}]\n" + ONE,
    "suite: s\nactions: [{ticket: gitlab, on: failed}]\n" + ONE,
    "suite: s\nactions: [{ticket: local, on: [failed, never]}]\n" + ONE,
    "suite: s\nactions: [{promote: champion, on: failed}]\n" + ONE,
    "suite: s\nactions: [{ticket: local, promote: champion, on: passed}]\n" + ONE,
    "suite: s\nactions: [{mail: me, on: failed}]\n" + ONE,
    "suite: s\nactions: [{ticket: local, on: failed, severity: huge}]\n" + ONE,
    "suite: s\nactions: [{retrain: me}]\n" + ONE,
    "suite: s\nactions: [{retrain: command}]\n" + ONE,
    "suite: s\nactions: [{retrain: command, run: python train.py}]\n" + ONE,
    "suite: s\nactions: [{retrain: command, run: []}]\n" + ONE,
    "suite: s\nactions: [{retrain: command, run: [a, 7]}]\n" + ONE,
    "suite: s\nactions: [{retrain: command, run: [a], uri: b}]\n" + ONE,
    "suite: s\nactions: [{retrain: command, run: [a], on: passed}]\n" + ONE,
    "suite: s\nactions: [{retrain: command, run: [a], on: [failed, errored]}]\n" + ONE,
    "suite: s\nactions: [{retrain: command, run: [a], owner: me}]\n" + ONE,
    "suite: s\nactions: [{retrain: command, run: [a], time_limit: 7}]\n" + ONE,
    "suite: s\nactions: [{retrain: project}]\n" + ONE,
    "suite: s\nactions: [{retrain: project, uri: p, env_manager: docker}]\n" + ONE,
    "suite: s\nactions: [{retrain: github, event: a b}]\n" + ONE,
    "suite: s\nactions: [{retrain: github, time_limit: 2 h}]\n" + ONE,
    "suite: s\nactions: [{retrain: webhook, repository: a/b}]\n" + ONE,
    "suite: s\nactions: [{retrain: webhook, cool_down: 7}]\n" + ONE,
    "suite: s\nactions: [{retrain: webhook, at_most: 4}]\n" + ONE,
    "suite: s\nactions: [{retrain: webhook, at_most: 4 a month}]\n" + ONE,
    "suite: s\nactions: [{retrain: webhook, at_most: 4 per week}]\n" + ONE,
    "suite: s\nactions: [{retrain: webhook, ticket: local, on: failed}]\n" + ONE,
    "suite: s\nmodel: m\nchecks: [{staleness: modle, max: 30 d}]\n",
    "suite: s\nmodel: m\nchecks: [{staleness: model, max: 30}]\n",
    "suite: s\nmodel: m\nchecks: [{staleness: rows, max: 30 d}]\n",
]
OF_CHECK = [
    "f1",
    "{min: 0.5}",
    "{metrc: f1, min: 0.5}",
    "{metric: f1, latency: p95, max: 40 ms}",
    "{metric: f1}",
    "{metric: f2, min: 0.5}",
    "{metric: 7, min: 0.5}",
    "{metric: , min: 0.5}",
    "{metric: f1, min: high}",
    "{metric: f1, min: 40 ms}",
    "{metric: f1, min: 90%}",
    "{metric: f1, min: }",
    "{metric: f1, min: [1]}",
    "{metric: f1, min: 5 parsecs}",
    "{metric: f1, mim: 0.5, min: 0.5}",
    "{metric: f1, threshold: '0.5', min: 0.5}",
    "{metric: f1, threshold: true, min: 0.5}",
    "{metric: f1, versus: baseline, min: 0}",
    "{metric: f1, min: 0.5, slices: region}",
    "{metric: f1, min: 0.5, slices: []}",
    "{metric: f1, min: 0.5, across: gap}",
    "{metric: f1, min: 0.5, across: gab, slices: [region]}",
    "{metric: f1, min: 2, across: ratio, slices: [region]}",
    "{errors: rate, max: -0.1, across: gap, slices: [region]}",
    "{schema: signature, across: gap, slices: [region]}",
    "{metric: f1, min: 0.5, name: a b}",
    "{metric: f1, min: 0.5, tags: slow}",
    "{metric: f1, min: 0.5, inconclusive: ignore}",
    "{metric: f1, min: 0.5, expect_failure: true}",
    "{metric: f1, min: 0.5, expect_failure: {reason: known}}",
    "{metric: f1, min: 0.5, expect_failure: {reason: known, until: soon}}",
    "{latency: p59, max: 40 ms}",
    "{latency: p95, max: 40}",
    "{latency: p95, max: 40 MB}",
    "{latency: p95, max: 10%}",
    "{latency: p95, rows: 0, max: 40 ms}",
    "{latency: p95, rows: 1.5, max: 40 ms}",
    "{errors: rate, max: 5}",
    "{errors: rate, max: -0.1}",
    "{errors: rates, max: 1%}",
    "{errors: rate, generalise: maybe, max: 1%}",
    "{schema: signature, max: 3}",
    "{schema: signature, versus: champion}",
    "{schema: signatur}",
    "{schema: signature, extra: forbidden}",
    "{schema: signature, unique: id}",
    "{schema: {}}",
    "{schema: {age: {typ: int}}}",
    "{schema: {age: {type: integer}}}",
    "{schema: {age: {unique: 'yes'}}}",
    "{schema: {age: 7}}",
    "{schema: signature, rows: {least: 3}}",
    "{drift: 7, max: 0.1}",
    "{drift: [], max: 0.1}",
    "{drift: [age, 7], max: 0.1}",
    "{drift: all, method: kss, max: 0.1}",
    "{suites.flips:flip_rate: age, max: 3%, name: a b}",
]
BROKEN = OF_SUITE + [f"{TOP}checks:\n  - {check}\n" for check in OF_CHECK]


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_suite_is_marked(text: str, validator: jsonschema.Draft7Validator) -> None:
    """What `modelqa lint` refuses for its form, an editor refuses too."""
    assert not loads(text)
    assert not validator.is_valid(value(text))


def test_the_table_of_broken_suites_is_long_enough() -> None:
    """At least fifty, each of them broken in its own way."""
    assert len(set(BROKEN)) == len(BROKEN) >= 50


NAMES = ("f1", "p95", "column_to_exist", "MeanValue", "rate", "signature", "all", "psi")
TEXTS = ("1%", "40 ms", "2 GiB", "1 pp", "x")
LISTS = ([], ["region"], ["f1", 7], {}, {"age": {"type": "int"}}, {"reason": "r", "until": "2030-01-31"})
VALUES = st.sampled_from([*NAMES, *TEXTS, 0, 1, 0.5, -0.5, True, None, *LISTS])
KINDS = ("metric", "latency", "errors", "schema", "drift", "expect", "evidently")
GIVEN = (
    "min",
    "max",
    "versus",
    "slices",
    "across",
    "name",
    "tags",
    "inconclusive",
    "method",
    "rows",
    "column",
    "mostly",
)


@settings(max_examples=300, deadline=None)
@given(
    checks=st.lists(
        st.tuples(
            st.sampled_from(KINDS), VALUES, st.dictionaries(st.sampled_from(GIVEN), VALUES, max_size=3)
        ),
        min_size=1,
        max_size=2,
    ),
    top=st.dictionaries(st.sampled_from(sorted(set(READERS) - {"suite", "checks"})), VALUES, max_size=2),
)
def test_what_loads_is_never_marked(
    checks: list[tuple[str, Any, dict[str, Any]]],
    top: dict[str, Any],
    validator: jsonschema.Draft7Validator,
) -> None:
    """Whatever modelqa takes, the schema takes: an editor never marks a good suite."""
    made = {**top, "suite": "s", "checks": [{kind: main, **keys} for kind, main, keys in checks]}
    try:
        Suite.read(of(made, Problems()), None, Problems())
    except SuiteError:
        return
    assert validator.is_valid(made)


def test_it_says_what_each_check_says_of_itself(validator: jsonschema.Draft7Validator) -> None:
    """Every parameter of every check is a key with a description, every reserved key is there."""
    definitions = validator.schema["definitions"]
    for name in catalog.names("checks"):
        made, told = declared(catalog.find("checks", name)), definitions[name]["properties"]
        assert {*made.parameters, *RESERVED, name} <= {*told}
        assert all(told[key].get("description") for key in (*made.parameters, name)), name
    assert set(validator.schema["properties"]) == set(READERS)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two checks of other packages, one of which cannot be imported."""
    found = [
        EntryPoint("sparse", "modelqa.checks.drift:drift", "modelqa.checks"),
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
def test_checks_of_packages_are_in_it() -> None:
    """An installed check has its keys; one that cannot be imported here takes any."""
    made = jsonschema.Draft7Validator(json_schema())
    good = {"suite": "s", "checks": [{"sparse": "all", "max": 0.1}, {"gone": 1, "what": "ever"}]}
    assert made.is_valid(good)
    assert not made.is_valid({"suite": "s", "checks": [{"sparse": "all", "mox": 0.1}]})


def test_the_command_prints_it() -> None:
    """What an editor is pointed at is what the library makes."""
    printed = CliRunner().invoke(app, ["schema"])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout) == json.loads(json.dumps(json_schema()))
