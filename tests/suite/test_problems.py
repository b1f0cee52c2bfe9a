"""Every mistake in a suite file is told once, with its line and column."""

import re
from pathlib import Path

import pytest
from loading import Load, problems_of

from modelqa.errors import SuiteError
from modelqa.suite.load import load
from modelqa.suite.nodes import MAX_PROBLEMS

MARK = "»"
"""Stands in these texts where the problem must point."""

CHECKS = "checks: [{metric: f1, min: 0.5}]\n"
TOP = "suite: s\nbatch: b.parquet\n"
HEAD = TOP + "champion: models:/s@champion\nslices: [region, {name: new, where: tenure < 3}]\nchecks:\n"

SYNTAX = [
    ("»", "the suite is empty"),
    ("»# only a comment", "the suite is empty"),
    ("»- metric: f1", "expected a suite as a mapping"),
    ("»churn", "expected a suite as a mapping"),
    (TOP + "labels: {path: $»{X}, on: a, column: b}\n", 'quote it: "${X}"'),
    (TOP + "features: [$»{X:-a}, b]\n", 'quote it: "${X:-a}"'),
    (TOP + "checks:\n»\t- metric: f1\n", "indent with spaces, not with tabs"),
    (TOP + "checks: [{metric: f1}\n»", "expected ',' or ']'"),
    ("suite: s»: t\n", "mapping values are not allowed here"),
    ("suite: »@s\n", "found character '@' that cannot start any token"),
    ("suite: »*nowhere\n" + CHECKS, "names nothing above it"),
    ("suite: s\nfeatures: &a [»*a]\n" + CHECKS, "stands inside of what it names"),
    ("suite: »!!python/object:os.system s\n" + CHECKS, "tags are not read"),
    ("suite: »! s\n" + CHECKS, "tags are not read"),
    ("suite: s\n»<<: {batch: b}\n" + CHECKS, "merge keys are not read"),
    ("suite: s\nbatch: a\n»batch: b\n" + CHECKS, "duplicate key 'batch', first on line 2"),
    ("suite: s\n? »[a, b]\n: c\n" + CHECKS, "expected a name as the key"),
    ("suite: s\n?» \n: c\n" + CHECKS, "expected a name as the key"),
    ("»%YAML 1.1\n---\nsuite: s\n" + CHECKS, "directives are not read"),
    ("suite: s\n" + CHECKS + "»---\nsuite: t\n", "a second document"),
    ('suite: »"\\ud800"\n' + CHECKS, "U+D800 cannot stand in a text"),
    ('suite: s\nbatch: »"a\\0b"\n' + CHECKS, "U+0000 cannot stand in a text"),
    ("suite: s\nba»\0tch: b\n", "U+0000 cannot stand in a suite"),
    ("suite: s\r\nba»\x07tch: b\r\n", "U+0007 cannot stand in a suite"),
    ("suite: s\nthreshold: ».inf\n" + CHECKS, "expected a finite number"),
    ("suite: s\nthreshold: »1e999\n" + CHECKS, "expected a finite number"),
    ("suite: s\nfeatures: " + "[" * 50 + "»[" + "]" * 51 + "\n", "nested deeper than 50 levels"),
]

