"""MLflow's scoring protocol: a frame into a request, an answer into what the model said."""

import base64
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from modelqa.errors import CallError, SubjectError

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["dataframe_split", "inputs", "instances"]
FORMATS: tuple[Format, ...] = get_args(Format)
CONTENT_TYPE = "application/json"


def request(frame: "pd.DataFrame", form: Format = "dataframe_split") -> bytes:
    """A frame as the body of a request: columns and rows, columns by name, or a record a row.

    Missing values are null, times are ISO 8601, bytes are base64. Numbers keep all their digits.
    Raises `SubjectError` for values that JSON cannot hold.

    >>> import pandas as pd
    >>> request(pd.DataFrame({"age": [31, 47]}), "inputs")
    b'{"inputs": {"age": [31, 47]}}'
    """
    names = [str(name) for name in frame.columns]
    series = [frame.iloc[:, place] for place in range(len(names))]
    try:
        return _encoded(names, [column.tolist() for column in series], form)
    except (TypeError, ValueError):  # a NaN: looked for only where there is one, since it takes time
        pass
    try:
        return _encoded(names, [_listed(column) for column in series], form)
    except (TypeError, ValueError) as error:
        raise SubjectError(
            "the rows hold values that JSON cannot (infinite numbers, or objects); leave those columns "
            "out by `features:`"
        ) from error


def _encoded(names: Sequence[str], columns: Sequence[Sequence[Any]], form: Format) -> bytes:
    body: Any
    if form == "inputs":
        body = dict(zip(names, columns, strict=True))
    elif form == "instances":
        body = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    else:
        body = {"columns": names, "data": list(zip(*columns, strict=True))}
    return json.dumps({form: body}, default=_plain, allow_nan=False).encode()


def _listed(column: "pd.Series[Any]") -> list[Any]:
    """Values as JSON has them, None where one is missing."""
    gone = column.isna().tolist()
    return [None if missing else value for missing, value in zip(gone, column.tolist(), strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return float(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    if hasattr(value, "isoformat") and value == value:
        return value.isoformat()
    raise TypeError(type(value).__name__)


def answers(body: bytes, rows: int, shown: str) -> list[Any]:
    """The answers of a body, one a row: numbers, labels, lists or records.

    Raises `CallError` where it is no such body, or holds another number of them.

    >>> answers(b'{"predictions": [0.1, null]}', 2, "http://host")
    [0.1, None]
    """
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        raise CallError("malformed answer", f"{shown} answered with something that is no JSON") from None
    found = read.get("predictions") if isinstance(read, dict) else None
    if not isinstance(found, list):
        raise CallError("malformed answer", f'{shown}: expected {{"predictions": [...]}}, one a row')
    if len(found) != rows:
        raise CallError(
            "wrong number of answers",
            f"{shown} gave {len(found):,} answers for {rows:,} rows; expected one a row",
        )
    return found


def output(found: Sequence[Any], shown: str) -> Any:
    """Answers in the form that a model in process returns: an array, or a frame of records.

    Raises `CallError` where the answers are not all of one form.

    >>> output([0.5, None], "http://host").tolist()
    [0.5, nan]
    """
    if found and all(isinstance(answer, dict) for answer in found):
        return _frame(found, shown)
    if any(isinstance(answer, list) for answer in found):
        try:
            return np.array(found, dtype=np.float64)
        except (TypeError, ValueError):
            raise CallError("malformed answer", f"{shown}: expected lists of numbers of one length") from None
    if any(isinstance(answer, dict) for answer in found):
        raise CallError(
            "malformed answer", f"{shown}: expected answers of one form, found records and others"
        )
    return _array(found)


def _frame(found: Sequence[Any], shown: str) -> "pd.DataFrame":
    """Records as a frame: its column names may be classes."""
    from modelqa.models.frames import framed

    if any(answer.keys() != found[0].keys() for answer in found):
        raise CallError("malformed answer", f"{shown}: expected records with the same keys")
    return framed({name: _array([answer[name] for answer in found]) for name in found[0]})


def _array(found: Sequence[Any]) -> Any:
    """Numbers as an array of numbers, a missing one as NaN; anything else as objects."""
    kinds = {type(answer) for answer in found}
    if kinds <= {int, float, type(None)} and not kinds <= {int} and not kinds <= {type(None)}:
        return np.array([np.nan if answer is None else answer for answer in found], dtype=np.float64)
    if kinds in ({int}, {bool}):
        return np.array(found)
    made = np.empty(len(found), dtype=object)
    made[:] = [tuple(answer) if isinstance(answer, list) else answer for answer in found]
    return made
