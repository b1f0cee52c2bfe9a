"""What Great Expectations 1.x knows, as a table: a suite is read against it without that library.

A row is an expectation's name without ``expect_`` and its arguments as ``name:kind``; ``!`` marks what
must be written, ``where`` an expectation that can be asked of some rows only, ``sql`` one that great
expectations cannot evaluate on a frame. The kinds are explained in `expectation_arguments`. A test
holds the table against the installed library.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from difflib import get_close_matches
from typing import Any

_STRICT = "strict_min:flag strict_max:flag"
_LIMITS = f"min_value:limit max_value:limit {_STRICT}"
_NUMBERS = f"min_value:number max_value:number {_STRICT}"
_WHOLE = f"min_value:whole max_value:whole {_STRICT}"
_AGGREGATE = "column:column! where"
_VALUES = "column:column! mostly:share where"
_PAIR = (
    "column_A:column! column_B:column! mostly:share where "
    "ignore_row_if:both_values_are_missing|either_value_is_missing|neither"
)
_MANY = (
    "column_list:columns! mostly:share where ignore_row_if:all_values_are_missing|any_value_is_missing|never"
)
_MATCH_ON = "match_on:any|all"

_TABLE = {
    "column_distinct_values_to_be_in_set": f"{_AGGREGATE} value_set:list!",
    "column_distinct_values_to_contain_set": f"{_AGGREGATE} value_set:list!",
    "column_distinct_values_to_equal_set": f"{_AGGREGATE} value_set:list!",
    "column_kl_divergence_to_be_less_than": (
        f"{_AGGREGATE} partition_object:mapping! threshold:positive! internal_weight_holdout:share "
        "tail_weight_holdout:share bucketize_data:flag min_value:limit max_value:limit"
    ),
    "column_max_to_be_between": f"{_AGGREGATE} {_LIMITS}",
    "column_mean_to_be_between": f"{_AGGREGATE} {_LIMITS}",
    "column_median_to_be_between": f"{_AGGREGATE} {_LIMITS}",
    "column_min_to_be_between": f"{_AGGREGATE} {_LIMITS}",
    "column_most_common_value_to_be_in_set": f"{_AGGREGATE} value_set:list! ties_okay:flag",
    "column_pair_values_a_to_be_greater_than_b": f"{_PAIR} or_equal:flag",
    "column_pair_values_to_be_equal": _PAIR,
    "column_pair_values_to_be_in_set": f"{_PAIR} value_pairs_set:pairs!",
    "column_proportion_of_non_null_values_to_be_between": f"{_AGGREGATE} {_NUMBERS}",
    "column_proportion_of_unique_values_to_be_between": f"{_AGGREGATE} {_NUMBERS}",
    "column_quantile_values_to_be_between": (
        f"{_AGGREGATE} quantile_ranges:quantiles! allow_relative_error:relative"
    ),
    "column_stdev_to_be_between": f"{_AGGREGATE} {_NUMBERS}",
    "column_sum_to_be_between": f"{_AGGREGATE} {_LIMITS}",
    "column_to_exist": "column:label! column_index:whole",
    "column_type_to_be": "column:column! type_:text!",
    "column_unique_value_count_to_be_between": f"{_AGGREGATE} {_WHOLE}",
    "column_value_lengths_to_be_between": f"{_VALUES} {_WHOLE}",
    "column_value_lengths_to_equal": f"{_VALUES} value:number!",
    "column_value_z_scores_to_be_less_than": f"{_VALUES} threshold:number! double_sided:flag!",
    "column_values_to_be_between": f"{_VALUES} {_LIMITS}",
    "column_values_to_be_dateutil_parseable": _VALUES,
    "column_values_to_be_decreasing": f"{_VALUES} strictly:flag",
    "column_values_to_be_in_set": f"{_VALUES} value_set:list!",
    "column_values_to_be_in_type_list": f"{_VALUES} type_list:texts!",
    "column_values_to_be_increasing": f"{_VALUES} strictly:flag",
    "column_values_to_be_json_parseable": _VALUES,
    "column_values_to_be_null": _VALUES,
    "column_values_to_be_of_type": f"{_VALUES} type_:text!",
    "column_values_to_be_unique": _VALUES,
    "column_values_to_match_json_schema": f"{_VALUES} json_schema:mapping!",
    "column_values_to_match_like_pattern": f"{_VALUES} like_pattern:text! escape:text sql",
    "column_values_to_match_like_pattern_list": (
        f"{_VALUES} like_pattern_list:texts! {_MATCH_ON} escape:text sql"
    ),
    "column_values_to_match_regex": f"{_VALUES} regex:regex!",
    "column_values_to_match_regex_list": f"{_VALUES} regex_list:regexes! {_MATCH_ON}",
    "column_values_to_match_strftime_format": f"{_VALUES} strftime_format:format!",
    "column_values_to_not_be_in_set": f"{_VALUES} value_set:list!",
    "column_values_to_not_be_null": _VALUES,
    "column_values_to_not_be_outliers": f"{_VALUES} method:iqr|std multiplier:positive",
    "column_values_to_not_match_like_pattern": f"{_VALUES} like_pattern:text! escape:text sql",
    "column_values_to_not_match_like_pattern_list": (f"{_VALUES} like_pattern_list:texts! escape:text sql"),
    "column_values_to_not_match_regex": f"{_VALUES} regex:regex!",
    "column_values_to_not_match_regex_list": f"{_VALUES} regex_list:regexes!",
    "compound_columns_to_be_unique": _MANY,
    "multicolumn_sum_to_equal": f"{_MANY} sum_total:number!",
    "multicolumn_values_to_be_equal": _MANY,
    "query_results_to_match_comparison": (
        "base_query:text! comparison_data_source_name:text! comparison_query:text! mostly:share sql"
    ),
    "select_column_values_to_be_unique_within_record": _MANY,
    "table_column_count_to_be_between": "min_value:limit max_value:limit",
    "table_column_count_to_equal": "value:whole!",
    "table_columns_to_match_ordered_list": "column_list:texts!",
    "table_columns_to_match_set": "column_set:texts! exact_match:flag",
    "table_row_count_to_be_between": f"where {_WHOLE}",
    "table_row_count_to_equal": "where value:whole!",
    "table_row_count_to_equal_other_table": "where other_table_name:text! sql",
    "unexpected_rows_expectation": "unexpected_rows_query:text! sql",
}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: what its values are, and whether it must be written."""

    kind: str
    required: bool


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation: its name without ``expect_``, and what it takes."""

    name: str
    arguments: Mapping[str, Argument]
    _: KW_ONLY
    where: bool
    sql: bool

    @property
    def registered(self) -> str:
        """The name under which the library knows it."""
        return self.name if self.name.startswith("unexpected_") else f"expect_{self.name}"

    def columns(self, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """The columns that must be there for these arguments, each once.

        >>> EXPECTATIONS["column_pair_values_to_be_equal"].columns({"column_A": "a", "column_B": "b"})
        ('a', 'b')
        """
        return tuple(dict.fromkeys(self._columns(arguments)))

    def _columns(self, arguments: Mapping[str, Any]) -> Iterator[str]:
        for name, value in arguments.items():
            kind = self.arguments[name].kind
            if kind in ("column", "columns"):
                yield from [value] if kind == "column" else value


def _read(name: str, row: str) -> Expectation:
    words = row.split()
    pairs = [word.split(":") for word in words if ":" in word]
    arguments = {key: Argument(kind.removesuffix("!"), kind.endswith("!")) for key, kind in pairs}
    return Expectation(name, arguments, where="where" in words, sql="sql" in words)


EXPECTATIONS: Mapping[str, Expectation] = {name: _read(name, row) for name, row in _TABLE.items()}
"""Every expectation of the library, by its name without ``expect_``."""

NAMES = [name for one in EXPECTATIONS.values() if not one.sql for name in (one.name, one.registered)]
"""What a suite may write: those that run on a frame, without ``expect_`` and with it."""


def find(name: str) -> Expectation:
    """The expectation of that name, with or without ``expect_``. Raises ``KeyError`` with what was meant.

    >>> find("expect_column_to_exist").name
    'column_to_exist'
    >>> find("ExpectColumnToExists")
    Traceback (most recent call last):
    KeyError: "unknown expectation 'ExpectColumnToExists' (did you mean 'column_to_exist'?)"
    """
    bare = name.removeprefix("expect_")
    if bare in EXPECTATIONS:
        return EXPECTATIONS[bare]
    snake = re.sub(r"(?<=.)(?=[A-Z])", "_", name[:100]).lower().removeprefix("expect_")
    close = get_close_matches(snake, EXPECTATIONS, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else "; names are those of Great Expectations 1.x"
    raise KeyError(f"unknown expectation {name[:100]!r}{hint}")
