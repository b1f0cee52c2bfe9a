"""The same suite in Python: objects where a file has names, and the same mistakes told."""

import pickle
from datetime import date
from pathlib import Path
from typing import Any

import fake_checks
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loading import Load

from modelqa import catalog
from modelqa.errors import SuiteError
from modelqa.suite.nodes import Problems, of
from modelqa.suite.spec import Labels, Suite, check

CHECKS = [check("metric", "f1", min=0.5)]


class Frame:
    """Stands for a data frame: no mapping, no list, no path."""

    shape = (3, 2)


def score(frame: Any) -> Any:
    """A model that is a function."""
    return frame


def test_both_doors_make_the_same_suite(load_text: Load) -> None:
    """What is written alike is the same suite, down to the digest."""
    text = (
        "suite: s\nmodel: m\nchampion: c\nbatch: b\n"
        "slices: [region, {name: new, where: a < 3}]\nfalse_alarms: 2%\nchecks:\n"
        "  - {metric: f1, min: 0.5, slices: all}\n"
        "  - {latency: p95, versus: champion, max: 10%, rows: 4, slices: all, across: worst}\n"
    )
    made = Suite(
        "s",
        model="m",
        champion="c",
        batch="b",
        slices=["region", {"name": "new", "where": "a < 3"}],
        false_alarms="2%",
        checks=[
            check("metric", "f1", min=0.5, slices="all"),
            {
                "latency": "p95",
                "versus": "champion",
                "max": "10%",
                "rows": 4,
                "slices": "all",
                "across": "worst",
            },
        ],
    )
    loaded = load_text(text)
    assert made.digest == loaded.digest
    told = ("id", "value", "params", "bound", "unit", "versus", "relative", "slices", "across", "type")
    for ours, theirs in zip(made.checks, loaded.checks, strict=True):
        assert [getattr(ours, key) for key in told] == [getattr(theirs, key) for key in told]
    assert made.path is None


def test_objects_stand_where_a_file_has_names() -> None:
    """Frames, arrays, callables and paths are kept as they are."""
    frame, labels = Frame(), np.array([0, 1, 1])
    keys: dict[str, Any] = {
        "model": score,
        "champion": Frame.__init__,
        "batch": frame,
        "reference": Path("r.csv"),
    }
    suite = Suite("s", **keys, labels=labels, checks=CHECKS)
    assert (suite.model, suite.champion) == (score, Frame.__init__)
    assert suite.batch is frame
    assert suite.labels is labels
    assert suite.reference == Path("r.csv")
    joined = Suite("s", labels={"path": frame, "on": "k", "column": "c"}, checks=CHECKS)
    assert joined.labels == Labels(frame, on="k", column="c")
    assert Suite("s", labels=[0, 1], checks=CHECKS).labels == [0, 1]
    same = Suite("s", **{**keys, "batch": Frame(), "reference": "r.csv"}, labels=np.zeros(3), checks=CHECKS)
    assert same.digest == suite.digest
    assert Suite("s", **keys, labels=np.zeros(4), checks=CHECKS).digest != suite.digest


def test_a_check_may_be_the_function_itself() -> None:
    """A marked function stands for its `module:function`."""
    made = Suite(
        "s",
        batch="b",
        checks=[check(fake_checks.rate, "a", seed=1, min="1 /s"), {fake_checks.memory: True, "max": "1 GB"}],
    )  # type: ignore[dict-item]
    assert [found.kind for found in made.checks] == ["fake_checks:rate", "fake_checks:memory"]


def test_numbers_of_numpy_and_dates_are_read() -> None:
    """A NumPy number is a number; a date is a date; a tuple is a list."""
    known = {"reason": "known", "until": date(2030, 1, 31)}
    made = Suite(
        "s",
        key=("a", "b"),
        threshold=np.float32(0.5),
        checks=[check("latency", "p95", rows=np.int64(4), max="1 s", expect_failure=known)],
    )
    assert (made.key, made.threshold) == (("a", "b"), 0.5)
    assert made.checks[0].params == {"rows": 4}
    assert made.checks[0].expect_failure is not None
    assert made.checks[0].expect_failure.until == date(2030, 1, 31)


def test_all_mistakes_are_told_with_their_keys() -> None:
    """Without a file, a problem says which key of which check is wrong."""
    with pytest.raises(SuiteError) as caught:
        Suite(
            "s",
            bacth="b",  # type: ignore[call-arg]
            labels={"path": Frame(), "on": 3, "column": "c"},
            model=Frame(),
            threshold=float("nan"),
            checks=[
                check("metric", "f2", min=0.5),
                check("metric", "f1", mim=0.5),
                {"latency": "p95", "max": 40},
            ],
        )
    assert [str(problem).split(": ")[0] for problem in caught.value.problems] == [
        "threshold", "bacth", "model", "labels.on",
        "checks[0].metric", "checks[1].mim", "checks[1]", "checks[2].max",
    ]  # fmt: skip
    assert "found an object of type Frame" in str(caught.value)


