"""A suite file into a Suite: all problems at once, each with file, line and column."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from modelqa.core.subject import is_select
from modelqa.suite.environment import expand
from modelqa.suite.nodes import Place, Problems
from modelqa.suite.spec import Suite, changed
from modelqa.suite.text import MAX_BYTES, decode, read

SUFFIX = ".suite.yaml"
DATABASE = "MODELQA_DATABASE"
"""The variable that names the database of a SELECT given as an option."""
Override = Mapping[str, Any] | Callable[[str], Mapping[str, Any]]


def load(
    path: str | os.PathLike[str],
    *,
    environ: Mapping[str, str] = os.environ,
    override: Override = MappingProxyType({}),
) -> Suite:
    """Read and validate a suite file; nothing that it names is opened.

    ``environ`` is what ``"${NAME}"`` reads in the subject's keys. ``override`` replaces keys as
    `Suite.override` does, before anything is validated: a file may leave to it what it lacks; a
    function of the suite's name says what to replace in that suite. Rows may be replaced by a SELECT of
    the database that ``MODELQA_DATABASE`` names.
    Raises `SuiteError` with every problem, in the order of the file.
    """
    file = Path(path)
    return parse(raw_of(file), file, environ=environ, override=override)


def parse(
    raw: bytes, file: Path, *, environ: Mapping[str, str], override: Override = MappingProxyType({})
) -> Suite:
    """What `load` does, from the bytes of a file."""
    problems = Problems()
    root = read(decode(raw, file, problems), file, problems)
    if root.is_mapping:
        named = root.get("suite")
        chosen = override(str(named.value) if named else "") if callable(override) else override
        root = changed(root, _asked(chosen, environ, problems), problems) if chosen else root
    return Suite.read(expand(root, environ, problems), file, problems)


def _asked(chosen: Mapping[str, Any], environ: Mapping[str, str], problems: Problems) -> dict[str, Any]:
    """What is chosen, with each SELECT asked of the database that the environment names."""
    made, url = dict(chosen), environ.get(DATABASE)
    for key in ("batch", "reference"):
        written = made.get(key)
        if isinstance(written, str) and is_select(written):
            if not url:
                problems.stop(Place(trail=key), f"a SELECT is asked of the database in {DATABASE}: set that")
            made[key] = {"sql": written, "url": url}
    return made


def raw_of(file: Path) -> bytes:
    """The bytes of a suite file, no more than one may hold. Raises `SuiteError` where there is none."""
    start, problems = Place(file, 1, 1), Problems()
    if not file.name.endswith(SUFFIX):
        problems.stop(start, f"a suite is a file whose name ends in {SUFFIX}: rename it")
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        problems.stop(start, "there is no such file")
    except (OSError, ValueError) as error:
        problems.stop(
            start, f"the file cannot be read ({type(error).__name__}): check its path and permissions"
        )