SUBJECT = [
    ("»batch: b\n" + CHECKS, "the key 'suite' is missing"),
    ("»suite: s\nbatch: b\n", "the key 'checks' is missing"),
    ("suite: s\nchecks: »[]\n", "no checks"),
    ("suite: s\n»checks:\n", "expected a list of checks, found nothing"),
    ("suite: s\nchecks: »{metric: f1, min: 0.5}\n", "expected a list of checks, found a mapping"),
    ("suite: »7\n" + CHECKS, "expected a name, found 7; put it in quotes"),
    ("suite: »a/b\n" + CHECKS, "letters, digits, _ . and -"),
    ("suite: s\n»bacth: b\n" + CHECKS, "unknown key 'bacth' (did you mean 'batch'?)"),
    ("suite: s\n»zzzz: b\n" + CHECKS, "unknown key 'zzzz'; a suite has suite, model"),
    ("suite: s\nmodel: »7\n" + CHECKS, "expected a model's URI"),
    ("suite: s\nbatch: »[a, b]\n" + CHECKS, "expected a path, or {sql: SELECT ..., url: ...}, found a list"),
    ("suite: s\nbatch: »''\n" + CHECKS, "found an empty text"),
    ("suite: s\nlabels: »{path: p, on: k}\n" + CHECKS, "labels need the key 'column'"),
    ("suite: s\nlabels: {path: p, »onn: k, on: k, column: c}\n" + CHECKS, "(did you mean 'on'?)"),
    ("suite: s\nlabels: »[a]\n" + CHECKS, "expected a column, or {path"),
    ("suite: s\npositive: »[1]\n" + CHECKS, "expected a text, a number or a truth value"),
    ("suite: s\nthreshold: »1\n" + CHECKS, "expected a share between 0 and 1, found 1"),
    ("suite: s\nthreshold: »half\n" + CHECKS, "expected a number with or without a unit"),
    ("suite: s\nfalse_alarms: »1\n" + CHECKS, "did you mean 1%?"),
    ("suite: s\nfalse_alarms: »0\n" + CHECKS, "between 0 and 0.5"),
    ("suite: s\nfalse_alarms: »60%\n" + CHECKS, "between 0 and 0.5"),
    ("suite: s\nfalse_alarms: »1 ms\n" + CHECKS, "expected a share such as 1%"),
    ("suite: s\nfalse_alarms_per_year: »2\n" + CHECKS, "did you mean 2%?"),
    ("suite: s\n»false_alarm_per_year: 2%\n" + CHECKS, "did you mean 'false_alarms_per_year'?"),
    ("suite: s\nconfidence: »100%\n" + CHECKS, "between 0.5 and 1"),
    ("suite: s\nconfidence: »true\n" + CHECKS, "expected a number, found true"),
    (
        "suite: s\ninconclusive: »wran\n" + CHECKS,
        "expected warn or fail, found 'wran' (did you mean 'warn'?)",
    ),
    ("suite: s\nchampion_missing: »no\n" + CHECKS, "expected error or skip"),
    ("suite: s\ntrust: »anybody\n" + CHECKS, "expected registry, none or a list of digests"),
    ("suite: s\ntrust: [»abc]\n" + CHECKS, "expected a digest such as sha256:"),
    ("suite: s\nkey: [a, »7]\n" + CHECKS, "found 7; put it in quotes"),
    ("suite: s\npredictions: »[]\n" + CHECKS, "an empty list"),
    ('suite: s\nmodel: »"${MODEL}"\n' + CHECKS, "the environment variable MODEL is not set"),
    ('suite: s\nlabels: {path: »"x/${DAY}", on: k, column: c}\n' + CHECKS, "variable DAY is not set"),
    ('suite: s\nmodel: »"${1X}"\n' + CHECKS, 'expected "${NAME}" or "${NAME:-default}"'),
    ("suite: s\nmodel: »${X\n" + CHECKS, 'expected "${NAME}" or "${NAME:-default}"'),
    ('suite: »"${NAME}"\n' + CHECKS, "the environment is read in the subject's keys only"),
    ("suite: s\nslices: »region\n" + CHECKS, "expected a list of slices"),
    ("suite: s\nslices: [a, »a]\n" + CHECKS, "a second slice is called 'a'"),
    ("suite: s\nslices: [»all]\n" + CHECKS, "a slice cannot be called all"),
    ("suite: s\nslices: [»{where: a < 3}]\n" + CHECKS, "a slice needs a name"),
    ("suite: s\nslices: [»{name: a}]\n" + CHECKS, "a slice needs either where or columns"),
    (
        "suite: s\nslices: [{name: a, where: tenure <»< 3}]\n" + CHECKS,
        "where: expected a number",
    ),
    ("suite: s\nslices: [{name: a, where: 'tenure < x »y'}]\n" + CHECKS, "found 'y'"),
    ('suite: s\nslices: [{name: a, where: "b »% 2 = 0"}]\n' + CHECKS, "unexpected '%'"),
    ("suite: s\nslices: [{name: a, where: »'b = ''x'}]\n" + CHECKS, "quote ' is not closed"),
    ("suite: s\nactions: [»{ticket: github}]\n" + CHECKS, "ticket needs the key 'on'"),
    ("suite: s\nactions: [{ticket: »gitlab, on: failed}]\n" + CHECKS, "(did you mean 'github'?)"),
    ("suite: s\nactions: [{ticket: local, on: [failed, »never]}]\n" + CHECKS, "expected failed or passed"),
    ("suite: s\nactions: [{ticket: local, on: »[]}]\n" + CHECKS, "expected at least one outcome"),
    (
        "suite: s\nactions: [{promote: champion, on: »failed}]\n" + CHECKS,
        "promote follows passed or warned only",
    ),
    ("suite: s\nactions: [{ticket: local, on: failed, »lables: [a]}]\n" + CHECKS, "did you mean 'labels'?"),
    ("suite: s\nactions: [{ticket: local, on: failed, »first: true}]\n" + CHECKS, "unknown key 'first'"),
    ("suite: s\nactions: [{ticket: github, on: failed, repository: »ml}]\n" + CHECKS, "such as shop/churn"),
    (
        "suite: s\nactions: [{ticket: local, on: failed, close_after: »0}]\n" + CHECKS,
        "batches from 1 to 1,000",
    ),
    (
        "suite: s\nactions: [{ticket: local, on: failed, repeat_interval: »3}]\n" + CHECKS,
        "a time such as 12 h",
    ),
    ("suite: s\nactions: [{ticket: local, on: failed, group: »slice}]\n" + CHECKS, "expected model or check"),
    ("suite: s\nactions: [{ticket: local, on: »passed}]\n" + CHECKS, "a ticket follows what is not green"),
    ("suite: s\nactions: [»{retrain: command}]\n" + CHECKS, "retrain: command needs the key 'run'"),
    ("suite: s\nactions: [»{retrain: project}]\n" + CHECKS, "retrain: project needs the key 'uri'"),
    ("suite: s\nactions: [{retrain: »comand, run: [a]}]\n" + CHECKS, "(did you mean 'command'?)"),
    ("suite: s\nactions: [{retrain: command, run: »python train.py}]\n" + CHECKS, "no shell reads it"),
    ("suite: s\nactions: [{retrain: command, run: [a, »7]}]\n" + CHECKS, "expected one of the arguments"),
    ("suite: s\nactions: [{retrain: webhook, »time_limit: 2 h}]\n" + CHECKS, "has no key time_limit"),
    ("suite: s\nactions: [{retrain: webhook, »owner: me}]\n" + CHECKS, "unknown key 'owner'"),
    ("suite: s\nactions: [{retrain: webhook, on: »passed}]\n" + CHECKS, "retrain follows failed only"),
    ("suite: s\nactions: [{retrain: webhook, cool_down: »7}]\n" + CHECKS, "a time such as 12 h or 1 d"),
    ("suite: s\nactions: [{retrain: webhook, at_most: »4 per week}]\n" + CHECKS, "such as 4 per 30 d"),
    ("suite: s\nactions: [{retrain: webhook, at_most: »0 per 1 d}]\n" + CHECKS, "a number from 1 to 1,000"),
    ("suite: s\nactions: [{retrain: webhook}, »{retrain: github}]\n" + CHECKS, "a second retrain"),
    ('suite: s\nactions: [{retrain: command, run: [»"${A}"]}]\n' + CHECKS, "subject's keys only"),
    ("suite: s\nactions: [{ticket: local, on: failed, severity: »hihg}]\n" + CHECKS, "did you mean 'high'"),
    ("suite: s\nactions: [»{mail: me}]\n" + CHECKS, "expected one action, found none"),
    ('suite: s\nactions: [{ticket: local, on: failed, owner: »"${URL}"}]\n' + CHECKS, "subject's keys only"),
    (
        "suite: s\nslices: [{name: a, columns: b, bins: »all}]\n" + CHECKS,
        "expected edges such as [18, 40, 65]",
    ),
    (
        "suite: s\nslices: [{name: a, columns: b, bins: »1}]\n" + CHECKS,
        "a number of bins from 2 to 100, found 1",
    ),
    ("suite: s\nslices: [{name: a, columns: b, bins: »[]}]\n" + CHECKS, "expected 1 to 99 edges, found 0"),
    ("suite: s\nslices: [{name: a, columns: b, bins: [1, »x]}]\n" + CHECKS, "expected a number as an edge"),
    (
        "suite: s\nslices: [{name: a, columns: b, bins: [1, »true]}]\n" + CHECKS,
        "expected a number as an edge",
    ),
    ("suite: s\nslices: [{name: a, columns: b, bins: [18, 65, »40]}]\n" + CHECKS, "40 stands after 65"),
    ("suite: s\nslices: [{name: a, columns: b, bins: [18, »18]}]\n" + CHECKS, "edges go from low to high"),
    ("suite: s\nslices: [{name: a, columns: [b, c], »bins: 4}]\n" + CHECKS, "bins is of one column, found 2"),
    ("suite: s\nslices: [{name: a, columns: [b, c], »values: [1]}]\n" + CHECKS, "values is of one column"),
    ("suite: s\nslices: [{name: a, columns: b, bins: 4, »values: [1]}]\n" + CHECKS, "bins have no values"),
    ("suite: s\nslices: [{name: a, columns: b, values: »[]}]\n" + CHECKS, "found an empty list"),
    ("suite: s\nslices: [{name: a, columns: b, values: [»[1]]}]\n" + CHECKS, "expected a text, a number"),
    ("suite: s\nslices: [{name: a, columns: b, min_rows: »0}]\n" + CHECKS, "expected a number of rows"),
    ("suite: s\nslices: [{name: a, columns: b, min_rows: »10%}]\n" + CHECKS, "expected a number of rows"),
    (
        "suite: s\nslices: [{name: a, where: b < 3, »bins: 4}]\n" + CHECKS,
        "where makes one slice: leave out bins",
    ),
    ("suite: s\nslices: [{name: a, where: b < 3, »min_rows: 9}]\n" + CHECKS, "leave out min_rows"),
    ("suite: s\nslices: [{name: a, columns: b, »bin: 4}]\n" + CHECKS, "(did you mean 'bins'?)"),
]