@pytest.mark.parametrize("keys", [{}, {"checks": []}, {"checks": None}, {"checks": CHECKS * 2}])
def test_a_suite_without_checks_or_with_equal_ids_is_refused(keys: dict[str, Any]) -> None:
    """Nothing to judge, or two checks that nobody can tell apart, is no suite."""
    with pytest.raises(SuiteError, match="checks"):
        Suite("s", **keys)


def test_what_nests_without_end_is_refused() -> None:
    """A list that holds itself is a problem, not a crash."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(SuiteError, match="nested deeper than 50 levels"):
        Suite("s", features=endless, checks=CHECKS)


def test_an_override_replaces_keys_and_is_validated(load_text: Load) -> None:
    """The rest keeps its places; the digest follows; what no longer fits is told."""
    suite = load_text(
        "suite: s\nmodel: m\nchampion: c\nchecks:\n  - {metric: f1, versus: champion, min: 0}\n"
    )
    other = suite.override(model=score, batch="b.csv", inconclusive="fail")
    assert (other.model, other.batch, other.inconclusive, other.champion) == (score, "b.csv", "fail", "c")
    assert other.path == suite.path
    assert other.checks[0].place == suite.checks[0].place
    assert suite.model == "m"
    assert other.digest != suite.digest
    assert other.override(model="m", batch=None, inconclusive=None).digest == suite.digest
    assert suite.override().digest == suite.digest
    with pytest.raises(SuiteError, match=r"a\.suite\.yaml:5:26: versus: champion needs"):
        suite.override(champion=None)
    with pytest.raises(SuiteError, match=r"^inconclusive: expected warn or fail"):
        suite.override(inconclusive="never")
    with pytest.raises(SuiteError, match="unknown key 'bacth'"):
        suite.override(bacth="b")


def test_a_run_is_that_of_the_floor_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """`run` passes the suite and its options to `run_suite`, found when it is called."""
    seen: list[Any] = []

    def load(target: str) -> Any:
        return lambda suite, **options: seen.append((target, suite, options))

    suite = Suite("s", checks=CHECKS)
    monkeypatch.setattr(catalog, "load", load)
    suite.run(only=["f1"])
    assert seen == [("modelqa.run.execute:run_suite", suite, {"only": ["f1"]})]


def test_a_suite_can_be_sent_to_a_worker(load_text: Load) -> None:
    """A loaded suite survives pickling."""
    suite = load_text(
        "suite: s\nslices: [{name: a, where: b < 3}]\nchecks: [{metric: f1, min: 0.5, slices: all}]\n"
    )
    again = pickle.loads(pickle.dumps(suite))  # noqa: S301
    assert (again.digest, again.checks[0].id, again.slices) == (suite.digest, "f1", suite.slices)


def test_a_suite_is_frozen() -> None:
    """No field of a suite or of a check can be set."""
    suite = Suite("s", checks=CHECKS)
    with pytest.raises(AttributeError):
        suite.model = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        suite.checks[0].bound = None  # type: ignore[misc, assignment]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=2),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), part, max_size=3)
    ),
    max_leaves=5,
)
KEYS = (
    "model",
    "batch",
    "labels",
    "positive",
    "threshold",
    "trust",
    "slices",
    "false_alarms",
    "key",
    "actions",
)
OWN = (
    "metric",
    "latency",
    "schema",
    "drift",
    "expect",
    "min",
    "warn_max",
    "slices",
    "tags",
    "name",
    "expect_failure",
    "rows",
)


@settings(max_examples=200, deadline=None)
@given(
    keys=st.dictionaries(st.sampled_from(KEYS), plain, max_size=3),
    checks=plain | st.lists(st.dictionaries(st.sampled_from(OWN), plain, max_size=4), min_size=1, max_size=2),
)
def test_any_values_make_a_suite_or_its_problems(keys: dict[str, Any], checks: Any) -> None:
    """No value that Python can pass makes another error than `SuiteError`."""
    try:
        told = [found.id for found in Suite("s", checks=checks, **keys).checks]
    except SuiteError as error:
        told = [str(problem) for problem in error.problems]
    assert all(told)
    assert told


@given(plain)
def test_nodes_give_back_what_they_were_made_of(value: Any) -> None:
    """Lists, texts and numbers survive the way through nodes; keys become texts."""
    problems = Problems()
    back = of(value, problems).plain()
    if isinstance(value, str | int | bytes | None):
        assert back == value
    assert type(back) is type(value)
