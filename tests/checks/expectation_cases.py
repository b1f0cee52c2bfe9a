"""A frame, and for every expectation that runs on one, arguments that it meets and that it does not."""

from typing import Any

import numpy as np
import pandas as pd

Case = tuple[str, dict[str, Any], dict[str, Any]]


def frame() -> pd.DataFrame:
    """Twelve rows of every type, nulls among them, with an index that repeats itself."""
    made = pd.DataFrame(
        {
            "n": np.arange(12),
            "half": np.arange(12) / 2,
            "twin": np.arange(12),
            "gaps": [1.0, None, 2.0, 3.0, None, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 100.0],
            "same": [7] * 12,
            "city": ["EU", "US", None, "EU", "US", "APAC"] * 2,
            "kind": pd.Categorical(["a", "b", "a"] * 4),
            "flag": [True, False] * 6,
            "day": pd.date_range("2026-01-01", periods=12),
            "zoned": pd.date_range("2026-01-01", periods=12, tz="UTC"),
            "told": ["2026-01-31", "2026-02-01"] * 6,
            "json": ['{"a": 1}', '{"a": 2}'] * 6,
            "free": ["", "x y", "(", "12"] * 3,
            "empty": [None] * 12,
            "void": [np.nan] * 12,
            "other": np.arange(12) + 1,
        }
    )
    return made.set_index(np.array([0, 1, 1, 5] * 3))


def _n(**arguments: Any) -> dict[str, Any]:
    return {"column": "n", **arguments}


def _city(**arguments: Any) -> dict[str, Any]:
    return {"column": "city", **arguments}


_AB = {"column_A": "other", "column_B": "n"}
_SCHEMA = {"type": "object", "properties": {"a": {"maximum": 2}}}
_STRICT = {"type": "object", "properties": {"a": {"maximum": 1}}}
_SHARES = {"values": ["EU", "US", "APAC"], "weights": [0.4, 0.4, 0.2]}
_OTHERS = {"values": ["EU", "US", "APAC"], "weights": [0.01, 0.01, 0.98]}
_COLUMNS = list(frame().columns)

CASES: list[Case] = [
    (
        "column_distinct_values_to_be_in_set",
        _city(value_set=["EU", "US", "APAC", "LA"]),
        _city(value_set=["EU"]),
    ),
    ("column_distinct_values_to_contain_set", _city(value_set=["EU"]), _city(value_set=["EU", "LA"])),
    (
        "column_distinct_values_to_equal_set",
        _city(value_set=["EU", "US", "APAC"]),
        _city(value_set=["EU", "US"]),
    ),
    (
        "column_kl_divergence_to_be_less_than",
        _city(partition_object=_SHARES, threshold=0.1),
        _city(partition_object=_OTHERS, threshold=0.1),
    ),
    ("column_max_to_be_between", _n(max_value=11), _n(max_value=11, strict_max=True)),
    ("column_mean_to_be_between", _n(min_value=5.5, max_value=5.5), _n(min_value=6)),
    ("column_median_to_be_between", _n(max_value=6), _n(max_value=5)),
    ("column_min_to_be_between", _n(min_value=0), _n(min_value=0, strict_min=True)),
    ("column_most_common_value_to_be_in_set", _n(value_set=[0], ties_okay=True), _n(value_set=[0])),
    (
        "column_pair_values_a_to_be_greater_than_b",
        _AB,
        {"column_A": "n", "column_B": "other", "or_equal": True},
    ),
    ("column_pair_values_to_be_equal", {"column_A": "n", "column_B": "n"}, _AB),
    (
        "column_pair_values_to_be_in_set",
        {"column_A": "same", "column_B": "flag", "value_pairs_set": [[7, True], [7, False]]},
        {"column_A": "same", "column_B": "flag", "value_pairs_set": [[7, True]]},
    ),
    (
        "column_proportion_of_non_null_values_to_be_between",
        {"column": "gaps", "min_value": 0.8},
        {"column": "gaps", "min_value": 0.9},
    ),
    ("column_proportion_of_unique_values_to_be_between", _n(min_value=1), _city(min_value=0.9)),
    (
        "column_quantile_values_to_be_between",
        _n(quantile_ranges={"quantiles": [0.1, 0.5], "value_ranges": [[None, 2], [4, 7]]}),
        _n(quantile_ranges={"quantiles": [0.5], "value_ranges": [[7, 9]]}, allow_relative_error="linear"),
    ),
    ("column_stdev_to_be_between", _n(max_value=4), _n(max_value=3)),
    ("column_sum_to_be_between", _n(min_value=66, max_value=66), _n(min_value=67)),
    ("column_to_exist", {"column": "n"}, {"column": "m"}),
    ("column_type_to_be", _n(type_="int64"), _n(type_="float64")),
    ("column_unique_value_count_to_be_between", _city(max_value=3), _city(max_value=2)),
    ("column_value_lengths_to_be_between", _city(min_value=2, max_value=4), _city(max_value=3)),
    ("column_value_lengths_to_equal", {"column": "told", "value": 10}, _city(value=2, mostly=0.9)),
    (
        "column_value_z_scores_to_be_less_than",
        _n(threshold=2, double_sided=True),
        _n(threshold=1, double_sided=True),
    ),
    ("column_values_to_be_between", {"column": "gaps", "max_value": 10, "mostly": 0.9}, _n(min_value=1)),
    ("column_values_to_be_dateutil_parseable", {"column": "told"}, {"column": "free"}),
    ("column_values_to_be_decreasing", {"column": "same"}, _n()),
    ("column_values_to_be_in_set", _city(value_set=["EU", "US", "APAC"]), _city(value_set=["EU", "US"])),
    ("column_values_to_be_in_type_list", _n(type_list=["int64", "int32"]), _n(type_list=["float64"])),
    ("column_values_to_be_increasing", _n(strictly=True), {"column": "same", "strictly": True}),
    ("column_values_to_be_json_parseable", {"column": "json"}, {"column": "free"}),
    ("column_values_to_be_null", {"column": "empty"}, {"column": "gaps", "mostly": 0.5}),
    ("column_values_to_be_of_type", _n(type_="int64"), _n(type_="str")),
    ("column_values_to_be_unique", _n(), _city()),
    (
        "column_values_to_match_json_schema",
        {"column": "json", "json_schema": _SCHEMA},
        {"column": "json", "json_schema": _STRICT},
    ),
    ("column_values_to_match_regex", _city(regex="^[A-Z]+$"), _city(regex="^E")),
    (
        "column_values_to_match_regex_list",
        _city(regex_list=["^E", "^U", "C$"]),
        _city(regex_list=["^E", "^U"], match_on="all"),
    ),
    (
        "column_values_to_match_strftime_format",
        {"column": "told", "strftime_format": "%Y-%m-%d"},
        {"column": "told", "strftime_format": "%d.%m.%Y"},
    ),
    ("column_values_to_not_be_in_set", _city(value_set=["LA"]), _city(value_set=["EU"], mostly=0.75)),
    ("column_values_to_not_be_null", {"column": "gaps", "mostly": 0.8}, {"column": "gaps"}),
    ("column_values_to_not_be_outliers", _n(), {"column": "gaps", "method": "iqr", "multiplier": 2}),
    ("column_values_to_not_match_regex", _city(regex="^L"), _city(regex="^E")),
    ("column_values_to_not_match_regex_list", _city(regex_list=["^L", "^M"]), _city(regex_list=["^L", "^E"])),
    (
        "compound_columns_to_be_unique",
        {"column_list": ["city", "n"]},
        {"column_list": ["city", "flag"], "mostly": 0.5},
    ),
    (
        "multicolumn_sum_to_equal",
        {"column_list": ["same", "n"], "sum_total": 12.0, "mostly": 0.05},
        {"column_list": ["n", "same"], "sum_total": 14},
    ),
    ("multicolumn_values_to_be_equal", {"column_list": ["n", "twin"]}, {"column_list": ["n", "other"]}),
    (
        "select_column_values_to_be_unique_within_record",
        {"column_list": ["n", "other"]},
        {"column_list": ["n", "same"], "ignore_row_if": "never"},
    ),
    ("table_column_count_to_be_between", {"min_value": 16, "max_value": 16}, {"min_value": 17}),
    ("table_column_count_to_equal", {"value": 16}, {"value": 15}),
    ("table_columns_to_match_ordered_list", {"column_list": _COLUMNS}, {"column_list": _COLUMNS[::-1]}),
    (
        "table_columns_to_match_set",
        {"column_set": ["n", "city"], "exact_match": False},
        {"column_set": ["n", "city"]},
    ),
    ("table_row_count_to_be_between", {"min_value": 12, "max_value": 12}, {"max_value": 11}),
    ("table_row_count_to_equal", {"value": 12}, {"value": 13}),
]