CHECK = [
    ("  - »f1\n", "expected a check as a mapping, found 'f1'"),
    ("  - »metrc: f1\n    min: 0.5\n", "unknown check 'metrc' (did you mean 'metric'?)"),
    ("  - »min: 0.5\n", "no check is named here: one key must be drift"),
    ("  - metric: f1\n    »latency: p95\n    max: 40 ms\n", "two checks in one, 'metric' and 'latency'"),
    ("  - »fake_checks:missing: a\n    min: 1\n", "AttributeError"),
    ("  - »no_such_module:f: a\n    min: 1\n", "ModuleNotFoundError"),
    ("  - »fake_checks:unmarked: a\n    min: 1\n", "unmarked is not a check"),
    ("  - »fake_checks:PROVIDER: a\n    min: 1\n", "is not a check"),
    ("  - »'a b:c': a\n    min: 1\n", "expected a check as package.module:function"),
    ("  - »fake_checks:shadowing: a\n    max: 1\n", "its parameter 'min' has a name that every check keeps"),
    ("  - »fake_checks:dangling: a\n    max: 1\n", "NameError"),
    ("  - fake_checks:slipping: »a\n    max: 1\n", "RuntimeError: a slip of the author"),
    ("  - »metric:\n    min: 0.5\n", "metric needs a value: scorer"),
    ("  - metric: »7\n    min: 0.5\n", "expected a text, found 7; put it in quotes"),
    ("  - metric: »f2\n    min: 0.5\n", "unknown scorer 'f2'"),
    ("  - latency: »p59\n    max: 40 ms\n", "expected 'p50' or 'p95', found 'p59' (did you mean 'p95'?)"),
    ("  - memory: »yes\n    max: 2 GiB\n", "memory takes no value: write memory: true, found 'yes'"),
    ("  - drift: [age, »7]\n    max: 0.1\n", "expected a text, found 7; put it in quotes"),
    ("  - drift: »7\n    max: 0.1\n", "expected a text or a list of texts, found 7"),
    ("  - schema: »7\n", "expected a text or a mapping, found 7"),
    ("  - metric: f1\n    »mim: 0.5\n    min: 0.5\n", "unknown key 'mim' (did you mean 'min'?)"),
    ("  - metric: f1\n    »zzzz: 0.5\n    min: 0.5\n", "unknown key 'zzzz'; metric takes threshold, name"),
    (
        "  - metric: f1\n    threshold: »'0.5'\n    min: 0.5\n",
        "expected a number, found '0.5'; write it without",
    ),
    ("  - metric: f1\n    threshold: »true\n    min: 0.5\n", "expected a number, found true"),
    ("  - latency: p95\n    rows: »1.5\n    max: 40 ms\n", "expected a whole number, found 1.5"),
    ("  - latency: p95\n    rows: »0\n    max: 40 ms\n", "expected at least 1, found 0"),
    (
        "  - schema: signature\n    extra: »forbidden\n",
        "expected 'allow' or 'forbid', found 'forbidden' (did you",
    ),
    ("  - schema: signature\n    unique: »id\n", "expected a list of texts, found 'id'"),
    ("  - »fake_checks:rate: a\n    min: 1 /s\n", "fake_checks:rate needs the key 'seed'"),
    (
        "  - fake_checks:rate: a\n    seed: 1\n    weights: {a: 1, b: »x}\n    min: 1 /s\n",
        "expected a number, found 'x'",
    ),
    (
        "  - fake_checks:rate: a\n    seed: 1\n    exact: »1\n    min: 1 /s\n",
        "expected true or false, found 1",
    ),
    ("  - »metric: f1\n", "metric needs a bound: one of min, max, warn_min, warn_max"),
    ("  - metric: f1\n    min: »high\n", "expected a number with or without a unit, found 'high'"),
    ("  - metric: f1\n    min: »5 parsecs\n", "unknown unit 'parsecs'"),
    ("  - metric: f1\n    min: »[1]\n", "expected a number with or without a unit, found a list"),
    ("  - metric: f1\n    min: »90%\n", "expected a plain number, found '90%', which is in %"),
    ("  - metric: f1\n    min: »40 ms\n", "which is in ms; write for example 0.9"),
    ("  - metric: f1\n    »min:\n", "expected a number, found nothing"),
    ("  - latency: p95\n    max: »40\n", "which has no unit; write for example 40 ms"),
    ("  - latency: p95\n    max: »40 MB\n", "expected seconds, found '40 MB'"),
    ("  - latency: p95\n    max: »10%\n", "expected seconds, found '10%', which is in %"),
    ("  - memory: true\n    max: »2\n", "write for example 2 GiB"),
    ("  - errors: rate\n    max: »5\n", "expected a share from 0 to 1, found 5; write 5% for percent"),
    ("  - errors: rate\n    max: »150%\n", "expected a share of at most 100%"),
    ("  - metric: f1\n    min: 0.9\n    max: »0.8\n", "min 0.9 is above max 0.8: no value fits both"),
    (
        "  - metric: f1\n    min: 0.9\n    warn_min: »0.8\n",
        "min 0.9 is above warn_min 0.8: it would never warn",
    ),
    ("  - metric: f1\n    max: 0.8\n    warn_max: »0.9\n", "it would never warn"),
    ("  - metric: f1\n    versus: »baseline\n    min: 0\n", "expected champion or dummy, found 'baseline'"),
    ("  - metric: f1\n    versus: champion\n    min: -1%\n    max: »1 pp\n", "write both alike"),
    ("  - schema: signature\n    »max: 3\n", "schema holds its bound in its own arguments: leave out max"),
    ("  - schema: signature\n    versus: »champion\n", "is not compared: leave out versus"),
    ("  - metric: f1\n    min: 0.5\n    slices: [»regoin]\n", "(did you mean 'region'?)"),
    ("  - metric: f1\n    min: 0.5\n    slices: »region\n", "expected a list of the suite's slices, or all"),
    ("  - metric: f1\n    min: 0.5\n    slices: »[]\n", "found an empty list"),
    ("  - metric: f1\n    min: 0.5\n    name: »a b\n", "expected a name of letters"),
    ("  - metric: f1\n    min: 0.5\n    tags: »slow\n", "expected a list of tags, found 'slow'"),
    ("  - metric: f1\n    min: 0.5\n    inconclusive: »ignore\n", "expected warn or fail"),
    (
        "  - metric: f1\n    min: 0.5\n    expect_failure: »true\n",
        "expected {reason: ..., until: 2030-01-31}",
    ),
    ("  - metric: f1\n    min: 0.5\n    expect_failure: »{reason: known}\n", "expect_failure needs 'until'"),
    (
        "  - metric: f1\n    min: 0.5\n    expect_failure: {reason: a, until: »soon}\n",
        "expected a date such as",
    ),
    (
        "  - metric: f1\n    min: 0.5\n    expect_failure: {reason: a, until: »2026-02-30}\n",
        "expected a date",
    ),
    ("  - metric: f1\n    min: 0.5\n  - »metric: f1\n    max: 0.9\n", "has the id 'f1' (first on line 6)"),
    (
        "  - metric: f1\n    min: 0.5\n  - metric: accuracy\n    min: 0\n    name: »f1\n",
        "a second check has the id 'f1'",
    ),
    ('  - metric: »"${SCORER}"\n    min: 0.5\n', "subject's keys only"),
    ("  - expect: a\n    column: b\n    mni: 1\n    »warn_min: 1\n", "leave out warn_min"),
    ("  - metric: f1\n    max: 0.5\n    across: »gab\n    slices: all\n", "(did you mean 'gap'?)"),
    ("  - metric: f1\n    max: 0.5\n    »acros: gap\n    slices: all\n", "(did you mean 'across'?)"),
    ("  - metric: f1\n    max: 0.5\n    across: »gap\n", "across: gap needs slices"),
    (
        "  - metric: f1\n    min: 0.5\n    warn_max: 0.9\n    across: »worst\n    slices: all\n",
        "the smallest value against min or the largest against max",
    ),
    ("  - metric: f1\n    min: »2\n    across: ratio\n    slices: all\n", "expected a share from 0 to 1"),
    (
        "  - metric: f1\n    min: -1\n    versus: champion\n    across: »ratio\n    slices: all\n",
        "ratio is of values",
    ),
    ("  - latency: p95\n    max: 1 s\n    across: »gap\n    slices: all\n", "write across: worst"),
    (
        "  - schema: signature\n    slices: all\n    across: »worst\n",
        "holds its bound itself: leave out across",
    ),
    (
        "  - metric: f1\n    max: 0.5\n    across: gap\n    slices: all\n"
        "  - »metric: f1\n    max: 0.4\n    across: gap\n    slices: [new]\n",
        "has the id 'f1-across-gap'",
    ),
]

