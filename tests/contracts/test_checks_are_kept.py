"""Every row of the catalogue is kept, and then found by all of its inputs and no others, or is never kept."""

import json
import shutil
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kept_subjects import forget_passing_modules, lay_out, save_models, suite
from test_checks_conform import CASES

from modelqa import Suite, SuiteError, catalog, plan
from modelqa.core import codec
from modelqa.core.check import declared
from modelqa.run.keys import Unkeyed, key_of_check
from modelqa.run.opened import Opened, Settings

Case = tuple[str, Any, dict[str, Any]]
EVERY = [(kind, value, keys) for kind, cases in CASES.items() for value, keys in cases]
NEVER = {
    "latency",
    "resources",
    "serving",
    "prometheus",
    "training",
    "staleness",
    "feedback",
    "cases",
    "estimated",
}
"""What takes time, asks a server or a clock, or reads what lies beside the subject."""


def timed(case: Case) -> bool:
    """Whether a case is never kept."""
    kind, value, keys = case
    return (
        kind in NEVER
        or value == "calls"
        or "timeout" in keys
        or (":" in str(value)[:40] and kind == "metric")
    )


KEPT, NOT_KEPT = [case for case in EVERY if not timed(case)], [case for case in EVERY if timed(case)]


def cases(given: list[Case]) -> list[Any]:
    """Cases as parameters, each under a name of its own."""
    return [pytest.param(case, id=f"{case[0]}-{place}") for place, case in enumerate(given)]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A subject of files."""
    root = tmp_path_factory.mktemp("kept")
    lay_out(root)
    return root


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_passing_modules(monkeypatch)


@pytest.fixture
def root(original: Path, tmp_path: Path) -> Path:
    """One to be changed; its files are as old as the original's."""
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    return tmp_path


def check_of(case: Case) -> dict[str, Any]:
    """A case as a suite writes it."""
    kind, value, keys = case
    return {kind: value, **keys}


def key(made: Suite, root: Path) -> str:
    """The key of a suite's first check, in a new run."""
    return key_of_check(plan(made).checks[0], Opened(made, Settings(root=root)))


def test_every_check_is_declared() -> None:
    """A new row of the catalogue says which one it is; what is never kept is known here."""
    kinds = {kind: declared(catalog.find("checks", kind)) for kind in catalog.BUILT_IN["checks"]}
    assert {kind for kind, made in kinds.items() if made.cached is False} == NEVER
    assert {case[0] for case in KEPT} == set(kinds) - NEVER


@pytest.mark.parametrize("case", cases(KEPT))
def test_a_kept_check_is_found_again_byte_for_byte(case: Case, root: Path) -> None:
    """Outcome, numbers, words and notes: all but the time it took, and that it says where it comes from."""
    made = suite([check_of(case)], slices=["region"])
    fresh = made.run(root=root)
    first, second = made.run(root=root, cache=True), made.run(root=root, cache=True)
    assert [check.cached for run in (first, second) for check in run.checks] == [False, True]
    assert shown(fresh) == shown(first) == shown(second)


def shown(result: Any) -> str:
    """A result as JSON, without times and the mark."""
    plain = codec.to_plain(result)
    plain["started"] = ""
    for check in plain["checks"]:
        check["seconds"] = 0
        check.pop("cached", None)
    return json.dumps(plain)


@pytest.mark.parametrize("case", cases(NOT_KEPT))
def test_what_is_never_kept_has_no_key(case: Case, root: Path) -> None:
    """However equal its inputs."""
    with pytest.raises(Unkeyed):
        key(suite([check_of(case)]), root)


def new_rows(name: str) -> Callable[[Path], None]:
    """Change one number of one row."""

    def change(root: Path) -> None:
        rows = pd.read_parquet(root / name)
        rows.loc[3, "signal"] += 0.001
        rows.to_parquet(root / name)

    return change


def new_model(root: Path) -> None:
    """Train both models anew, one of them otherwise."""
    shutil.rmtree(root / "model")
    shutil.rmtree(root / "champion")
    save_models(root, steepness=0.5)


FILES: dict[str, Callable[[Path], None]] = {
    "batch": new_rows("batch.parquet"),
    "reference": new_rows("reference.parquet"),
    "models": new_model,
}
KEYS: dict[str, dict[str, Any]] = {
    "suite": {"name": "another"},
    "positive": {"positive": 0},
    "threshold": {"threshold": 0.4},
    "weights": {"weights": "amount"},
    "group": {"group": "region"},
    "features": {"features": ["signal", "amount"]},
    "key": {"key": None},
    "labels": {"labels": {"path": "labels.csv", "on": "id", "column": "label"}},
    "slices": {"slices": ["region", {"name": "big", "where": "amount > 20"}]},
    "slice bounds": {"slices": [{"name": "region", "where": "amount > 21"}]},
    "engine": {"engine": "memory"},
    "confidence": {"confidence": 0.9},
    "false alarms": {"false_alarms": 0.02},
    "no champion": {"champion": None},
    "no reference": {"reference": None},
}


@pytest.mark.parametrize("case", cases(KEPT))
def test_each_input_has_a_part_in_the_key(case: Case, root: Path) -> None:
    """A check whose file, suite key, parameter or name is another one is another check."""
    made = suite([check_of(case)], slices=["region"])
    keys = {"": key(made, root)}
    assert key(made, root) == keys[""]
    for name, change in KEYS.items():
        # A part that the check needs cannot be left out.
        with suppress(SuiteError) if name.startswith("no ") else nullcontext():
            keys[name] = key(suite([check_of(case)], **{"slices": ["region"], **change}), root)
    for name, changed in others(case).items():
        keys[name] = key(suite([changed], slices=["region"]), root)
    for name, alter in FILES.items():
        alter(root)
        keys[name] = key(made, root)
    (root / "batch.parquet").rename(root / "batch.pq")
    keys["suffix"] = key(suite([check_of(case)], slices=["region"], batch="batch.pq"), root)
    assert len(set(keys.values())) == len(keys), keys


def others(case: Case) -> dict[str, dict[str, Any]]:
    """The check under another name, on slices, or where it can be with another value."""
    check, kind = check_of(case), case[0]
    found = {"name": {**check, "name": "called"}}
    if declared(catalog.find("checks", kind)).needs_of(case[1], case[2]) and "versus" not in check:
        found["on slices"] = {**check, "slices": ["region"]}
    swapped = {
        "metric": ("accuracy", "f1"),
        "evidently": ("psi", "jensenshannon"),
        "drift": ("prediction", "labels"),
    }
    for old, new in [swapped[kind]] if kind in swapped else []:
        if case[1] == old:
            found["value"] = {**check, kind: new}
    return found


@pytest.mark.parametrize("case", cases([case for case in KEPT if {"min", "max"} & set(case[2])]))
def test_a_bound_is_part_of_the_key(case: Case, root: Path) -> None:
    """What is told over time is how far from it a batch is."""
    check = check_of(case)
    limit = "min" if "min" in check else "max"
    other = {**check, limit: "0.123%" if str(check[limit]).endswith("%") else 0.123}
    assert key(suite([check]), root) != key(suite([other]), root)
