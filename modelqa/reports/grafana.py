"""A dashboard for Grafana over the metrics of runs, as JSON, and the file that provisions it.

The JSON is of the classic schema, which Grafana 12 reads and 13 migrates when it loads it. Queries ask the
data source that the dashboard's own variable names, so that the file fits any Grafana.
"""

import json
from collections.abc import Iterator
from typing import Any

from modelqa.reports.grafana_panels import PANELS, WIDE, Panel

UID = "modelqa"
DASHBOARD, PROVIDER = "dashboards/modelqa.json", "provisioning/dashboards/modelqa.yaml"
SCHEMA = 41
"""The version of the classic schema that Grafana 12.0 writes; later ones migrate it."""
Json = dict[str, Any]


def files() -> dict[str, str]:
    """The dashboard and its provider, in folders as Grafana has them.

    >>> list(files())
    ['dashboards/modelqa.json', 'provisioning/dashboards/modelqa.yaml']
    """
    return {DASHBOARD: json.dumps(dashboard(), indent=1) + "\n", PROVIDER: _PROVIDER}


_PROVIDER = """\
# Beside the other providers in /etc/grafana/provisioning/dashboards; the JSON lies where `path` says.
apiVersion: 1
providers:
  - name: modelqa
    folder: modelqa
    type: file
    allowUiUpdates: false
    options:
      path: /var/lib/grafana/dashboards
"""


def dashboard() -> Json:
    """The dashboard, as Grafana imports it."""
    return {
        "uid": UID,
        "title": "modelqa",
        "description": "Quality of models: verdicts, values against their bounds, drift, latency, errors.",
        "tags": ["modelqa"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "time": {"from": "now-30d", "to": "now"},
        "timezone": "browser",
        "refresh": "5m",
        "templating": {"list": [*_variables()]},
        "annotations": {"list": []},
        "links": [],
        "panels": [*_placed()],
    }


def _variables() -> Iterator[Json]:
    """The data source, then suite, model, alias and check, each among those that fit the ones before."""
    yield {
        "type": "datasource",
        "name": "datasource",
        "label": "Data source",
        "query": "prometheus",
        "refresh": 1,
    }
    before: list[str] = []
    for name in ("suite", "model", "alias", "check"):
        yield {
            "type": "query",
            "name": name,
            "label": name.capitalize(),
            "datasource": _SOURCE,
            "query": f"label_values(modelqa_check_passed{{{','.join(before)}}}, {name})",
            "refresh": 2,
            "sort": 1,
            **_ALL.get(name, {}),
        }
        before.append(f'{name}=~"${name}"')


_MANY: Json = {"multi": True, "includeAll": True, "current": {"text": "All", "value": ["$__all"]}}
_ALL: Json = {"alias": {**_MANY, "allValue": ".*"}, "check": _MANY}
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def _placed() -> Iterator[Json]:
    """The panels in rows, from left to right."""
    x = y = 0
    for number, panel in enumerate(PANELS, 1):
        if x + panel.width > WIDE:
            x, y = 0, y + PANELS[number - 2].height
        yield _panel(panel, number, {"x": x, "y": y, "w": panel.width, "h": panel.height})
        x += panel.width


def _panel(panel: Panel, number: int, place: Json) -> Json:
    targets = [
        {
            "refId": chr(ord("A") + at),
            "datasource": _SOURCE,
            "expr": query,
            "legendFormat": legend,
            "instant": panel.now,
            "range": not panel.now,
            "format": "time_series",
        }
        for at, (query, legend) in enumerate(panel.queries)
    ]
    defaults = {"unit": panel.unit, "custom": panel.custom, "mappings": list(panel.mappings)}
    repeated = {"repeat": panel.repeat, "repeatDirection": "h", "maxPerRow": 3} if panel.repeat else {}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "gridPos": place,
        "targets": targets,
        "options": panel.options,
        "fieldConfig": {"defaults": defaults, "overrides": list(panel.overrides)},
        **repeated,
    }
