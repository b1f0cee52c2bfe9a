"""What has arrived: rows or a version of a model that nobody has judged yet."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, asdict, dataclass, field
from hashlib import sha256
from typing import Any, Protocol, Self


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something to judge.

    ``changes`` are the keys of the suite that it stands for; ``mark`` is what its source says of it without
    reading it: with the same mark it is the same. ``flaw`` says why it cannot be whole. One that was judged
    before, when it lacked so many labels, may have got some since.
    """

    name: str
    _: KW_ONLY
    changes: Mapping[str, Any]
    mark: str
    flaw: str = ""
    lacked: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """What was judged: ``lacks`` counts the rows without a label, ``labels`` is the mark of their file."""

    name: str
    _: KW_ONLY
    mark: str
    lacks: int = 0
    labels: str = ""

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def loads(cls, text: str) -> Self:
        """The inverse of `dumps`.

        >>> Known.loads(Known("a.csv", mark="1").dumps())
        Known(name='a.csv', mark='1', lacks=0, labels='')
        """
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How far a source was read: the last new arrival, its mark, and when it was judged (database time).

    ``known`` holds all that was judged, by name.
    """

    last: str = ""
    mark: str = ""
    time: float
    known: Mapping[str, Known] = field(default_factory=dict)


class Source(Protocol):
    """A place where things arrive. ``told`` is what people call it, ``key`` what no other place has."""

    told: str
    key: str

    def look(self, state: State) -> Iterable[Arrival]:
        """What is there that is not known, in the order to be judged.

        Raises `SubjectError` where the place cannot be looked at.
        """

    def again(self, known: Known) -> Arrival | None:
        """What was judged already, once more; None where it is gone."""

    def done_with(self, known: Known) -> bool:
        """Whether nobody will ask for it again, so that it need not be known any longer."""

    def mark(self, arrival: Arrival) -> str:
        """The mark that an arrival has by now; "" where it is gone."""


def short(*parts: str) -> str:
    """A name of 32 hexadecimal digits for texts of any length."""
    return sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:32]
