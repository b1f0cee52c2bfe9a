"""Several files of one schema as one table, in the order of their names."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from modelqa.core.signature import ColumnKind
from modelqa.engines import files
from modelqa.engines.agreement import agree
from modelqa.engines.columns import kind_of
from modelqa.engines.files import Content, File
from modelqa.errors import SubjectError

MOST_OPEN = 200
"""Beyond this many files none stays open: a process has few handles."""

Named = tuple[str, Content]


def open_files(found: Sequence[File]) -> Content:
    """What some files hold, one after the other.

    Raises `SubjectError` where one cannot be read, or differs from the first in its columns or in
    what they hold; whole numbers beside real ones, and a column without values, are no difference.
    """
    if len(found) == 1:
        return files.open_file(found[0])
    parts = [(file.shown, files.open_file(file)) for file in found[:MOST_OPEN]]
    if len(found) > MOST_OPEN:
        parts = [(shown, _whole(content)) for shown, content in parts]
        parts += [(file.shown, _whole(files.open_file(file))) for file in found[MOST_OPEN:]]
    return _joined(parts)


def digest(found: Sequence[File]) -> str:
    """A file's own digest; of several, one of theirs in order, whatever the files are called."""
    each = [files.digest(file) for file in found]
    if len(each) == 1:
        return each[0]
    return f"sha256:{hashlib.sha256(','.join(each).encode()).hexdigest()}"


def _whole(content: Content) -> Content:
    """A file that is read to its end, so that it need not stay open."""
    return Content.of(content.read(content.schema.names))


def _joined(parts: Sequence[Named]) -> Content:
    import pyarrow as pa

    schema = _agreed(parts)

    def read(names: Sequence[str]) -> Any:
        wanted = pa.schema([schema.field(name) for name in names], schema.metadata)
        return pa.concat_tables([_cast(part, wanted) for part in parts])

    return Content(schema, sum(content.rows for _, content in parts), read)


def _cast(part: Named, wanted: Any) -> Any:
    import pyarrow as pa

    shown, content = part
    try:
        return content.read(wanted.names).cast(wanted)
    except pa.ArrowException as error:
        raise SubjectError(
            f"{shown}: a column of {', '.join(map(repr, wanted.names))} does not fit the type that the "
            "files have together; write them with one schema"
        ) from error


def _agreed(parts: Sequence[Named]) -> Any:
    """The schema of all; pandas' notes on types are kept where they hold for all."""
    import pyarrow as pa

    first_shown, first = parts[0]
    types = dict(zip(first.schema.names, first.schema.types, strict=True))
    for shown, content in parts[1:]:
        _same_names(shown, content.schema.names, first_shown, first.schema.names)
        for name, type_ in zip(content.schema.names, content.schema.types, strict=True):
            agreed = agree(types[name], type_)
            if agreed is None:
                raise SubjectError(
                    f"{shown}: column {name!r} holds {_told(type_)}, expected {_told(types[name])} as in "
                    f"{first_shown}; write the files with one schema"
                )
            types[name] = agreed
    alike = all(content.schema.equals(first.schema) for _, content in parts)
    return pa.schema(list(types.items()), first.schema.metadata if alike else None)


def _same_names(shown: str, names: Sequence[str], first_shown: str, wanted: Sequence[str]) -> None:
    differs: Callable[[Sequence[str], Sequence[str]], list[str]] = lambda a, b: sorted(set(a) - set(b))  # noqa: E731
    lacks, adds = differs(wanted, names), differs(names, wanted)
    if lacks or adds or len(names) != len(wanted):
        told = [f"lacks {', '.join(map(repr, lacks[:20]))}"] if lacks else []
        told += [f"also has {', '.join(map(repr, adds[:20]))}"] if adds else []
        raise SubjectError(
            f"{shown}: expected the columns of {first_shown}, but it {' and '.join(told) or 'repeats one'}; "
            "write the files with one schema, or narrow the pattern"
        )


def _told(type_: Any) -> str:
    kind = kind_of(type_)
    return str(type_) if kind in (ColumnKind.OTHER, ColumnKind.DATETIME) else str(kind)
