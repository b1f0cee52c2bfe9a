"""A suite file into a Suite: what each key becomes, and what stays the same."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loading import Load, problems_of
from test_fuzz import EXAMPLE

from modelqa.core.bound import Bound
from modelqa.core.units import Unit
from modelqa.suite.load import load
from modelqa.suite.nodes import Problems
from modelqa.suite.spec import ActionSpec, CheckSpec, ExpectFailure, Labels
from modelqa.suite.text import read

TAIL = "checks: [{metric: f1, min: 0.5}]\n"


def check_of(load: Load, *lines: str, head: str = "champion: c\nslices: [a, b]") -> CheckSpec:
    """The first check of a suite with these lines as its keys."""
    return load(f"suite: s\n{head}\nchecks:\n  - " + "\n    ".join(lines) + "\n").checks[0]


def test_every_key_of_the_subject_is_read(load_text: Load) -> None:
    """The keys of a suite are fields of the same name."""
    suite = load_text(EXAMPLE)
    assert (suite.suite, suite.model) == ("churn", "models:/churn@challenger")
    assert (suite.champion, suite.reference) == ("models:/churn@champion", "data/train.parquet")
    assert suite.batch == "data/2026-11-22.parquet"
    assert suite.labels == Labels("labels.parquet", on="customer_id", column="churned")
    assert suite.positive == "yes"
    assert [(part.name, part.columns) for part in suite.slices] == [
        ("region", ("region",)),
        ("newcomers", ()),
    ]
    assert suite.slices[1].where is not None
    assert suite.slices[1].where.names == {"tenure", "plan"}
    assert (suite.false_alarms, suite.confidence, suite.inconclusive) == (0.01, 0.95, "warn")
    assert suite.path == Path("a.suite.yaml")
    places = {"labels": 7, "model": 3, "group": 2}
    assert {key: suite.place_of(key).line for key in places} == places


def test_keys_that_are_left_out_have_defaults(load_text: Load) -> None:
    """A suite of two keys alarms at 1%, is sure at 95%, and trusts the registry."""
    suite = load_text("suite: s\n" + TAIL)
    assert (suite.false_alarms, suite.confidence, suite.inconclusive) == (0.01, 0.95, "warn")
    assert (suite.trust, suite.champion_missing) == ("registry", "error")
    assert (suite.model, suite.labels, suite.predictions, suite.threshold) == (None, None, None, None)
    assert (suite.key, suite.features, suite.slices, suite.actions) == ((), (), (), ())


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("labels: churned", "labels", "churned"),
        ("positive: no", "positive", "no"),
        ("positive: 1", "positive", 1),
        ("positive: true", "positive", True),
        ("predictions: score", "predictions", "score"),
        ("predictions: [p0, p1]", "predictions", ("p0", "p1")),
        ("key: id", "key", ("id",)),
        ("key: [id, day]", "key", ("id", "day")),
        ("features: [a, b]", "features", ("a", "b")),
        ("threshold: 0.3", "threshold", 0.3),
        ("weights: w", "weights", "w"),
        ("group: g", "group", "g"),
        ("time: t", "time", "t"),
        ("trust: none", "trust", "none"),
        (f"trust: ['sha256:{'0a' * 32}']", "trust", (f"sha256:{'0a' * 32}",)),
        ("champion_missing: skip", "champion_missing", "skip"),
        ("false_alarms: 0.02", "false_alarms", 0.02),
        ("false_alarms: 50%", "false_alarms", 0.5),
        ("false_alarms_per_year: 10%", "false_alarms_per_year", 0.1),
        ("false_alarms: 50%", "false_alarms_per_year", 0.02),
        ("confidence: 0.5", "confidence", 0.5),
        ("inconclusive: fail", "inconclusive", "fail"),
    ],
)
def test_a_key_becomes_a_value(load_text: Load, line: str, field: str, value: object) -> None:
    """YAML 1.2 and units decide what a value means; nothing is coerced."""
    found = getattr(load_text(f"suite: s\n{line}\n{TAIL}"), field)
    assert found == value
    assert type(found) is type(value)


def test_slices_may_cross_columns(load_text: Load) -> None:
    """A slice of several columns has a name and keeps their order."""
    (part,) = load_text("suite: s\nslices: [{name: both, columns: [b, a]}]\n" + TAIL).slices
    assert (part.name, part.columns, part.where) == ("both", ("b", "a"), None)


def test_slices_are_cut_pooled_and_must_occur(load_text: Load) -> None:
    """Bins are edges or a number, of one column that may stand alone; values keep their types."""
    read = load_text(
        "suite: s\nslices:\n"
        "  - {name: band, columns: age, bins: [18, 40.5]}\n"
        "  - {name: parts, columns: [age], bins: 4, min_rows: 100}\n"
        "  - {name: there, columns: region, values: [EU, 1, true]}\n" + TAIL
    ).slices
    assert [(part.columns, part.bins, part.values, part.min_rows) for part in read] == [
        (("age",), (18.0, 40.5), (), 0),
        (("age",), 4, (), 100),
        (("region",), None, ("EU", 1, True), 0),
    ]


def test_actions_are_described(load_text: Load) -> None:
    """An action keeps its kind, its target, its outcomes and any other key."""
    promote, ticket = (
        "{promote: champion, on: [passed, warned]}",
        "{ticket: webhook, on: failed, close_after: 2}",
    )
    text = f"suite: s\nactions: [{promote}, {ticket}]\n"
    first, second = load_text(text + TAIL).actions
    assert isinstance(first, ActionSpec)
    assert (first.kind, first.value, first.on, first.params) == (
        "promote",
        "champion",
        ("passed", "warned"),
        {},
    )
    assert (second.kind, second.value, second.on, second.params) == (
        "ticket",
        "webhook",
        ("failed",),
        {"close_after": 2},
    )


@pytest.mark.parametrize(
    ("lines", "bound", "unit", "relative"),
    [
        (("metric: f1", "min: 0.9"), Bound(min=0.9), Unit.NUMBER, False),
        (("metric: f1", "min: 90 pp"), Bound(min=0.9), Unit.NUMBER, False),
        (("metric: f1", "min: 0", "warn_min: 1"), Bound(min=0, warn_min=1), Unit.NUMBER, False),
        (("metric: f1", "min: 0", "max: 0"), Bound(min=0, max=0), Unit.NUMBER, False),
        (("metric: f1", "versus: champion", "min: -0.005"), Bound(min=-0.005), Unit.NUMBER, False),
        (("metric: f1", "versus: champion", "min: -1 pp"), Bound(min=-0.01), Unit.NUMBER, False),
        (("metric: f1", "versus: champion", "min: -1%"), Bound(min=-0.01), Unit.SHARE, True),
        (
            ("latency: p95", "max: 40 ms", "warn_max: 0.03 s"),
            Bound(max=0.04, warn_max=0.03),
            Unit.SECONDS,
            False,
        ),
        (("latency: p95", "versus: champion", "max: 10%"), Bound(max=0.1), Unit.SHARE, True),
        (("latency: p95", "versus: champion", "max: 5 ms"), Bound(max=0.005), Unit.SECONDS, False),
        (("errors: rate", "max: 0.1%"), Bound(max=0.001), Unit.SHARE, False),
        (("errors: rate", "max: 1 pp"), Bound(max=0.01), Unit.SHARE, False),
        (("errors: rate", "max: 0.001"), Bound(max=0.001), Unit.SHARE, False),
        (("errors: rate", "versus: champion", "max: 250%"), Bound(max=2.5), Unit.SHARE, True),
        (("metric: f1", "min: 80%", "slices: all", "across: ratio"), Bound(min=0.8), Unit.SHARE, False),
        (("metric: f1", "max: 0.1", "slices: all", "across: gap"), Bound(max=0.1), Unit.NUMBER, False),
        (
            ("errors: rate", "min: -5%", "slices: all", "across: difference"),
            Bound(min=-0.05),
            Unit.SHARE,
            False,
        ),
        (
            ("metric: f1", "versus: champion", "max: 5%", "slices: all", "across: gap"),
            Bound(max=0.05),
            Unit.SHARE,
            True,
        ),
        (("errors: rate", "versus: champion", "min: -1 pp"), Bound(min=-0.01), Unit.SHARE, False),
        (("memory: true", "max: 2 GiB"), Bound(max=2**31), Unit.BYTES, False),
        (("fake_checks:rate: a", "seed: 1", "min: 100 /s"), Bound(min=100), Unit.PER_SECOND, False),
        (("schema: signature",), Bound(), Unit.NUMBER, False),
    ],
)
def test_bounds_are_read_in_base_units(
    load_text: Load, lines: tuple[str, ...], bound: Bound, unit: Unit, relative: bool
) -> None:
    """Points and units are absolute; a percentage against the champion is relative to it."""
    check = check_of(load_text, *lines)
    assert (check.bound, check.unit, check.relative) == (bound, unit, relative)


@pytest.mark.parametrize(
    ("lines", "value", "params"),
    [
        (("metric: f1", "min: 0", "threshold: 1"), "f1", {"threshold": 1.0}),
        (("drift: [a, b]", "max: 0.1"), ["a", "b"], {}),
        (("drift: a", "max: 0.1", "method: null"), "a", {"method": None}),
        (("schema: {a: {in: [no, 1, 1.5, true]}}",), {"a": {"in": ["no", 1, 1.5, True]}}, {}),
        (("memory: true", "max: 1 B"), None, {}),
        (("expect: e", "column: a", "mostly: 0.9", "x: [1]"), "e", {"column": "a", "mostly": 0.9, "x": [1]}),
        (
            (
                "fake_checks:rate: a",
                "seed: 0x10",
                "window: [1, 2]",
                "weights: {a: 1}",
                "exact: true",
                "min: 1 /s",
            ),
            "a",
            {"seed": 16, "window": (1, 2), "weights": {"a": 1.0}, "exact": True},
        ),
    ],
)
def test_values_are_what_the_function_declares(
    load_text: Load, lines: tuple[str, ...], value: object, params: dict[str, object]
) -> None:
    """A whole number fits a number and a list fits a tuple; only what is written is passed."""
    check = check_of(load_text, *lines)
    assert (check.value, check.params) == (value, params)
    assert repr(check.params) == repr(params)


def test_reserved_keys_are_read(load_text: Load) -> None:
    """Tags, slices, an own rule for what is undecided, and a known failure belong to any check."""
    check = check_of(
        load_text,
        "metric: f1",
        "min: 0.5",
        "name: the-f1",
        "tags: [slow, nightly]",
        "slices: all",
        "inconclusive: fail",
        "expect_failure: {reason: known, until: 2030-01-31}",
    )
    assert (check.id, check.name, check.tags, check.slices) == (
        "the-f1",
        "the-f1",
        ("slow", "nightly"),
        ("a", "b"),
    )
    assert (check.inconclusive, check.expect_failure) == ("fail", ExpectFailure("known", date(2030, 1, 31)))
    assert (check.place.line, check.place.column) == (5, 5)
    assert (check.place_of("metric").line, check.place_of("metric").column) == (5, 13)
    assert check.place_of("tags").line == 8
    assert check.place_of("threshold") == check.place


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("metric: roc_auc", "min: 0.9"), "roc_auc"),
        (("metric: f1", "min: 0.9", "max: 1"), "f1"),
        (("metric: f1", "versus: champion", "min: 0"), "f1-versus-champion"),
        (("metric: f1", "min: 0", "slices: all", "across: worst"), "f1-across-worst"),
        (
            ("metric: f1", "threshold: 0.3", "versus: champion", "min: 0", "slices: [a]", "across: worst"),
            "f1-versus-champion-across-worst-threshold-0.3",
        ),
        (("metric: f1", "threshold: 0.3", "min: 0"), "f1-threshold-0.3"),
        (("metric: f1", "slices: [a]", "min: 0"), "f1"),
        (("latency: p95", "max: 1 s"), "latency-p95"),
        (("latency: p95", "rows: 1", "max: 1 s"), "latency-p95"),
        (("latency: p95", "calls: 9", "rows: 32", "max: 1 s"), "latency-p95-rows-32-calls-9"),
        (("latency: p95", "rows: 32", "versus: champion", "max: 1%"), "latency-p95-versus-champion-rows-32"),
        (("errors: rate", "max: 0"), "errors-rate"),
        (("drift: all", "max: 0.1"), "drift-all"),
        (("drift: [age, a b/c]", "max: 0.1", "method: psi"), "drift-age-a_b_c-method-psi"),
        (("schema: signature",), "schema-signature"),
        (("schema: {age: {min: 18}}", "extra: forbid"), "schema"),
        (
            ("expect: to_be_between", "column: age", "min_value: 18", "mostly: 0.99"),
            "expect-to_be_between-age",
        ),
        (("memory: true", "max: 1 GB"), "memory"),
        (("fake_checks:rate: a", "seed: 7", "exact: false", "min: 1 /s"), "fake_checks.rate-a-seed-7"),
    ],
)
def test_an_id_says_what_is_checked(load_text: Load, lines: tuple[str, ...], expected: str) -> None:
    """Kind, main parameter, column, versus and what is not default; never a bound."""
    assert check_of(load_text, *lines).id == expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1), min_size=1)
)
def test_an_id_holds_only_safe_characters(load_text: Load, columns: list[str]) -> None:
    """Whatever columns are called, an id is short and has letters, digits, _, . and - only."""
    from modelqa.suite.spec import Suite, check

    names = [name for name in columns if name.strip()] or ["a"]
    (made,) = Suite("s", batch="b", checks=[check("drift", names, max=0.1)]).checks
    assert set(made.id) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    assert len(made.id) <= 6 + 60


def test_the_environment_fills_the_keys_of_the_subject(load_text: Load) -> None:
    """A variable, a default, a part of a text and several at once; empty counts as not set."""
    text = (
        'suite: s\nmodel: "models:/${NAME}@${ALIAS:-champion}"\nbatch: ${BATCH}\n'
        'labels: {path: "${L:-l.csv}", on: k, column: c}\nfeatures: ["${A}"]\nthreshold: "${T}"\n'
    )
    suite = load_text(text + TAIL, NAME="churn", BATCH="x y", A="7", T="0.25", L="")
    assert suite.model == "models:/churn@champion"
    assert suite.batch == "x y"
    assert suite.labels == Labels("l.csv", on="k", column="c")
    assert (suite.features, suite.threshold) == (("7",), 0.25)
    assert "is not set" in "".join(problems_of(load_text, text + TAIL, NAME="churn"))


def test_an_override_comes_before_what_the_file_lacks(load_text: Load) -> None:
    """A variable that is replaced need not be set, and a champion may come from outside."""
    text = 'suite: s\nbatch: "${B}"\nchecks: [{metric: f1, versus: champion, min: 0}]\n'
    assert len(problems_of(load_text, text)) == 2
    suite = load("a.suite.yaml", environ={}, override={"batch": "${x}.csv", "champion": "c"})
    assert (suite.batch, suite.champion) == ("${x}.csv", "c")


def test_the_digest_is_of_what_is_said(load_text: Load) -> None:
    """Comments, quotes, layout and the order of keys change no digest; a value or a variable does."""
    plain = load_text('suite: s\nmodel: "${M}"\n' + TAIL, M="m")
    assert plain.digest.startswith("sha256:")
    same = "# why\nchecks:\n  - min: 0.50\n    metric: 'f1'\nmodel: m\nsuite: \"s\"\n"
    assert load_text(same).digest == plain.digest
    assert load_text('suite: s\nmodel: "${M}"\n' + TAIL, M="n").digest != plain.digest
    assert load_text("suite: s\nmodel: m\nchecks: [{metric: f1, min: 0.6}]\n").digest != plain.digest


def test_an_alias_is_its_anchor_with_a_place_of_its_own(load_text: Load) -> None:
    """A value written once may be used twice; what is said of a check points at its own line."""
    suite = load_text(
        "suite: s\nkey: &k [a, b]\nfeatures: *k\nchecks:\n"
        "  - metric: &m f1\n    min: 0\n  - drift: *m\n    max: 1\n"
    )
    assert suite.key == suite.features == ("a", "b")
    assert suite.checks[1].id == "drift-f1"
    assert suite.checks[1].place_of("drift").line == 7


def test_a_byte_order_mark_and_windows_lines_are_read(load_text: Load) -> None:
    """Files from other editors are the same suite, with the same places."""
    text = "suite: s\n" + TAIL
    suite = load_text(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert suite.digest == load_text(text).digest
    assert (suite.checks[0].place.line, suite.checks[0].place.column) == (2, 10)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("off", "off"), ("yes", "yes"), ("~", None), ("null", None), ("", None), ("TRUE", True),
        ("tRue", "tRue"), ("0o17", 15), ("0x1F", 31), ("017", 17), ("1_000", "1_000"), ("12:30", "12:30"),
        ("1e3", 1000.0), ("+.5", 0.5), ("1.", 1.0), ("-0", 0), ("'7'", "7"), ("2026-01-31", "2026-01-31"),
        ("=", "="), ("'null'", "null"),
        ("|-\n  a\n  b", "a\nb"), (">-\n  a\n  b", "a b"), ("9" * 500, "9" * 500),
        ("- ", [None]), ("{a, b: 1}", {"a": None, "b": 1}),
    ],
)  # fmt: skip
def test_a_scalar_is_what_yaml_1_2_says(text: str, value: object) -> None:
    """The core schema: two truth values, decimal, octal and hexadecimal numbers, and texts."""
    found = read(f"key: {text}" if not text.startswith("- ") else f"key:\n  {text}", Path("a"), Problems())
    plain = found.plain()["key"]
    assert plain == value
    assert type(plain) is type(value)
