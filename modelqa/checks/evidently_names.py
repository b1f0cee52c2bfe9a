"""What `evidently` can be asked for, known without Evidently: names, what they need, what they take.

A test holds these tables against the library that is installed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal

from modelqa.core.check import Complaint, Needs

Family = Literal["test", "embedding", "metric", "preset"]
Takes = Literal["", "column", "column_name", "columns", "embeddings_name"]

DISTANCES = ("euclidean", "cosine", "cityblock", "chebyshev")
KINDS = ("numeric", "categorical", "text")
COUNTS, MOMENTS = ("count", "share"), ("mean", "std")
PLOTS = frozenset(
    {
        *("conf_matrix", "pr_curve", "pr_table", "roc_curve", "pred_actual_plot"),
        *("error_plot", "error_distr", "error_normality", "perc_error_plot"),
    }
)
"""Arguments of Evidently's that draw and do not count: always off."""


@dataclass(frozen=True, slots=True)
class Method:
    """One of Evidently's methods, metrics or presets.

    ``kinds`` are the columns that a statistical test measures; ``takes`` is the argument that names
    columns; ``values`` are the numbers that a result holds, the first one being judged by default;
    ``wants`` says in words what it raises without; ``unfit`` why it cannot be judged at all.
    """

    name: str
    family: Family
    _: KW_ONLY
    needs: Needs = Needs.BATCH
    kinds: tuple[str, ...] = ()
    p_value: bool = False
    takes: Takes = ""
    required: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    wants: str = ""
    unfit: str = ""

    @property
    def drift(self) -> bool:
        """Whether it holds the batch against the reference, as `drift` does."""
        return self.family in ("test", "embedding") or "Drift" in self.name

    @property
    def supervised(self) -> bool:
        """Whether it reads labels and predictions."""
        return Needs.LABELS in self.needs

    @property
    def ranks(self) -> bool:
        """Whether it judges recommendations, so that the suite has to say which columns hold them."""
        return "ranking" in self.required


_PAIR = Needs.BATCH | Needs.REFERENCE
_SUPERVISED = Needs.BATCH | Needs.LABELS | Needs.PREDICTIONS

_TESTS = (
    (("numeric", "categorical"), False, "psi jensenshannon kl_div hellinger"),
    (("numeric",), False, "wasserstein ed"),
    (("numeric",), True, "ks mannw t_test cramer_von_mises anderson es empirical_mmd"),
    (("categorical",), True, "chisquare g_test z fisher_exact TVD"),
    (("text",), False, "abs_text_content_drift perc_text_content_drift"),
)
_WANTS = {
    "fisher_exact": "two values, none missing, and as many rows in the batch as in the reference",
    "z": "two values",
}
_EMBEDDINGS = {
    "ratio": "component_stattest component_stattest_threshold pca_components",
    "distance": "dist pca_components",
    "model": "pca_components",
    "mmd": "pca_components",
}
_DRIFT_ARGUMENTS = (
    "drift_share method cat_method num_method text_method per_column_method threshold cat_threshold"
    " num_threshold text_threshold per_column_threshold"
)
_TOP = "min_rel_score no_feedback_users"