CASES = SYNTAX + SUBJECT + [(HEAD + text, message) for text, message in CHECK]


@pytest.mark.parametrize(("marked", "message"), CASES, ids=range(len(CASES)))
def test_a_mistake_is_told_once_at_its_place(load_text: Load, marked: str, message: str) -> None:
    """One mistake makes one problem, whose line and column are those of the mark."""
    before = marked[: marked.index(MARK)].replace("\r\n", "\n")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    found = problems_of(load_text, marked.replace(MARK, ""))
    assert len(found) == 1, found
    assert found[0].startswith(f"a.suite.yaml:{line}:{column}: "), found[0]
    assert message in found[0]


def test_all_mistakes_are_told_in_the_order_of_the_file(load_text: Load) -> None:
    """A file with five mistakes makes five problems, from top to bottom."""
    text = (
        "suite: s\nmodl: m\nfalse_alarms: 7\nslices: [a, a]\n"
        "checks:\n  - metric: f2\n    min: 0.5\n  - latency: p95\n    max: 40\n    slices: [b]\n"
    )
    found = problems_of(load_text, text)
    assert [told.split(": ")[0] for told in found] == [
        f"a.suite.yaml:{place}" for place in ("2:1", "3:15", "4:13", "6:13", "9:10", "10:14")
    ]


