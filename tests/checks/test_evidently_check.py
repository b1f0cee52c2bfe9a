"""`evidently`: all of Evidently by name, its own numbers, judged by our bounds."""

import inspect
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from evidently_cases import (
    EMBEDDINGS,
    METRICS,
    MODELS,
    PRESETS,
    TABLES,
    TESTS,
    Case,
    installed,
    quietly,
    reported,
    score,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from modelqa import Suite, SuiteError, load
from modelqa.checks.evidently_names import METHODS, PLOTS, complaints
from modelqa.core.bound import Outcome
from modelqa.core.result import CheckResult
from modelqa.testing import FakeModel, make_batch, run_check

KINDS = {"numeric": "num", "categorical": "cat", "text": "text"}
WIDE = {"min": -1e300, "max": 1e300}


@pytest.fixture(scope="module")
def evidently() -> SimpleNamespace:
    """The library that is installed."""
    return installed()


def ask(
    name: str, *, batch: Any = None, reference: Any = None, model: Any = None, **keys: Any
) -> CheckResult:
    """Ask for a method, on the tables of the cases."""
    current, before = TABLES["table"]
    subject = {
        "batch": current if batch is None else batch,
        "reference": before if reference is None else reference,
        "model": model or FakeModel(),
        "key": None,
    }
    return run_check(
        "evidently", name, subject=subject, **(keys if {"min", "max"} & set(keys) else keys | WIDE)
    )


def numbers(result: CheckResult) -> list[float]:
    """What was measured."""
    return [verdict.measurement.estimate.value for verdict in result.verdicts]


def notes(result: CheckResult) -> list[str]:
    """What is said beside the numbers."""
    return [verdict.measurement.note for verdict in result.verdicts]


# names


def test_every_name_of_evidently_is_known(evidently: SimpleNamespace) -> None:
    """The static tables name all that the library has, and nothing else."""
    from evidently.legacy.calculations.stattests import registry

    tests = {name: {kind.value for kind in kinds} for name, kinds in registry._registered_stat_tests.items()}
    assert tests == {
        name: {KINDS[kind] for kind in method.kinds}
        for name, method in METHODS.items()
        if method.family == "test"
    }
    there = {
        name
        for module in (evidently.metrics, evidently.presets)
        for name, each in vars(module).items()
        if inspect.isclass(each) and issubclass(each, evidently.base)
    }
    assert there == {name for name, method in METHODS.items() if method.family in ("metric", "preset")}


def test_the_arguments_are_those_of_the_library(evidently: SimpleNamespace) -> None:
    """Each takes what its class takes, but for plots, tests and what a suite cannot write."""
    apart = {"type", "include_tests", "classification_name", "regression_name", "ranking_name", "metric"}
    apart |= {"embeddings", "embeddings_drift_method", "drift_method", "embeddings_name"} | PLOTS
    apart |= {"user_ids", "display_features", "user_bias_columns", "item_bias_columns"}
    for name, method in METHODS.items():
        if method.family not in ("metric", "preset") or method.unfit:
            continue
        group = evidently.presets if hasattr(evidently.presets, name) else evidently.metrics
        fields = getattr(group, name).__fields__
        takes = {key for key in fields if key not in apart and not key.endswith("tests")}
        assert set(method.arguments) - {"ranking"} == takes - {method.takes}, name
        needed = {key for key in takes - {method.takes} if fields[key].required}
        assert set(method.required) - {"ranking"} >= needed, name
    for name, method in METHODS.items():
        if method.family == "embedding":
            made = inspect.signature(getattr(evidently.embeddings, name.partition(":")[2])).parameters
            assert set(method.arguments) == set(made) - {"threshold", "bootstrap", "quantile_probability"}


def test_every_name_has_a_case() -> None:
    """What the tables know is held against Evidently below."""
    known = {name for name, method in METHODS.items() if not method.unfit}
    assert {*TESTS, *EMBEDDINGS, *METRICS, *PRESETS, "EmbeddingsDrift"} == known


# the same numbers


@pytest.mark.parametrize(("name", "column"), [(name, each) for name, all_ in TESTS.items() for each in all_])
def test_a_test_gives_evidentlys_own_score(evidently: SimpleNamespace, name: str, column: str) -> None:
    """The score is that of the library called with the two columns."""
    rows = 60 if name in ("TVD", "empirical_mmd") else 160
    batch, reference = (frame.head(rows) for frame in TABLES["table"])
    found = ask(name, batch=batch, reference=reference, column=column)
    kinds = METHODS[name].kinds
    kind = (
        kinds[0] if len(kinds) == 1 else "numeric" if reference[column].dtype.kind in "if" else "categorical"
    )
    if name == "empirical_mmd":  # it draws from the global state, which only we seed
        assert numbers(found) == numbers(ask(name, batch=batch, reference=reference, column=column))
        assert 0 <= numbers(found)[0] <= 1
        return
    wanted = score(evidently, name, reference[column], batch[column], KINDS[kind])
    assert numbers(found) == [pytest.approx(wanted, rel=1e-9)]


@pytest.mark.parametrize("name", sorted(EMBEDDINGS))
def test_an_embedding_gives_evidentlys_own_score(evidently: SimpleNamespace, name: str) -> None:
    """The columns of an embedding are measured as one."""
    rng = np.random.default_rng(0)
    names = [f"e{n}" for n in range(6)]
    reference = pd.DataFrame(rng.normal(size=(120, 6)), columns=names)
    batch = pd.DataFrame(rng.normal(0.4, 1.3, size=(90, 6)), columns=names)
    method = getattr(evidently.embeddings, name.partition(":")[2])(**EMBEDDINGS[name])
    wanted = quietly(lambda: method(batch.copy(), reference.copy())[0])
    found = run_check(
        "evidently",
        name,
        subject={
            "batch": batch,
            "reference": reference,
            "model": None,
            "labels": None,
            "key": None,
            "champion": None,
        },
        columns=names,
        max=1e9,
        **EMBEDDINGS[name],
    )
    assert numbers(found) == [pytest.approx(wanted, rel=1e-9)]


@pytest.mark.parametrize("name", sorted(METRICS | PRESETS))
def test_a_metric_gives_evidentlys_own_numbers(evidently: SimpleNamespace, name: str) -> None:
    """A report with this metric or preset alone holds the same numbers."""
    case = (METRICS | PRESETS)[name]
    batch, reference = TABLES[case.about]
    model = MODELS.get(case.about)
    found = _asked(name, case, batch, reference, model)
    wanted = reported(evidently, name, case)
    assert wanted
    assert sorted(numbers(found)) == pytest.approx(sorted(wanted), rel=1e-9), found.reason


def _asked(name: str, case: Case, batch: Any, reference: Any, model: Any) -> CheckResult:
    if case.about != "ranking":
        return ask(name, batch=batch, reference=reference, model=model, **case.keys)
    subject = {
        "batch": batch,
        "reference": reference,
        "model": None,
        "labels": None,
        "key": None,
        "champion": None,
    }
    return run_check("evidently", name, subject=subject, **case.keys, **WIDE)


def test_embeddings_drift_is_reachable(evidently: SimpleNamespace) -> None:
    """The metric of that name takes its columns from the suite."""
    batch, reference = TABLES["table"]
    names = ["signal", "count"]
    core = evidently.core
    definition = core.DataDefinition(numerical_columns=names, embeddings={"e": names})
    data = [core.Dataset.from_pandas(f[names], data_definition=definition) for f in (batch, reference)]
    report = core.Report([evidently.metrics.EmbeddingsDrift(embeddings_name="e")])
    results = quietly(lambda: report.run(*data).metric_results)
    wanted = next(iter(results.values())).value
    assert numbers(ask("EmbeddingsDrift", columns=names)) == [pytest.approx(wanted, rel=1e-9)]


def test_value_picks_another_number() -> None:
    """Counts have shares, means have deviations."""
    frame = TABLES["table"][0]
    assert numbers(ask("MissingValueCount", column="amount", value="share")) == [
        pytest.approx(frame.amount.isna().mean())
    ]
    batch, reference = TABLES["regression"]
    keys = {"batch": batch, "reference": reference, "model": MODELS["regression"]}
    assert numbers(ask("MAE", value="std", **keys)) != numbers(ask("MAE", value="mean", **keys))


# verdicts


def test_our_bounds_decide() -> None:
    """A moved column is red and the others green, by a distance and by a p-value."""
    batch = make_batch(800).assign(amount=lambda frame: frame.amount * 3)
    reference = make_batch(800, seed=1)
    for keys in ({"name": "wasserstein", "max": 0.3}, {"name": "ks", "min": 1e-6}):
        result = ask(keys.pop("name"), batch=batch, reference=reference, columns=["signal", "amount"], **keys)
        assert [v.outcome for v in result.verdicts] == [Outcome.PASSED, Outcome.FAILED]


def test_a_number_is_a_fact_and_says_so() -> None:
    """There is no interval to it, and the note points at the check that has one."""
    found = ask("psi", column="signal", max=1).verdicts[0].measurement
    assert found.estimate.is_fact
    assert "no interval" in found.note
    assert "`drift`" in found.note
    assert "a p-value, small where" in notes(ask("ks", column="signal", min=0))[0]
    assert notes(ask("ValueDrift", column="signal", method="psi", max=9))[0].startswith("by psi; ")


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("ks", {"column": "signal", "max": 0.05}),
        ("psi", {"column": "signal", "min": 0.1}),
        ("ValueDrift", {"column": "signal", "method": "ks", "max": 0.05}),
        ("DriftedColumnsCount", {"columns": ["signal"], "min": 1}),
        ("embedding:model", {"columns": ["signal"], "min": 0.5}),
    ],
)
def test_a_bound_on_the_wrong_side_is_refused(name: str, keys: dict[str, Any]) -> None:
    """It would be green exactly where the batch has drifted."""
    result = ask(name, **keys)
    assert result.outcome is Outcome.ERRORED
    assert "bound it by `m" in result.reason


