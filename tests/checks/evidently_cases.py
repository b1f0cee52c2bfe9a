"""For every name that `evidently` knows: how a suite asks for it, and Evidently called directly."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from modelqa.testing import FakeModel, make_batch

BINARY = "Accuracy Precision Recall F1Score TPR TNR FPR FNR LogLoss RocAuc".split()
DUMMIES = ["DummyLogLoss", *(f"Dummy{name}" for name in BINARY if name != "LogLoss")]
BY_LABEL = ["F1ByLabel", "PrecisionByLabel", "RecallByLabel", "RocAucByLabel"]
NUMBERS = ["MAE", "MeanError", "MAPE", "RMSE", "R2Score", "AbsMaxError", "DummyMAE", "DummyMAPE", "DummyRMSE"]
RANKED = ["NDCG", "MRR", "MAP", "HitRate", "PrecisionTopK", "RecallTopK", "FBetaTopK"]
WHOLE = [
    *("RowCount", "DuplicatedRowCount", "DuplicatedColumnsCount", "AlmostConstantColumnsCount"),
    *("AlmostDuplicatedColumnsCount", "ConstantColumnsCount", "EmptyRowsCount", "EmptyColumnsCount"),
    *("ColumnCount", "DatasetMissingValueCount", "CorrelationMatrix"),
]


@dataclass(frozen=True)
class Case:
    """The keys of a check, those of Evidently where they differ, and the subject both are about."""

    keys: dict[str, Any] = field(default_factory=dict)
    own: dict[str, Any] | None = None
    about: str = "table"

    @property
    def arguments(self) -> dict[str, Any]:
        return self.keys if self.own is None else self.own


def _frame(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = make_batch(160, seed=seed).drop(columns="id")
    frame["count"] = rng.integers(0, 5, len(frame))
    frame["flag"] = rng.random(len(frame)) < 0.4 + 0.1 * seed
    words = [f"{word}{seed if n % 3 == 0 else ''}" for n, word in enumerate("abcdefghijklmnopqrstuvwxyz" * 2)]
    frame["words"] = [" ".join(rng.choice(words, 5)) + " again" for _ in range(len(frame))]
    frame.loc[::9, "amount"] = np.nan
    return frame


def _ranking(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    items = np.concatenate([rng.choice(30, 8, replace=False) for _ in range(20)])
    return pd.DataFrame(
        {
            "user": np.repeat(np.arange(20), 8),
            "item": items,
            "clicked": rng.integers(0, 2, 160),
            "score": rng.random(160),
            "genre": items % 4 * 1.0,
            "price": items * 7 % 13 * 1.0,
        }
    )


TABLES = {"table": (_frame(0), _frame(1)), "ranking": (_ranking(0), _ranking(1))}
TABLES["binary"] = TABLES["table"]
TABLES["regression"] = (make_batch(120, task="regression"), make_batch(120, task="regression", seed=1))
TABLES["classes"] = (make_batch(120, task="multiclass"), make_batch(120, task="multiclass", seed=1))
MODELS = {"regression": FakeModel("regression"), "classes": FakeModel("multiclass")}
WHICH = {"user_id": "user", "item_id": "item", "target": "clicked", "prediction": "score"}
FEATURES = ["genre", "price"]


def _ranked(**more: Any) -> Case:
    return Case({"ranking": WHICH, "k": 3, **more}, {"k": 3, **more}, "ranking")


TESTS = {
    **dict.fromkeys(["psi", "jensenshannon", "kl_div", "hellinger"], ("signal", "region")),
    **dict.fromkeys(["wasserstein", "ed", "ks", "mannw", "t_test", "cramer_von_mises"], ("signal", "count")),
    **dict.fromkeys(["anderson", "es", "empirical_mmd"], ("signal",)),
    **dict.fromkeys(["chisquare", "g_test", "z"], ("flag",)),
    **dict.fromkeys(["fisher_exact", "TVD"], ("flag",)),
    **dict.fromkeys(["abs_text_content_drift", "perc_text_content_drift"], ("words",)),
}
EMBEDDINGS = {
    "embedding:ratio": {"component_stattest": "psi", "component_stattest_threshold": 0.2},
    "embedding:distance": {"dist": "cosine"},
    "embedding:model": {},
    "embedding:mmd": {"pca_components": 2},
}
METRICS: dict[str, Case] = {
    **{f"{name}Value": Case({"column": "signal"}) for name in ("Max", "Mean", "Median", "Min", "Std", "Sum")},
    "QuantileValue": Case({"column": "signal", "quantile": 0.9}),
    "MissingValueCount": Case({"column": "amount"}),
    "CategoryCount": Case({"column": "region", "category": "EU"}),
    "InListValueCount": Case({"column": "region", "values": ["EU", "US"]}),
    "OutListValueCount": Case({"column": "region", "values": ["EU", "US"]}),
    "InRangeValueCount": Case({"column": "signal", "left": -1, "right": 1}),
    "OutRangeValueCount": Case({"column": "signal", "left": -1, "right": 1}),
    "UniqueValueCount": Case({"column": "region"}),
    **{name: Case() for name in WHOLE},
    "ColumnCorrelationMatrix": Case(
        {"column": "signal", "kind": "spearman"}, {"column_name": "signal", "kind": "spearman"}
    ),
    "ValueDrift": Case({"column": "region", "method": "jensenshannon"}),
    "DriftedColumnsCount": Case({"columns": ["signal", "region"], "num_method": "psi"}),
    **{name: Case(about="binary") for name in (*BINARY, *DUMMIES, *BY_LABEL)},
    **{name: Case(about="regression") for name in NUMBERS},
    **{name: _ranked() for name in (*RANKED, "ScoreDistribution", "Personalization", "Novelty")},
    "Diversity": _ranked(item_features=FEATURES),
    "Serendipity": _ranked(item_features=FEATURES),
    "PopularityBiasMetric": Case(
        {"ranking": WHICH, "k": 3, "value": "gini"}, {"k": 3, "metric": "gini"}, "ranking"
    ),
}
PRESETS: dict[str, Case] = {
    "DataDriftPreset": Case({"num_method": "wasserstein", "cat_method": "psi"}),
    "DataSummaryPreset": Case({"columns": ["signal", "region", "count"]}),
    "TextEvals": Case({"columns": ["region"]}),
    "DatasetStats": Case(),
    "DatasetCorrelations": Case(),
    "ValueStats": Case({"column": "amount"}),
    "ColumnCorrelations": Case({"column": "signal"}, {"column_name": "signal"}),
    "RowTestSummary": Case({"columns": ["signal"]}),
    **{name: Case(about="binary") for name in ("ClassificationPreset", "ClassificationQuality")},
    "ClassificationQualityByLabel": Case(about="classes"),
    "ClassificationDummyQuality": Case(about="classes"),
    **{f"Regression{name}": Case(about="regression") for name in ("Preset", "Quality", "DummyQuality")},
    "RecsysPreset": _ranked(item_features=FEATURES),
}


def installed() -> SimpleNamespace:
    """Evidently itself, imported as its users do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import evidently
        import evidently.metrics
        import evidently.presets
        from evidently.core.container import MetricContainer
        from evidently.core.metric_types import Metric
        from evidently.legacy.calculations import stattests
        from evidently.legacy.core import ColumnType
        from evidently.legacy.metrics.data_drift import embedding_drift_methods
    return SimpleNamespace(
        core=evidently,
        metrics=evidently.metrics,
        presets=evidently.presets,
        base=(Metric, MetricContainer),
        tests=stattests,
        types=ColumnType,
        embeddings=embedding_drift_methods,
    )


