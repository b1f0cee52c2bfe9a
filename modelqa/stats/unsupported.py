"""Scorer names of scikit-learn's that modelqa refuses, and why."""

from collections.abc import Mapping
from types import MappingProxyType

_CLUSTERING = "it compares clusterings, where labels have no names; name a classification score"
_MULTILABEL = "it averages over the labels of a row, and here a row has one; use its _macro or _micro form"
UNSUPPORTED: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(
        (
            "adjusted_mutual_info_score",
            "adjusted_rand_score",
            "completeness_score",
            "fowlkes_mallows_score",
            "homogeneity_score",
            "mutual_info_score",
            "normalized_mutual_info_score",
            "rand_score",
            "v_measure_score",
        ),
        _CLUSTERING,
    )
    | dict.fromkeys((f"{name}_samples" for name in ("f1", "jaccard", "precision", "recall")), _MULTILABEL)
)