def test_facts_take_nothing_from_the_alarm_budget() -> None:
    """The other checks keep their levels."""
    from modelqa.run.plan import plan

    parts = {"model": FakeModel(), "batch": make_batch(9), "reference": make_batch(9), "labels": "label"}
    metric = {"metric": "roc_auc", "min": 0.5}
    alone = plan(Suite("s", checks=[metric], **parts))
    beside = plan(Suite("s", checks=[metric, {"evidently": "psi", "column": "signal", "max": 1}], **parts))
    assert alone.checks[0].levels == beside.checks[0].levels


# what cannot be measured


def _broken() -> pd.DataFrame:
    frame = TABLES["table"][0].copy()
    frame["empty"] = np.nan
    frame["odd"] = [{} for _ in range(len(frame))]
    return frame.drop(columns="count")


def test_one_bad_column_never_takes_the_others_down() -> None:
    """Gone, empty, of another kind: inconclusive with the reason, and the rest is judged."""
    batch = _broken().assign(amount="many")
    reference = TABLES["table"][1].assign(empty=1.0, odd=1.0)
    names = ["count", "empty", "odd", "amount", "signal"]
    result = ask("psi", batch=batch, reference=reference, columns=names, max=5)
    assert [v.outcome for v in result.verdicts] == [*[Outcome.INCONCLUSIVE] * 4, Outcome.PASSED]
    said = notes(result)
    assert "no such column" in said[0]
    assert "no value in the batch" in said[1]
    assert "float in the reference, other in the batch" in said[2]
    assert "float in the reference, text in the batch" in said[3]