# names: what names columns, arguments (a star marks those that must be given), numbers of a result
_METRICS: tuple[tuple[str, Takes, str, tuple[str, ...]], ...] = (
    ("MaxValue MeanValue MedianValue MinValue StdValue SumValue", "column", "", ()),
    ("QuantileValue", "column", "quantile", ()),
    ("MissingValueCount", "column", "", COUNTS),
    ("CategoryCount", "column", "category categories", COUNTS),
    ("InListValueCount OutListValueCount", "column", "values*", COUNTS),
    ("InRangeValueCount OutRangeValueCount", "column", "left* right*", COUNTS),
    ("UniqueValueCount", "column", "replace_nan", COUNTS),
    ("RowCount DuplicatedRowCount DuplicatedColumnsCount AlmostConstantColumnsCount", "", "", ()),
    ("AlmostDuplicatedColumnsCount ConstantColumnsCount EmptyRowsCount EmptyColumnsCount", "", "", ()),
    ("ColumnCount", "", "column_type", ()),
    ("DatasetMissingValueCount", "", "", COUNTS),
    ("CorrelationMatrix", "", "kind", ()),
    ("ColumnCorrelationMatrix", "column_name", "kind", ()),
)
_DRIFT: tuple[tuple[str, Takes, str, tuple[str, ...]], ...] = (
    ("ValueDrift", "column", "method threshold nbinsx", ()),
    ("DriftedColumnsCount", "columns", _DRIFT_ARGUMENTS, COUNTS),
    ("EmbeddingsDrift", "embeddings_name", "", ()),
)
_QUALITY: tuple[tuple[str, Takes, str, tuple[str, ...]], ...] = (
    ("Accuracy Precision Recall F1Score TPR TNR FPR FNR LogLoss RocAuc", "", "probas_threshold k", ()),
    ("F1ByLabel PrecisionByLabel RecallByLabel RocAucByLabel", "", "probas_threshold k", ()),
    ("DummyAccuracy DummyPrecision DummyRecall DummyF1Score DummyTPR", "", "probas_threshold k", ()),
    ("DummyTNR DummyFPR DummyFNR DummyLogLoss DummyRocAuc", "", "probas_threshold k", ()),
    ("MAE MeanError", "", "", MOMENTS),
    ("MAPE", "", "zero_handling replace_value epsilon", MOMENTS),
    ("RMSE R2Score AbsMaxError DummyMAE DummyMAPE DummyRMSE", "", "", ()),
)
_RANKING: tuple[tuple[str, Takes, str, tuple[str, ...]], ...] = (
    ("NDCG MRR MAP HitRate PrecisionTopK RecallTopK", "", f"ranking* k* {_TOP}", ()),
    ("FBetaTopK", "", f"ranking* k* {_TOP} beta", ()),
    ("ScoreDistribution Personalization", "", "ranking* k*", ()),
    ("Diversity", "", "ranking* k* item_features*", ()),
)
_TRAINED: tuple[tuple[str, Takes, str, tuple[str, ...]], ...] = (
    ("Novelty", "", "ranking* k*", ()),
    ("Serendipity", "", "ranking* k* item_features*", ()),
    ("PopularityBiasMetric", "", "ranking* k* normalize_arp", ("arp", "coverage", "gini")),
)
_UNFIT = {
    "RecCasesTable": "is a table of cases and no number",
    "ItemBias": "is a histogram and no number; PopularityBiasMetric with `value: gini` is one",
    "UserBias": "is a histogram and no number",
    "GroupBy": "takes a metric object; name the metric here and the groups in `slices:`",
}
_ANY = (*COUNTS, *MOMENTS)
_RECOMMENDATIONS = f"ranking* k* {_TOP} beta normalize_arp item_features"
_PRESETS: tuple[tuple[str, Takes, str, Needs], ...] = (
    ("DataDriftPreset", "columns", _DRIFT_ARGUMENTS, _PAIR),
    ("DataSummaryPreset TextEvals", "columns", "", Needs.BATCH),
    ("DatasetStats DatasetCorrelations", "", "", Needs.BATCH),
    ("ValueStats", "column", "replace_nan", Needs.BATCH),
    ("ColumnCorrelations", "column_name", "", Needs.BATCH),
    ("RowTestSummary", "columns", "min_success_rate", Needs.BATCH),
    ("ClassificationPreset ClassificationQuality", "", "probas_threshold", _SUPERVISED),
    ("ClassificationQualityByLabel ClassificationDummyQuality", "", "probas_threshold k", _SUPERVISED),
    ("RegressionPreset RegressionQuality RegressionDummyQuality", "", "", _SUPERVISED),
    ("RecsysPreset", "", _RECOMMENDATIONS, _PAIR),
)


def _all() -> Iterator[Method]:
    for kinds, p_value, names in _TESTS:
        for name in names.split():
            wants = _WANTS.get(name, "")
            yield Method(name, "test", needs=_PAIR, kinds=kinds, p_value=p_value, wants=wants)
    for name, arguments in _EMBEDDINGS.items():
        yield Method(f"embedding:{name}", "embedding", needs=_PAIR, arguments=tuple(arguments.split()))
    rows = ((_METRICS, Needs.BATCH), (_DRIFT, _PAIR), (_QUALITY, _SUPERVISED), (_RANKING, Needs.BATCH))
    for table, needs in (*rows, (_TRAINED, _PAIR)):
        for names, takes, written, values in table:
            for name in names.split():
                made = Method(name, "metric", needs=needs, takes=takes, values=values)
                yield _taking(made, written)
    for names, takes, written, needs in _PRESETS:
        for name in names.split():
            yield _taking(Method(name, "preset", needs=needs, takes=takes, values=_ANY), written)
    for name, why in _UNFIT.items():
        yield Method(name, "metric", unfit=why)


def _taking(method: Method, written: str) -> Method:
    names = written.split()
    required = tuple(name.removesuffix("*") for name in names if name.endswith("*"))
    return replace(method, required=required, arguments=tuple(name.removesuffix("*") for name in names))