@pytest.mark.parametrize(
    ("raw", "place", "message"),
    [
        (b"suite: s\nbatch: \xff\n", "2:8", "not UTF-8"),
        ("suite: s\n".encode("utf-16"), "1:1", "not UTF-8"),
        ("suite: é\nx: ".encode() + b"\xc3", "2:4", "not UTF-8"),
        (b"a" * (2**20 + 1), "1:1", "larger than 1 MiB"),
    ],
)
def test_what_is_no_text_is_told(load_text: Load, raw: bytes, place: str, message: str) -> None:
    """Bytes that are no UTF-8, or too many, make one located problem."""
    (found,) = problems_of(load_text, raw)
    assert found.startswith(f"a.suite.yaml:{place}: ")
    assert message in found


def bomb(levels: int, width: int) -> str:
    """A suite whose anchors each hold the one before several times."""
    lines = ["suite: s", "features: [&a0 [x, x, x]"]
    lines += [f"  , &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels)]
    return "\n".join([*lines, "  ]", CHECKS])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (bomb(10, 10), "more than 100,000 values, aliases expanded"),
        (bomb(50, 2), "values, aliases expanded"),
        (bomb(60, 1), "nested deeper than 50 levels"),
        (bomb(3, 60), "more than 100 aliases"),
        ("suite: s\nfeatures: " + "[" * 10_000, "nested deeper than 50 levels"),
        ("a: " + "!" * 2**19, "a line of more than 20,000 characters"),
        ("- " * 10_000, "nested deeper than 50 levels"),
    ],
    ids=["wide", "doubling", "deep", "many", "brackets", "tags", "dashes"],
)
def test_a_bomb_is_refused_before_it_is_expanded(load_text: Load, text: str, message: str) -> None:
    """Too many values, aliases or levels end the reading where the limit is passed."""
    (found,) = problems_of(load_text, text)
    assert message in found