def test_a_test_that_raises_is_inconclusive() -> None:
    """Its type, its place and what it wants are told, its text is not."""
    result = ask("fisher_exact", batch=TABLES["table"][0].head(50), columns=["flag", "region"], min=0)
    assert result.outcome is Outcome.INCONCLUSIVE
    assert "ValueError at" in notes(result)[0]
    assert "it wants two values, none missing, and as many rows" in notes(result)[0]


def test_one_bad_metric_of_a_preset_is_undefined_alone() -> None:
    """Evidently itself would raise, and report nothing at all."""
    batch, reference = TABLES["table"][0].assign(amount=np.nan), TABLES["table"][1]
    result = ask("DataDriftPreset", batch=batch, reference=reference, columns=["signal", "amount", "region"])
    found = {
        (v.measurement.metric, v.measurement.column): v.measurement.estimate.exists for v in result.verdicts
    }
    assert found == {
        ("DriftedColumnsCount", None): False,
        ("ValueDrift", "signal"): True,
        ("ValueDrift", "amount"): False,
        ("ValueDrift", "region"): True,
    }


def test_a_key_does_not_hold_up_a_report() -> None:
    """Evidently's time grows with the square of the names; its methods alone are quick."""
    batch, reference = (make_batch(1100, seed=n).assign(key=lambda f: "k" + f.id.astype(str)) for n in (0, 1))
    result = ask("DriftedColumnsCount", batch=batch, reference=reference)
    said = {v.measurement.column: v.measurement.note for v in result.verdicts}
    assert "more than 1,000 values" in said["key"]
    assert [v.measurement.estimate.exists for v in result.verdicts] == [False, True]
    assert numbers(ask("psi", batch=batch, reference=reference, column="key")) == [pytest.approx(0, abs=1e-9)]


