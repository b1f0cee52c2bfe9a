"""The dashboard: it is what Grafana's own types ask for, and it asks for metrics that there are."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from modelqa.reports.grafana import DASHBOARD, PROVIDER, UID, dashboard, files
from modelqa.reports.metrics import METRICS

PANELS: list[dict[str, Any]] = dashboard()["panels"]
CONFIGS = {
    "timeseries": "timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen",
    "stat": "stat/panelcfg/x/StatPanelCfg_types.gen",
    "state-timeline": "statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen",
}
SCHEMAS = ("@grafana/schema", "grafana-schema-12")
PLAIN = """\
// Grafana's enumerations as the texts that stand in JSON.
type Plain<T> = T extends string ? `${T}` : T extends number | boolean | null | undefined ? T
  : T extends (infer E)[] ? Plain<E>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
"""


def typed(schema: str) -> str:
    """The dashboard as TypeScript: the whole, and each panel's options by the types of its plugin."""
    lines = [PLAIN, f"import type {{ Dashboard }} from '{schema}';"]
    for number, (kind, path) in enumerate(CONFIGS.items()):
        fields = "" if kind == "stat" else f", FieldConfig as F{number}"  # it has none of its own
        lines.append(
            f"import type {{ Options as O{number}{fields} }} from '{schema}/dist/esm/raw/composable/{path}';"
        )
    lines.append(f"export const whole: Plain<Dashboard> = {json.dumps(dashboard())};")
    kinds = list(CONFIGS)
    for panel in PANELS:
        number, name = kinds.index(panel["type"]), panel["id"]
        lines.append(f"export const o{name}: Plain<O{number}> = {json.dumps(panel['options'])};")
        custom = [panel["fieldConfig"]["defaults"]["custom"], *_overridden(panel)]
        if panel["type"] == "stat":
            assert not any(custom)
            continue
        lines += [
            f"export const f{name}_{at}: Plain<F{number}> = {json.dumps(one)};"
            for at, one in enumerate(custom)
        ]
    return "\n".join(lines) + "\n"


def _overridden(panel: dict[str, Any]) -> list[dict[str, Any]]:
    """What overrides set of the plugin's own fields."""
    return [
        {
            p["id"].removeprefix("custom."): p["value"]
            for p in each["properties"]
            if p["id"].startswith("custom.")
        }
        for each in panel["fieldConfig"]["overrides"]
    ]


@pytest.fixture(scope="module")
def modules() -> Path:
    """Where node's modules are; without them the test is left out, with the reason."""
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    folder = Path(os.environ.get("MODELQA_NODE_MODULES", ""))
    missing = [name for name in (*SCHEMAS, "typescript") if not (folder / name).is_dir()]
    if missing:
        pytest.skip(f"MODELQA_NODE_MODULES names no folder with {' and '.join(missing)}")
    return folder


def _compiled(modules: Path, folder: Path, source: str) -> str:
    """What the compiler has to say."""
    (folder / "node_modules").symlink_to(modules)
    (folder / "dashboard.ts").write_text(source)
    options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "esnext", "--target", "es2022"]
    command = ["node", str(modules / "typescript/bin/tsc"), *options, "--moduleResolution", "bundler"]
    ran = subprocess.run(
        [*command, "dashboard.ts"], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    return ran.stdout


@pytest.mark.parametrize("schema", SCHEMAS)
def test_it_is_what_grafana_s_types_ask_for(modules: Path, tmp_path: Path, schema: str) -> None:
    """Of Grafana 12 and 13: no key that they do not know, none missing, each of its kind."""
    assert _compiled(modules, tmp_path, typed(schema)) == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"schemaVersion"', '"schemaVersiom"'),
        ('"drawStyle": "line"', '"drawStyle": "lime"'),
        ('"colorMode": "value"', '"colorMode": 1'),
        ('"fillBelowTo": "low"', '"fillBelowTo": 3'),
    ],
)
def test_the_types_would_find_a_mistake(modules: Path, tmp_path: Path, right: str, wrong: str) -> None:
    """A check that accepts everything tells nothing."""
    source = typed(SCHEMAS[0])
    assert right in source
    assert "error TS" in _compiled(modules, tmp_path, source.replace(right, wrong, 1).replace(right, wrong))


def test_it_has_one_name_and_asks_the_chosen_source() -> None:
    """So that an import replaces it, and it fits any Grafana."""
    made = json.loads(files()[DASHBOARD])
    assert made["uid"] == UID
    assert "id" not in made
    sources = [each["datasource"] for panel in PANELS for each in (panel, *panel["targets"])]
    sources += [each["datasource"] for each in made["templating"]["list"] if each["type"] == "query"]
    assert {each["uid"] for each in sources} == {"${datasource}"}
    assert made["templating"]["list"][0]["type"] == "datasource"


def test_it_asks_for_metrics_that_there_are() -> None:
    """Every name is in the table, and every number of the table that draws a picture is asked for."""
    asked = set(re.findall(r"modelqa_\w+", json.dumps(PANELS)))
    known = {each.name for each in METRICS}
    assert asked <= known
    assert known - asked == {
        "modelqa_run_duration_seconds", "modelqa_build_info", "modelqa_series_left_out",
    }  # fmt: skip


def test_every_variable_of_a_query_is_declared() -> None:
    """And each is fitted to those before it."""
    declared = [each["name"] for each in dashboard()["templating"]["list"]]
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([PANELS, dashboard()["templating"]])))
    assert used - {"__all"} == set(declared) == {"datasource", "suite", "model", "alias", "check"}


def test_the_panels_lie_side_by_side() -> None:
    """None on another one, none beyond the edge."""
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


def test_the_interval_is_a_band_between_its_ends() -> None:
    """Filled from the high end down to the series that is called `low`."""
    panel = next(each for each in PANELS if each.get("repeat"))
    legends = {each["legendFormat"] for each in panel["targets"]}
    fills = [
        each["value"]
        for override in panel["fieldConfig"]["overrides"]
        for each in override["properties"]
        if each["id"] == "custom.fillBelowTo"
    ]
    assert fills == ["low"]
    assert {"value", "low", "high", "{{limit}}"} == legends


def test_the_provider_finds_the_dashboard() -> None:
    """A file provider with a path, in the version that Grafana reads."""
    made = YAML(typ="safe").load(files()[PROVIDER])
    assert made["apiVersion"] == 1
    assert [each["type"] for each in made["providers"]] == ["file"]
    assert made["providers"][0]["options"]["path"].endswith(Path(DASHBOARD).parent.name)
