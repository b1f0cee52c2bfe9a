"""Profiles in the place of tables: files of `modelqa profile`, and those logged with a model version."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from modelqa.core.fact import Fact
from modelqa.core.ports import Column, Table
from modelqa.core.profile import ColumnProfile, Profile
from modelqa.core.profile_file import SUFFIX, loads
from modelqa.core.signature import ColumnKind
from modelqa.core.subject import DataInfo
from modelqa.engines.files import File, check
from modelqa.engines.sources import near
from modelqa.errors import SubjectError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


class ProfileTable:
    """A table of which only the profile is known. Whoever asks for its rows is told so."""

    counted = True

    def __init__(self, profile: Profile, info: DataInfo) -> None:
        self._profile = profile
        self.info = info

    @property
    def rows(self) -> int:
        """How many rows were counted."""
        return self._profile.rows

    @property
    def kinds(self) -> Mapping[str, ColumnKind]:
        """The columns and what they held, in order."""
        return {name: column.kind for name, column in self._profile.columns.items()}

    def profile(
        self, names: Sequence[str], like: Mapping[str, ColumnProfile] | None = None, *, rare: bool = False
    ) -> Profile:
        """These columns as they were counted."""
        del like, rare
        return Profile(self.rows, {name: self._profile.columns[name] for name in names})

    def count(self, asked: Sequence[Fact]) -> dict[Fact, int]:
        """Raises `SubjectError`: there are no rows."""
        del asked
        self._refuse("facts of its rows")

    def column(self, name: str) -> Column:
        """Raises `SubjectError`: there are no rows."""
        self._refuse(f"column {name!r}")

    def to_pandas(self, names: Sequence[str] | None = None) -> "pd.DataFrame":
        """Raises `SubjectError`: there are no rows."""
        del names
        self._refuse("a frame")

    def take(self, rows: "NDArray[np.intp]") -> Table:
        """Raises `SubjectError`: there are no rows."""
        del rows
        self._refuse("some of its rows")

    def _refuse(self, wanted: str) -> NoReturn:
        raise SubjectError(
            f"{self.info.name} is a profile and holds no rows, and this asks for {wanted}; name the table "
            "itself (of columns, drift is measured on profiles)"
        )


def is_profile(source: object) -> bool:
    """Whether a path, an address or some paths name profiles.

    >>> is_profile("runs:/1/train.profile.json.gz"), is_profile((Path("new.parquet"),))
    (True, False)
    """
    parts = source if isinstance(source, tuple) else (source,)
    return bool(parts) and all(isinstance(one, str | Path) and str(one).endswith(SUFFIX) for one in parts)


def open_profile(source: Any, *, name: str = "", tracking_uri: str | None = None) -> ProfileTable:
    """The profile behind a path or an address; of several paths, their profiles merged.

    Raises `SubjectError` where it is missing, damaged, or no profile, and where several were not
    counted by the same edges.
    """
    with near(source, tracking_uri) as found:
        read = [(file.shown, _bytes(file)) for file in found]
    profile = reduce(Profile.merged, (loads(data, shown) for shown, data in read))
    digest = hashlib.sha256(b"".join(data for _, data in read)).hexdigest()
    told = name or Path(read[0][0]).name
    return ProfileTable(profile, DataInfo(told, rows=profile.rows, digest=f"sha256:{digest}"))


def _bytes(file: File) -> bytes:
    check(file)
    try:
        return file.path.read_bytes()
    except OSError as error:
        raise SubjectError(f"{file.shown}: cannot be read ({error.strerror})") from error
