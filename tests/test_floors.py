"""The house stands as drawn: imports go down, heavy libraries have owners, the start is light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import modelqa

PACKAGE = Path(modelqa.__file__).parent
FLOORS = {
    "errors": 0, "core": 0,
    "stats": 1, "wire": 1, "ledger": 1, "cache": 1,
    "checks": 2, "engines": 2, "models": 2, "reports": 2, "actions": 2,
    "catalog": 3, "fake_servers": 3, "monitoring": 3, "suite": 4, "run": 5, "ticketing": 5, "retraining": 5,
    "after": 6, "draft": 6, "manual": 6, "profiles": 6, "progress": 6, "python_tests": 6, "codes": 6,
    "testing": 6,
    "project": 2,
    "watch": 7, "live": 7, "session": 7, "commands": 8,
    "cli": 9, "pytest_plugin": 9, "__init__": 9, "__main__": 10,
}  # fmt: skip
DOORS_KNOW = {"project"}
"""Rooms on the second floor that only the doors use."""

OWNERS: dict[str, set[str]] = {
    "mlflow": {
        "actions/mlflow.py",
        "actions/store.py",
        "engines/artifacts.py",
        "engines/assessments.py",
        "models/mlflow.py",
        "models/registry.py",
    },
    "evidently": {"checks/evidently_data.py"},
    "great_expectations": {"checks/expectations.py"},
    "sklearn": {"checks/forecast.py", "checks/table_drift.py"},
    "duckdb": {"engines/duckdb.py"},
    "tensorboard": {"checks/event_records.py", "reports/tensorboard.py", "testing.py"},
    "prometheus_client": {"reports/exposition.py"},
    "pandas": {"engines/sources.py", "models/frames.py", "testing.py", "checks/evidently_data.py"},
}
CORE_MAY = set(sys.stdlib_module_names) | {"modelqa"}


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def _imports(path: Path, *, top_only: bool = False) -> tuple[str, ...]:
    """Every module that a file imports; those for type checkers only are left out."""
    return tuple(_found(path, top_only=top_only))


def _found(path: Path, *, top_only: bool) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    inside = {id(inner) for function in functions for inner in ast.walk(function)}
    for node in ast.walk(tree):
        if id(node) in guarded or (top_only and id(node) in inside):
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "extras.load":
            yield str(ast.literal_eval(node.args[0]))
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "modelqa":
                yield from (f"modelqa.{alias.name}" for alias in node.names)
            else:
                yield node.module


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_and_never_sideways(path: Path) -> None:
    """A room imports itself and the floors below, so parts never know their siblings."""
    here = _room(path)
    for name in _imports(path):
        if not name.startswith("modelqa."):
            continue
        there = name.split(".")[1]
        if there != here:
            assert FLOORS[there] < FLOORS[here] or {here, there} <= {"core", "errors"}, (
                f"{here} imports {name}"
            )


def test_core_needs_the_standard_library_only() -> None:
    """The words are free of dependencies."""
    for path in [*(PACKAGE / "core").glob("*.py"), PACKAGE / "errors.py"]:
        strangers = {name.split(".")[0] for name in _imports(path)} - CORE_MAY
        assert not strangers, f"{path.name} imports {strangers}"


@pytest.mark.parametrize("library", OWNERS)
def test_a_heavy_library_is_imported_by_its_owners_inside_functions(library: str) -> None:
    """One or two files know each heavy library, and none imports it at its top."""
    for path in _modules():
        if library in {name.split(".")[0] for name in _imports(path, top_only=True)}:
            pytest.fail(f"{path.relative_to(PACKAGE)} imports {library} at its top")
        if library in {name.split(".")[0] for name in _imports(path)}:
            assert str(path.relative_to(PACKAGE)) in OWNERS[library]


def _loaded(code: str, cwd: Path) -> set[str]:
    """The modules that a fresh interpreter has loaded after some code."""
    script = f"import sys\n{code}\nprint('LOADED', *sorted(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=cwd, capture_output=True, text=True, check=True, timeout=120
    )
    return set(ran.stdout.rpartition("LOADED")[2].split())


def test_importing_the_package_costs_nothing(tmp_path: Path) -> None:
    """`import modelqa` loads the package and nothing else of ours, nor of anybody's."""
    before = _loaded("import typing, functools, importlib.util", tmp_path)
    added = {
        name.split(".")[0]
        for name in _loaded("import typing, functools, importlib.util, modelqa", tmp_path) - before
    }
    assert added == {"modelqa"}


def test_the_command_line_starts_without_what_one_command_needs(tmp_path: Path) -> None:
    """`modelqa --help` and `modelqa lint` open no ledger, draw nothing and measure nothing."""
    loaded = _loaded("import modelqa.cli, modelqa.suite.load, modelqa.run.plan", tmp_path)
    heavy = {*OWNERS, "sqlalchemy", "httpx", "jinja2", "scipy", "pyarrow"}
    assert heavy & {name.split(".")[0] for name in loaded} == set()


def test_without_a_suite_the_plugin_loads_only_itself(tmp_path: Path) -> None:
    """In somebody else's test run it imports nothing beyond the standard library and pytest."""
    (tmp_path / "test_other.py").write_text("def test_other(): pass\n")
    arguments = "['-q', '-p', 'no:cacheprovider', '-p', '{}', 'test_other.py']"
    run = f"import pytest; pytest.main({arguments})"
    with_it = _loaded(run.format("modelqa"), tmp_path)
    without = _loaded(run.format("no:modelqa"), tmp_path)
    added = {name for name in with_it - without if name.split(".")[0] not in sys.stdlib_module_names}
    assert added <= {"modelqa", "modelqa.pytest_plugin"}


def test_collecting_suites_imports_no_heavy_library() -> None:
    """`--collect-only` over the real suites opens nothing and loads none of the heavy libraries."""
    root = PACKAGE.parent if (PACKAGE.parent / "suites").is_dir() else Path.cwd()
    run = (
        "import pytest; assert pytest.main(['--collect-only', '-q', 'suites', '-p', 'no:cacheprovider']) == 0"
    )
    loaded = {name.split(".")[0] for name in _loaded(run, root)}
    assert not loaded & set(OWNERS)


def test_type_checkers_see_every_public_name() -> None:
    """What is resolved on first use is spelt out for those who read types, and nothing else is."""
    source = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    guarded = next(node for node in ast.parse(source).body if isinstance(node, ast.If))
    seen = {
        alias.asname for node in ast.walk(guarded) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert seen == set(modelqa.__all__)
    assert all(getattr(modelqa, name) for name in modelqa.__all__)


def test_drift_of_named_features_loads_little(tmp_path: Path) -> None:
    """Two parquet files and no model: neither pandas nor Evidently, and of scipy its special functions."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    table = pa.table(
        {
            "x": [0.5, None, 1.5] * 9,
            "n": [1, None, 2] * 9,
            "plan": ["a", "b", None] * 9,
            "f": [True, None, False] * 9,
        }
    )
    parquet.write_table(table, tmp_path / "new.parquet")
    subject = "batch='new.parquet', reference='new.parquet', features=['x', 'n', 'plan', 'f']"
    loaded = _loaded(
        f"from modelqa import Suite\nr = Suite('s', {subject}, checks=[{{'drift': 'all', 'max': 9}}]).run()\n"
        "assert len(r.checks[0].verdicts) == 8, r",
        tmp_path,
    )
    assert not {name.split(".")[0] for name in loaded} & {*OWNERS, "narwhals", "typer", "sqlalchemy"}
    assert "scipy.stats" not in loaded
