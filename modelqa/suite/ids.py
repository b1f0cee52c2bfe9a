"""Ids of checks: they say what is checked, never a bound or a counter."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from modelqa.core.ports import CheckType
from modelqa.suite.parameters import parameters

_OTHER = re.compile(r"[^A-Za-z0-9_.-]+")
_COLUMNS = ("column", "column_A", "column_B", "column_list")
MAX_PART = 60


def id_of(
    kind: str,
    value: Any,
    check: CheckType,
    params: Mapping[str, Any],
    *,
    versus: str | None = None,
    across: str | None = None,
) -> str:
    """Kind (none for `metric`), main parameter, column, versus, across, other parameters not default.

    A main parameter that begins with the kind (``expect: expect_column_to_exist``) does not repeat it.

    A check that holds its bound in its own arguments is named by its column only; so are
    arguments that its function does not declare. Mappings name nothing: they may hold bounds.

    >>> from modelqa.core.ports import check, declared
    >>> @check
    ... def latency(ctx, statistic: str, *, rows: int = 1): ...
    >>> id_of("latency", "p95", declared(latency), {"rows": 32}, versus="champion")
    'latency-p95-versus-champion-rows-32'
    """
    told = {} if check.own_bound else parameters(check).keys
    others = [
        f"{name}-{part}"
        for name, parameter in told.items()
        if name in params and name != "column" and params[name] != parameter.default
        for part in [_part(params[name])]
        if part
    ]
    parts = [
        "" if kind == "metric" else _part(kind),
        _part(value.removeprefix(f"{kind}_") if isinstance(value, str) else value),
        _part([params[name] for name in _COLUMNS if name in params]),
        f"versus-{versus}" if versus else "",
        f"across-{across}" if across else "",
        *others,
    ]
    return "-".join(part for part in parts if part)


def _part(value: Any) -> str:
    """A value as part of an id; one that is long ends in a digest of all of it.

    >>> _part("quality.flips:flip_rate"), _part(["age", "income"]), _part({"age": 1}), _part(0.3)
    ('quality.flips.flip_rate', 'age-income', '', '0.3')
    """
    match value:
        case bool():
            text = str(value).lower()
        case str():
            text = value
        case int() | float():
            text = f"{value:.12g}"
        case list() | tuple():
            text = "-".join(filter(None, map(_part, value)))
        case _:
            return ""
    clean = _OTHER.sub("_", text.replace(":", "."))
    if len(clean) <= MAX_PART:
        return clean
    return f"{clean[: MAX_PART - 9]}-{sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"