def test_the_list_of_problems_ends(load_text: Load) -> None:
    """A file with thousands of mistakes lists the first ones and says that there are more."""
    text = "suite: s\nchecks:\n" + "  - {metrc: f1}\n" * 5000
    found = problems_of(load_text, text)
    assert len(found) == MAX_PROBLEMS + 1
    assert f"only the first {MAX_PROBLEMS}" in found[-1]


def test_a_value_of_the_environment_is_never_quoted(load_text: Load) -> None:
    """A message about a value from the environment shows the variable, not what it holds."""
    text = 'suite: s\nthreshold: "${T}"\nkey: [ok, "${K}"]\ninconclusive: never\n' + CHECKS
    found = "\n".join(problems_of(load_text, text, T="hunter2", K=" "))
    assert "'${T}'" in found
    assert "hunter2" not in found


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no suite file makes a problem with the path as it was given."""
    monkeypatch.chdir(tmp_path)
    Path("folder.suite.yaml").mkdir()
    told = {"gone": "no such file", "folder": "cannot be read", "nul\0": "cannot be read"}
    paths = {f"{name}.suite.yaml": message for name, message in told.items()}
    for path, message in {**paths, "a.yaml": "ends in .suite.yaml"}.items():
        with pytest.raises(SuiteError, match=re.escape(f"{path}:1:1: ") + f".*{message}"):
            load(path)