def test_only_names_the_metrics_of_a_preset() -> None:
    """One bound seldom suits all of them."""
    result = ask("DataDriftPreset", only=["ValueDrift"], method="psi", columns=["signal", "region"], max=3)
    assert {v.measurement.metric for v in result.verdicts} == {"ValueDrift"}
    none = ask("DataDriftPreset", only=["MeanValue"], columns=["signal"])
    assert none.outcome is Outcome.ERRORED
    assert "it has DriftedColumnsCount, ValueDrift" in none.reason


def test_missing_and_infinite_values_are_left_out_and_counted(evidently: SimpleNamespace) -> None:
    """As Evidently's own report does, which does not say so."""
    batch, reference = (frame.copy() for frame in TABLES["table"])
    batch.loc[3, "signal"] = np.inf
    result = ask("psi", batch=batch, reference=reference, columns=["signal", "amount"])
    clean = [batch.signal[np.isfinite(batch.signal)], batch.amount.dropna()]
    wanted = [score(evidently, "psi", reference[each.name].dropna(), each, "num") for each in clean]
    assert numbers(result) == pytest.approx(wanted, rel=1e-9)
    assert notes(result)[0].startswith("left out, missing or infinite: 1 of the batch;")
    assert [v.measurement.estimate.n for v in result.verdicts] == [len(each) for each in clean]


def test_kind_reads_a_column_as_something_else(evidently: SimpleNamespace) -> None:
    """Whole numbers can be categories; without a word they are numbers."""
    batch, reference = TABLES["table"]
    wanted = score(evidently, "chisquare", reference["count"], batch["count"], "cat")
    assert numbers(ask("chisquare", column="count", kind="categorical")) == [pytest.approx(wanted)]
    refused = ask("chisquare", column="count")
    assert "measures categorical columns, and this one holds integer" in notes(refused)[0]


def test_all_are_the_features_that_a_method_measures() -> None:
    """Numbers for `ks`, texts and truth values for `chisquare`, both for `psi`."""
    features = {"features": ["signal", "region", "flag"]}
    batch, reference = TABLES["table"]
    for name, columns in (
        ("ks", ["signal"]),
        ("chisquare", ["region", "flag"]),
        ("psi", features["features"]),
    ):
        subject = {"batch": batch, "reference": reference, "key": None, **features}
        result = run_check("evidently", name, subject=subject, columns="all", **WIDE)
        assert [v.measurement.column for v in result.verdicts] == columns
    nothing = run_check(
        "evidently", "abs_text_content_drift", subject={"features": ["signal"]}, columns="all", max=1
    )
    assert nothing.outcome is Outcome.ERRORED


def test_times_and_nullable_types_are_read() -> None:
    """Evidently drops them without a word where nobody defines them."""
    batch, reference = (
        frame.assign(
            when=pd.date_range("2026-01-01", periods=len(frame), freq="h") + pd.Timedelta(days=days),
            whole=frame["count"].astype("Int64").where(frame.signal > -1),
            perhaps=frame.flag.astype("boolean").where(frame.signal > -1),
        )
        for frame, days in zip(TABLES["table"], (60, 0), strict=True)
    )
    result = ask("psi", batch=batch, reference=reference, columns=["when", "whole", "perhaps"])
    assert all(np.isfinite(numbers(result)))
    drifted = ask("wasserstein", batch=batch, reference=reference, column="when")
    assert numbers(drifted)[0] > 10
    for name in ("DataSummaryPreset", "DataDriftPreset"):
        preset = ask(name, batch=batch, reference=reference, columns=["when", "whole", "perhaps"])
        dark = {v.measurement.column for v in preset.verdicts if not v.measurement.estimate.exists}
        assert dark == {"when"}, "Evidently itself has no distance and no extremes of times"
        assert {v.measurement.column for v in preset.verdicts} >= {"whole", "perhaps"}


