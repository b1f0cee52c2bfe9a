"""The pictures of the dashboard: what they ask Prometheus, and how they show it."""

from dataclasses import KW_ONLY, dataclass, field
from typing import Any

WIDE = 24
"""Columns of a dashboard's grid."""
Json = dict[str, Any]

_RUN = 'suite=~"$suite",model=~"$model",alias=~"$alias"'
_CHECK = f'{_RUN},check=~"$check"'
_VERDICTS = {
    0: ("skipped", "text"),
    1: ("passed", "green"),
    2: ("warned", "yellow"),
    3: ("inconclusive", "blue"),
    4: ("errored", "purple"),
    5: ("failed", "red"),
}


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture: its queries (PromQL and legend), and what the kind of picture needs."""

    title: str
    kind: str
    queries: tuple[tuple[str, str], ...]
    _: KW_ONLY
    about: str
    unit: str = "none"
    width: int = WIDE // 2
    height: int = 8
    now: bool = False
    repeat: str = ""
    options: Json = field(default_factory=dict)
    custom: Json = field(default_factory=dict)
    mappings: tuple[Json, ...] = ()
    overrides: tuple[Json, ...] = ()


def _line(**more: Any) -> Json:
    return {"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "auto", **more}


def _only(name: str, **properties: Any) -> Json:
    """What holds for one series, by its legend."""
    return {
        "matcher": {"id": "byRegexp", "options": name},
        "properties": [{"id": key.replace("__", "."), "value": value} for key, value in properties.items()],
    }


def _coloured(name: str, colour: str, **more: Any) -> Json:
    return _only(name, color={"mode": "fixed", "fixedColor": colour}, **more)


_LEGEND: Json = {
    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
    "tooltip": {"mode": "multi", "sort": "desc"},
}
_STAT: Json = {
    "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    "colorMode": "value",
    "graphMode": "none",
    "justifyMode": "auto",
    "orientation": "auto",
    "textMode": "value_and_name",
    "wideLayout": True,
    "showPercentChange": False,
    "percentChangeColorMode": "standard",
}


def _stat(**more: Any) -> Json:
    return {**_STAT, **more}


def _code() -> str:
    """The verdict of each check as a number: the most severe one first, of several models and aliases."""
    severe = sorted((code for code in _VERDICTS if code > 1), reverse=True)
    dark = [
        f'{code} * max by (check) (modelqa_check_verdict{{{_CHECK},verdict="{_VERDICTS[code][0]}"}})'
        for code in severe
    ]
    passed = f"max by (check) (modelqa_check_passed{{{_CHECK}}} == 1)"
    skipped = f'0 * max by (check) (modelqa_check_verdict{{{_CHECK},verdict="skipped"}})'
    return " or ".join((*dark, passed, skipped))


PANELS = (
    Panel(
        "Checks by verdict, last run",
        "stat",
        ((f"sum by (verdict) (modelqa_checks{{{_RUN}}})", "{{verdict}}"),),
        about="How the checks of the last run ended.",
        width=12,
        height=4,
        now=True,
        options=_stat(),
        overrides=tuple(_coloured(word, colour) for word, colour in _VERDICTS.values()),
    ),
    Panel(
        "Time since",
        "stat",
        (
            (f"time() - max(modelqa_last_run_timestamp_seconds{{{_RUN}}})", "last run"),
            (f"time() - max(modelqa_last_success_timestamp_seconds{{{_RUN}}})", "last green run"),
        ),
        about="How long ago the suite ran, and how long ago all of its checks passed or warned.",
        unit="s",
        width=6,
        height=4,
        now=True,
        options=_stat(),
    ),
    Panel(
        "Model version",
        "stat",
        (
            (
                f"max by (model, alias, version) (modelqa_model_info{{{_RUN}}})",
                "{{model}} {{alias}} {{version}}",
            ),
        ),
        about="The version that was judged last.",
        width=6,
        height=4,
        now=True,
        options=_stat(textMode="name", colorMode="none"),
    ),
    Panel(
        "Verdicts over time",
        "state-timeline",
        ((_code(), "{{check}}"),),
        about="The verdict of each check.",
        width=WIDE,
        height=10,
        options={
            "showValue": "never",
            "rowHeight": 0.9,
            "mergeValues": True,
            "alignValue": "left",
            "legend": {**_LEGEND["legend"], "showLegend": True},
            "tooltip": {"mode": "single", "sort": "none"},
        },
        custom={"fillOpacity": 80, "lineWidth": 0},
        mappings=(
            {
                "type": "value",
                "options": {
                    str(code): {"text": word, "color": colour, "index": code}
                    for code, (word, colour) in _VERDICTS.items()
                },
            },
        ),
    ),
    Panel(
        "$check",
        "timeseries",
        (
            (f"max by (check) (modelqa_check_value{{{_CHECK}}})", "value"),
            (f"min by (check) (modelqa_check_value_low{{{_CHECK}}})", "low"),
            (f"max by (check) (modelqa_check_value_high{{{_CHECK}}})", "high"),
            (f"max by (check, limit) (modelqa_check_bound{{{_CHECK}}})", "{{limit}}"),
        ),
        about="The value that decides the check, its interval as a band, and its bound.",
        repeat="check",
        width=WIDE,
        options=_LEGEND,
        custom=_line(),
        overrides=(
            _coloured("^value$", "blue", custom__lineWidth=2),
            _coloured("^low$", "blue", custom__lineWidth=0),
            _coloured(
                "^high$", "blue", custom__lineWidth=0, custom__fillBelowTo="low", custom__fillOpacity=20
            ),
            _coloured("^(min|max)$", "red", custom__lineStyle={"fill": "dash", "dash": [10, 10]}),
            _coloured("^warn_", "yellow", custom__lineStyle={"fill": "dash", "dash": [10, 10]}),
        ),
    ),
    Panel(
        "Distance to the bound",
        "timeseries",
        ((f"min by (check) (modelqa_check_margin_ratio{{{_CHECK}}})", "{{check}}"),),
        about="In units of the bound: 0 is the bound, negative is beyond it.",
        unit="percentunit",
        options=_LEGEND,
        custom=_line(axisSoftMin=-0.1, axisSoftMax=0.1),
    ),
    Panel(
        "Drift by group of columns",
        "timeseries",
        ((f"max by (check) (modelqa_drifted_columns_ratio{{{_CHECK}}})", "{{check}}"),),
        about="The share of the columns of each drift check that are beyond a bound.",
        unit="percentunit",
        options=_LEGEND,
        custom=_line(fillOpacity=10),
    ),
    Panel(
        "Latency",
        "timeseries",
        (
            (
                f"max by (check, quantile) (modelqa_prediction_latency_seconds{{{_CHECK}}})",
                "{{check}} {{quantile}}",
            ),
        ),
        about="Quantiles of the time of one call.",
        unit="s",
        width=8,
        options=_LEGEND,
        custom=_line(axisSoftMin=0),
    ),
    Panel(
        "Errors",
        "timeseries",
        ((f"max by (check) (modelqa_prediction_error_ratio{{{_CHECK}}})", "{{check}}"),),
        about="The share of rows or calls without a usable prediction.",
        unit="percentunit",
        width=8,
        options=_LEGEND,
        custom=_line(axisSoftMin=0),
    ),
    Panel(
        "Open tickets",
        "timeseries",
        (
            (
                'max by (suite, model) (modelqa_tickets_open{suite=~"$suite",model=~"$model"})',
                "{{suite}} {{model}}",
            ),
        ),
        about="Tickets about the suite and model that nobody has closed.",
        width=8,
        options=_LEGEND,
        custom=_line(axisSoftMin=0),
    ),
)