def quietly(call: Callable[[], Any]) -> Any:
    """What a call gives, whatever it warns of, with NumPy's global state as it was."""
    state = np.random.get_state()  # noqa: NPY002
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call()
    finally:
        np.random.set_state(state)  # noqa: NPY002


def score(evidently: SimpleNamespace, name: str, before: pd.Series, after: pd.Series, kind: str) -> float:
    """A statistical test called directly on two series."""
    of = evidently.types(kind)

    def call() -> Any:
        return evidently.tests.get_stattest(before, after, of, name)(before, after, of, None).drift_score

    return float(quietly(call))


def reported(evidently: SimpleNamespace, name: str, case: Case) -> list[float]:
    """The numbers of a report with one metric or preset in it, as Evidently's users write it."""
    group = evidently.presets if hasattr(evidently.presets, name) else evidently.metrics
    current, before = (frame.copy() for frame in TABLES[case.about])
    more: dict[str, Any] = {}
    if case.about == "ranking":
        task = {"ranking": [evidently.core.Recsys(**WHICH)]}
        data = [_dataset(evidently, frame, **task) for frame in (current, before)]
        current, before, more = data[0], None, {"current_train_data": data[1]}
    elif case.about == "table":
        current, before = (_dataset(evidently, frame) for frame in (current, before))
    else:
        current, before = _predicted(evidently, current, case.about), None
    report = evidently.core.Report([getattr(group, name)(**case.arguments)])
    results = quietly(lambda: report.run(current, before, additional_data=more).metric_results)
    found = [number for result in results.values() for number in _flat(result, case.arguments.get("k", 1))]
    return [float(number) for number in found]


def _dataset(evidently: SimpleNamespace, frame: pd.DataFrame, **task: Any) -> Any:
    numbers = [name for name in frame.columns if frame[name].dtype.kind in "if"]
    definition = evidently.core.DataDefinition(
        numerical_columns=numbers,
        categorical_columns=[name for name in frame.columns if name not in numbers],
        **task,
    )
    return evidently.core.Dataset.from_pandas(frame, data_definition=definition)


def _predicted(evidently: SimpleNamespace, frame: pd.DataFrame, about: str) -> Any:
    core, model = evidently.core, MODELS.get(about, FakeModel())
    said = frame[["label"]].assign(said=model.predict(frame[["signal"]]))
    if about == "regression":
        task: dict[str, Any] = {"regression": [core.Regression(target="label", prediction="said")]}
    elif about == "classes":
        names = ["0", "1", "2"]
        said = said.astype(str)
        said[names] = model.predict_proba(frame[["signal"]])
        made = core.MulticlassClassification(
            target="label", prediction_labels="said", prediction_probas=names
        )
        task = {"classification": [made]}
    else:
        said["share"] = model.predict_proba(frame[["signal"]])[:, 1]
        made = core.BinaryClassification(target="label", prediction_labels="said", prediction_probas="share")
        task = {"classification": [made]}
    return core.Dataset.from_pandas(said, data_definition=core.DataDefinition(**task))


def _flat(result: Any, k: int) -> list[Any]:
    """The numbers of a result that a suite judges by default."""
    kind, value = type(result).__name__, result.to_simple_dict()
    if kind == "DataframeValue":
        frame = result.value
        if list(frame.columns) == ["rank", "value"]:
            return [frame["value"].iloc[k - 1]]
        if "column_name" in frame:
            return frame["value"].tolist()
        if len(frame) and set(frame.index) == set(frame.columns):
            return [frame.iloc[a, b] for a in range(len(frame)) for b in range(a + 1, len(frame))]
        return []
    if kind == "SingleValue":
        return [value]
    for first in ("count", "mean"):
        if kind in ("CountValue", "MeanStdValue") and first in value:
            return [value[first]]
    return list(value["counts"].values() if kind == "ByLabelCountValue" else value.values())