METHODS: Mapping[str, Method] = {method.name: method for method in _all()}
RANKING = ("user_id", "item_id", "target", "prediction", "recommendations_type")
CORRELATIONS = ("auto", "pearson", "spearman", "kendall", "cramer_v")
VALUES = tuple(dict.fromkeys(value for method in METHODS.values() for value in method.values))
"""Numbers of results that have several."""


def needs(name: Any, **_: Any) -> Needs:
    """What a method cannot do without; nothing is known of a name that does not exist.

    >>> needs("psi") == Needs.BATCH | Needs.REFERENCE, needs("RowCount") == Needs.BATCH
    (True, True)
    """
    return METHODS[name].needs if name in METHODS else Needs.BATCH


def complaints(name: str, keys: Mapping[str, Any]) -> Iterator[Complaint]:
    """What is wrong with a method and the keys written beside it, each with the key it is about.

    >>> list(complaints("PSI", {"column": "age"}))
    [(None, "unknown method 'PSI' (did you mean 'psi'?)")]
    >>> list(complaints("QuantileValue", {"column": "age", "quantil": 0.9}))
    [('quantil', "QuantileValue takes no 'quantil' (did you mean 'quantile'?)")]
    """
    method = METHODS.get(name)
    if method is None:
        yield None, f"unknown method {name!r}{_near(name, METHODS)}"
        return
    if method.unfit:
        yield None, f"{name} {method.unfit}"
        return
    written = {key: value for key, value in keys.items() if value is not None}
    yield from _about_columns(method, written)
    yield from _about_choices(method, written)
    yield from _about_arguments(method, written)


def _about_columns(method: Method, keys: Mapping[str, Any]) -> Iterator[Complaint]:
    name, columns = method.name, keys.get("columns")
    if "column" in keys and "columns" in keys:
        yield "column", "write `column:` or `columns:`, not both"
    if isinstance(columns, str) and columns != "all":
        yield "columns", f"expected a list of columns or all, found {columns!r}; one is `column: {columns}`"
    if isinstance(columns, list) and not columns:
        yield "columns", "expected at least one column"
    told = [key for key in ("column", "columns") if key in keys]
    if method.family == "embedding" or method.takes == "embeddings_name":
        if not isinstance(columns, list):
            yield told[0] if told else None, f"{name} needs `columns:`, the list that holds the embedding"
    elif method.family == "test" or method.takes in ("column", "column_name"):
        if not told:
            yield None, f"{name} needs `column:` or `columns:` (a list, or all)"
    elif told and not method.takes:
        yield told[0], f"{name} is measured on all columns: leave out {told[0]}"


def _about_choices(method: Method, keys: Mapping[str, Any]) -> Iterator[Complaint]:
    kinds = CORRELATIONS if "kind" in method.arguments else method.kinds or KINDS
    for key, known in (("kind", kinds), ("value", method.values), ("dist", DISTANCES)):
        if key in keys and keys[key] not in known:
            expected = f"expected {' or '.join(known)}" if known else f"{method.name} has one number only"
            yield key, f"{expected}, found {keys[key]!r}"
    if "only" in keys and method.family != "preset":
        yield "only", f"{method.name} is no preset: leave out only"
    for name in keys.get("only", ()):
        if name not in METHODS or METHODS[name].family != "metric":
            yield "only", f"unknown metric {name!r}{_near(name, METHODS)}"


def _about_arguments(method: Method, keys: Mapping[str, Any]) -> Iterator[Complaint]:
    name = method.name
    for key in method.required:
        if key not in keys:
            yield None, f"{name} needs the key {key!r}"
    for key in keys:
        if key not in (*method.arguments, "column", "columns", "kind", "value", "only", "rows"):
            yield key, f"{name} takes no {key!r}{_near(key, method.arguments)}"
    for key in ("method", "cat_method", "num_method", "text_method", "component_stattest"):
        chosen = keys.get(key)
        tests = [each for each, found in METHODS.items() if found.family == "test"]
        if key in method.arguments and chosen is not None and chosen not in tests:
            yield key, f"unknown method {chosen!r}{_near(str(chosen), tests)}"
    for key in keys.get("ranking", ()):
        if key not in RANKING:
            yield "ranking", f"unknown {key!r}{_near(key, RANKING)}"
    if keys.get("rows", 1) < 1:
        yield "rows", f"expected at least 1, found {keys['rows']}"


def _near(name: str, known: Iterable[str]) -> str:
    """A name that may have been meant, whatever its case; otherwise those that there are."""
    folded = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), folded, n=1) if len(name) <= 60 else []
    if close:
        return f" (did you mean {folded[close[0]]!r}?)"
    shown = ", ".join([*list(folded.values())[:20], *(["..."] if len(folded) > 20 else [])])
    return f"; expected one of {shown}" if folded else ""