def test_the_metric_of_another_task_is_refused() -> None:
    """A classifier has no mean error."""
    result = ask("MAE")
    assert result.outcome is Outcome.ERRORED
    assert "MAE is of regressions, and this model's task is binary" in result.reason


def test_wrong_arguments_are_the_suites_mistake() -> None:
    """What Evidently's own types refuse is said in words, without a trace."""
    result = ask("QuantileValue", column="signal", quantile="much")
    assert result.outcome is Outcome.ERRORED
    assert "QuantileValue cannot take its arguments: quantile:" in result.reason


def test_classes_keep_their_names() -> None:
    """A metric of each class is named after the class."""
    batch = make_batch(200).assign(label=lambda frame: np.where(frame.label == 1, "yes", "no"))

    def said(frame: pd.DataFrame) -> Any:
        return np.where(frame.signal > 0, "yes", "no")

    subject = {"batch": batch, "model": said, "positive": "yes", "reference": None, "champion": None}
    result = run_check("evidently", "F1ByLabel", subject=subject, min=0.5)
    assert {v.measurement.metric for v in result.verdicts} == {"F1ByLabel[no]", "F1ByLabel[yes]"}


def test_decisions_are_the_models_own() -> None:
    """The suite's threshold counts; Evidently alone would cut probabilities at a half."""
    frame = make_batch(400)
    for threshold in (0.2, 0.8):
        ours = run_check("evidently", "Recall", subject={"batch": frame, "threshold": threshold}, min=0)
        native = run_check("metric", "recall", subject={"batch": frame, "threshold": threshold}, min=0)
        assert numbers(ours) == pytest.approx(numbers(native))


# a good guest


@pytest.mark.parametrize("name", ["TVD", "empirical_mmd", "perc_text_content_drift", "DummyF1Score", "psi"])
def test_numpys_global_state_is_left_alone(name: str) -> None:
    """Some of Evidently's methods seed it, for everybody."""
    np.random.seed(123)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    keys: dict[str, Any] = {"rows": 40, **({"column": TESTS[name][0]} if name in TESTS else {})}
    ask(name, **keys)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_rows_take_a_sample_by_a_fixed_seed() -> None:
    """The same rows every time, and n says how many."""
    first, again = (ask("ks", column="signal", rows=50, min=0) for _ in range(2))
    assert numbers(first) == numbers(again)
    assert first.verdicts[0].measurement.estimate.n == 50


