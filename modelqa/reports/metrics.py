"""The metrics of runs: what there is, under which labels, and what it means.

Names and labels follow Prometheus' own rules (https://prometheus.io/docs/practices/naming/): base units,
versions on ``_info`` metrics only, and no column or slice is a label.
"""

from dataclasses import KW_ONLY, dataclass
from textwrap import fill, indent
from typing import Literal

MOST_SERIES = 200
RUN = ("suite", "model", "alias")
CHECK = ("suite", "check", "model", "alias")
LAST_SUCCESS = "modelqa_last_success_timestamp_seconds"


@dataclass(frozen=True, slots=True)
class Metric:
    """What a name means."""

    name: str
    labels: tuple[str, ...]
    help: str
    _: KW_ONLY
    kind: Literal["gauge", "summary"] = "gauge"


METRICS: tuple[Metric, ...] = (
    Metric("modelqa_check_passed", CHECK, "1 where a check passed or warned, 0 where not; none if skipped."),
    Metric(
        "modelqa_check_verdict",
        (*CHECK, "verdict"),
        "1 for the verdict of a check that has not passed: failed, errored, inconclusive, warned or skipped.",
    ),
    Metric(
        "modelqa_check_margin_ratio",
        CHECK,
        "Distance of the value that decides a check to its bound, in units of the bound (of the value, where "
        "the bound is 0): positive inside, negative beyond.",
    ),
    Metric(
        "modelqa_check_value",
        CHECK,
        "The value that decides a check, in that check's unit (seconds, bytes, 0 to 1, or a number).",
    ),
    Metric("modelqa_check_value_low", CHECK, "Low end of the interval; none where the value was counted."),
    Metric("modelqa_check_value_high", CHECK, "High end of the interval; none where the value was counted."),
    Metric(
        "modelqa_check_bound", (*CHECK, "limit"), "The bound of that value: min, max, warn_min or warn_max."
    ),
    Metric(
        "modelqa_prediction_latency_seconds",
        (*CHECK, "quantile"),
        "Time of one call as a latency check found it; the count is of calls, their sum is not kept (NaN).",
        kind="summary",
    ),
    Metric("modelqa_prediction_error_ratio", CHECK, "Share of rows or calls without a usable prediction."),
    Metric(
        "modelqa_drifted_columns_ratio",
        CHECK,
        "Share of the columns of a drift check that are beyond a bound (failed or warned).",
    ),
    Metric("modelqa_checks", (*RUN, "verdict"), "How many checks ended in each verdict."),
    Metric("modelqa_run_duration_seconds", RUN, "Time that the checks of the last run took, added up."),
    Metric("modelqa_last_run_timestamp_seconds", RUN, "When the last run began, in Unix time."),
    Metric(LAST_SUCCESS, RUN, "When the last run began in which all checks passed or warned, in Unix time."),
    Metric("modelqa_tickets_open", RUN, "Open tickets about the suite and model, where a ledger is kept."),
    Metric("modelqa_model_info", (*RUN, "version"), "1, with the version of the model that was judged."),
    Metric("modelqa_build_info", (*RUN, "version"), "1, with the version of modelqa that wrote the metrics."),
    Metric(
        "modelqa_series_left_out",
        RUN,
        f"Series of the last run beyond the {MOST_SERIES:,} that are written.",
    ),
)
"""THE table of metrics, in the order in which they are written."""


def manual() -> str:
    """Every metric with its type, labels and meaning, as text."""
    return "\n\n".join(
        f"{each.name} ({each.kind}) {{{', '.join(each.labels)}}}\n{indent(fill(each.help, 88), '  ')}"
        for each in METRICS
    )
