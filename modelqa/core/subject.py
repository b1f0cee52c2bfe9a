"""What a suite judges, resolved: names and digests, so that a verdict says what it was about."""

import re
from dataclasses import KW_ONLY, dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model, resolved once: an alias is a version here, and the bytes have a digest."""

    uri: str
    _: KW_ONLY
    name: str = ""
    version: str = ""
    id: str = ""
    digest: str = ""

    def __str__(self) -> str:
        """How people call it.

        >>> str(ModelInfo("models:/churn@challenger", name="churn", version="7"))
        'churn version 7'
        """
        if self.name and self.version:
            return f"{self.name} version {self.version}"
        return self.name or self.uri


@dataclass(frozen=True, slots=True)
class DataInfo:
    """A batch or a reference: what it is called, its rows and the digest of its content.

    ``source`` is what ``--batch`` would say to have it again: a path, a pattern or a SELECT; empty for all
    else.
    """

    name: str
    _: KW_ONLY
    rows: int
    digest: str = ""
    source: str = ""


def is_select(written: str) -> bool:
    """Whether rows are named by a SELECT, and not by where they lie.

    >>> is_select("SELECT * FROM churn"), is_select("with a AS (SELECT 1) SELECT * FROM a")
    (True, True)
    >>> is_select("select.parquet"), is_select("with/rows.csv")
    (False, False)
    """
    return re.match(r"\s*(select|with)\s", written, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Query:
    """Rows that a database answers with. Its address may hold a password, so nothing shows it.

    >>> Query("SELECT * FROM churn", url="postgresql://me:secret@db/crm")
    Query(sql='SELECT * FROM churn')
    """

    sql: str
    _: KW_ONLY
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model behind HTTP, and how it is asked. Its address may hold a password, so nothing shows it.

    ``format`` is the form of a request in MLflow's scoring protocol, ``timeout`` the seconds that
    one request may take.

    >>> Endpoint("https://me:secret@models.example/invocations", format="instances")
    Endpoint(format='instances', timeout=10.0)
    """

    url: str = field(repr=False)
    _: KW_ONLY
    format: Literal["dataframe_split", "inputs", "instances"] = "dataframe_split"
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class SubjectInfo:
    """Everything that a run judged; parts that the suite does not name are None."""

    _: KW_ONLY
    model: ModelInfo | None = None
    champion: ModelInfo | None = None
    batch: DataInfo | None = None
    reference: DataInfo | None = None

    @property
    def about(self) -> str:
        """What problems are told apart by: the model's name whatever its version, or its address; or "".

        >>> SubjectInfo(model=ModelInfo("models:/churn@challenger", name="churn", version="7")).about
        'churn'
        """
        return (self.model.name or self.model.uri) if self.model else ""