EDGES: list[tuple[str, dict[str, Any]]] = [
    ("column_values_to_be_between", {"column": "empty", "min_value": 1}),
    ("column_values_to_be_between", {"column": "empty", "min_value": 1, "mostly": 0.5}),
    ("column_values_to_be_unique", {"column": "empty"}),
    ("column_values_to_not_be_null", {"column": "empty"}),
    ("column_mean_to_be_between", {"column": "empty", "min_value": 1}),
    ("column_unique_value_count_to_be_between", {"column": "empty", "min_value": 1}),
    ("column_distinct_values_to_be_in_set", {"column": "kind", "value_set": ["a"]}),
    ("column_distinct_values_to_be_in_set", {"column": "kind", "value_set": ["a", "b"]}),
    ("column_values_to_be_in_set", {"column": "kind", "value_set": ["a"], "mostly": 0.66}),
    ("column_values_to_be_in_set", {"column": "kind", "value_set": ["a"], "mostly": 0.67}),
    ("column_values_to_be_in_set", {"column": "flag", "value_set": [True]}),
    ("column_values_to_be_of_type", {"column": "city", "type_": "str"}),
    ("column_values_to_be_of_type", {"column": "json", "type_": "str", "mostly": 0.9}),
    ("column_values_to_be_in_type_list", {"column": "empty", "type_list": ["object"]}),
    ("column_mean_to_be_between", {"column": "flag", "min_value": 0.5}),
    ("column_to_exist", {"column": "half", "column_index": 1}),
    ("column_to_exist", {"column": "half", "column_index": 2}),
    ("column_pair_values_to_be_equal", {"column_A": "gaps", "column_B": "empty"}),
    (
        "column_pair_values_to_be_equal",
        {"column_A": "gaps", "column_B": "empty", "ignore_row_if": "either_value_is_missing"},
    ),
    ("compound_columns_to_be_unique", {"column_list": ["empty", "void"]}),
    ("column_values_to_be_between", {"column": "gaps", "min_value": 1, "mostly": 0}),
]
"""Where verdicts come apart easily: nothing but nulls, categories, truth values, shares at their limit."""