def test_the_same_score_in_every_process(tmp_path: Path) -> None:
    """Evidently adds up in the order of a set of texts; the order of hashes must not show."""
    code = (
        "from modelqa.testing import make_batch, run_check\n"
        "s = {'batch': make_batch(400), 'reference': make_batch(400, seed=1)}\n"
        "for name, bound in (('psi', {'max': 1}), ('kl_div', {'max': 1}), ('chisquare', {'min': 0})):\n"
        "    found = run_check('evidently', name, subject=s, column='region', **bound)\n"
        "    print(found.verdicts[0].measurement.estimate.value.hex())\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_beside_a_newer_pandas_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    """The pair installs without complaint and dies on import."""
    (tmp_path / "evidently").mkdir()
    text = "cannot import name 'infer_dtype_from_object' from 'pandas.core.dtypes.common'"
    (tmp_path / "evidently" / "__init__.py").write_text(f"raise ImportError({text!r})\n")
    code = "from modelqa.testing import run_check; print(run_check('evidently', 'RowCount', min=1).reason)"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "cannot be imported beside pandas 3.1 or newer: pip install 'pandas>=3.0,<3.1'" in ran.stdout


# mistakes in a suite


@pytest.mark.parametrize(
    ("written", "line", "said"),
    [
        ("evidently: psy\n    column: age", 4, "unknown method 'psy' (did you mean 'psi'?)"),
        ("evidently: MeanValu\n    column: age", 4, "(did you mean 'MeanValue'?)"),
        ("evidently: PSI\n    column: age", 4, "(did you mean 'psi'?)"),
        ("evidently: embedding:ration\n    columns: [a, b]", 4, "(did you mean 'embedding:ratio'?)"),
        ("evidently: psi", 4, "psi needs `column:` or `columns:`"),
        ("evidently: embedding:mmd\n    column: a", 5, "needs `columns:`, the list that holds the embedding"),
        ("evidently: psi\n    columns: age", 5, "one is `column: age`"),
        ("evidently: psi\n    column: age\n    columns: [age]", 5, "not both"),
        ("evidently: RowCount\n    column: age", 5, "is measured on all columns"),
        ("evidently: QuantileValue\n    column: a\n    quantil: 0.5", 6, "(did you mean 'quantile'?)"),
        ("evidently: InRangeValueCount\n    column: a\n    left: 0", 4, "needs the key 'right'"),
        ("evidently: psi\n    column: a\n    kind: text", 6, "expected numeric or categorical, found 'text'"),
        ("evidently: MissingValueCount\n    column: a\n    value: mean", 6, "expected count or share"),
        ("evidently: MeanValue\n    column: a\n    value: share", 6, "has one number only"),
        ("evidently: ValueDrift\n    column: a\n    method: kss", 6, "(did you mean 'ks'?)"),
        ("evidently: DataDriftPreset\n    only: [ValueDrft]", 5, "(did you mean 'ValueDrift'?)"),
        ("evidently: psi\n    column: a\n    only: [ValueDrift]", 6, "is no preset"),
        ("evidently: RecCasesTable", 4, "is a table of cases and no number"),
        ("evidently: GroupBy", 4, "the groups in `slices:`"),
        ("evidently: NDCG\n    k: 3\n    ranking: {user: a}", 6, "unknown 'user' (did you mean 'user_id'?)"),
        ("evidently: embedding:distance\n    columns: [a]\n    dist: manhattan", 6, "expected euclidean or"),
        ("evidently: psi\n    column: a\n    rows: 0", 6, "expected at least 1"),
    ],
)
def test_mistakes_are_told_at_collection(tmp_path: Path, written: str, line: int, said: str) -> None:
    """With file and line, before anything is opened or imported."""
    path = tmp_path / "e.suite.yaml"
    path.write_text(f"suite: e\nbatch: b.csv\nchecks:\n  - {written}\n    max: 1\n")
    with pytest.raises(SuiteError) as told:
        load(path)
    assert any(problem.line == line and said in problem.message for problem in told.value.problems), (
        told.value
    )


def test_a_missing_reference_is_told_at_collection() -> None:
    """Only methods that compare need one."""
    from modelqa.run.plan import plan

    parts: dict[str, Any] = {"batch": make_batch(9), "model": FakeModel()}
    with pytest.raises(SuiteError, match="reference"):
        plan(Suite("s", checks=[{"evidently": "psi", "column": "signal", "max": 1}], **parts))
    plan(Suite("s", checks=[{"evidently": "MeanValue", "column": "signal", "max": 1}], **parts))


def test_a_suite_that_asks_for_it_is_read_without_evidently(tmp_path: Path) -> None:
    """Names and arguments are told from tables of our own."""
    path = tmp_path / "e.suite.yaml"
    path.write_text("suite: e\nbatch: b.csv\nchecks:\n  - evidently: RowCount\n    min: 1\n")
    code = f"import sys, modelqa; modelqa.load({str(path)!r}); print('evidently' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert ran.stdout == "False\n"


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(METHODS)) | st.text(max_size=80),
    keys=st.dictionaries(
        st.sampled_from(["column", "columns", "kind", "value", "method", "k", "quantile", "left", "any"]),
        st.none() | st.text(max_size=9) | st.integers() | st.lists(st.text(max_size=5), max_size=3),
    ),
)
def test_no_keys_make_the_complaints_raise(name: str, keys: dict[str, Any]) -> None:
    """Whatever is written, what is said of it names a key that is there, or the method."""
    for key, message in complaints(name, keys):
        assert key is None or key in keys
        assert message
