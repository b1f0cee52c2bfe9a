"""YAML 1.2 to nodes: bounded in size and depth, without tags, merges and surprises."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelqa.suite.nodes import MAX_DEPTH, MAX_NODES, Node, Place, Problems, show_text

if TYPE_CHECKING:
    from ruamel.yaml.error import MarkedYAMLError

MAX_BYTES = 2**20
MAX_ALIASES = 100
MAX_LINE = 20_000

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_BARE_VARIABLE = re.compile(r"(?<![\"'])\$\{[^}\n]*\}?")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def decode(raw: bytes, path: Path, problems: Problems) -> str:
    """The text of a file. Raises ``SuiteError`` where it is too large or no text."""
    if len(raw) > MAX_BYTES:
        problems.stop(Place(path, 1, 1), "larger than 1 MiB: a suite holds checks, not data")
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        problems.stop(_place(path, before, len(before)), "not UTF-8: save the file with this encoding")
    found = _UNPRINTABLE.search(text)
    if found:
        place = _place(path, text, found.start())
        problems.stop(place, f"the character U+{ord(found[0]):04X} cannot stand in a suite: remove it")
    return _bounded(text, path, problems)


def _bounded(text: str, path: Path, problems: Problems) -> str:
    """The text, if no line is so long that a scanner's squared time (20 s for 1 MiB of ``!``) would show."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            place = Place(path, number, MAX_LINE + 1)
            problems.stop(place, f"a line of more than {MAX_LINE:,} characters: break it")
    return text


def _place(path: Path, text: str, index: int) -> Place:
    before = text[:index].replace("\r\n", "\n").replace("\r", "\n")
    return Place(path, before.count("\n") + 1, len(before) - before.rfind("\n"))


def read(text: str, path: Path, problems: Problems) -> Node:
    """The one document of a text. Mistakes that leave a tree go to ``problems``.

    Raises ``SuiteError`` where there is no tree.

    >>> read("min: 0.9", Path("a.suite.yaml"), Problems()).plain()
    {'min': 0.9}
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    reader = _Reader(text, path, problems)
    try:
        return reader.document(iter(YAML(typ="safe", pure=True).parse(text)))
    except MarkedYAMLError as error:
        _explain(error, text, path, problems)
    except (YAMLError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # ruamel.yaml 0.19 lets some of its own slips through, such as chr() of "\UFFFFFFFF".
        problems.stop(reader.last, f"cannot be read as YAML from here on ({type(error).__name__})")
    raise AssertionError


def _explain(error: "MarkedYAMLError", text: str, path: Path, problems: Problems) -> None:
    mark = error.problem_mark or error.context_mark
    place = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path, 1, 1)
    said = " ".join(f"{error.context or ''}: {error.problem or 'not YAML'}".lstrip(": ").split())
    line = text[text.rfind("\n", 0, mark.index) + 1 :].split("\n", 1)[0] if mark else ""
    variable = _BARE_VARIABLE.search(line)
    if variable:
        said += f'; quote it: "{variable[0].rstrip("}")[:60]}}}"'
    elif "'\\t'" in said:
        said += "; indent with spaces, not with tabs"
    problems.stop(place, f"not YAML: {said}")


class _Reader:
    """One pass over the events of a document."""

    def __init__(self, text: str, path: Path, problems: Problems) -> None:
        self.text = text
        self.path = path
        self.problems = problems
        self.last = Place(path, 1, 1)
        self.nodes = 0
        self.aliases = 0
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.open: set[str] = set()

    def document(self, events: Iterator[Any]) -> Node:
        next(events)
        start = next(events)
        if type(start).__name__ == "StreamEndEvent":
            self.problems.stop(self.last, "the suite is empty: name it, its subject and its checks")
        if start.tags or start.version not in (None, (1, 2)):
            self.problems.stop(self.last, "directives are not read: a suite is YAML 1.2 without tags")
        root = self.node(events, next(events), 0)
        next(events)
        another = next(events)
        if type(another).__name__ == "DocumentStartEvent":
            self.problems.add(self.at(another), "a second document: one file holds one suite")
        return root

    def at(self, event: Any) -> Place:
        mark = event.start_mark
        self.last = Place(self.path, mark.line + 1, mark.column + 1)
        return self.last

    def count(self, place: Place, nodes: int, depth: int) -> None:
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            self.problems.stop(place, f"more than {MAX_NODES:,} values, aliases expanded")
        if depth > MAX_DEPTH:
            self.problems.stop(place, f"nested deeper than {MAX_DEPTH} levels")

    def node(self, events: Iterator[Any], event: Any, depth: int) -> Node:
        place = self.at(event)
        kind = type(event).__name__
        if kind == "AliasEvent":
            return self.alias(event.anchor, place, depth)
        before, anchor = self.nodes, event.anchor
        self.count(place, 1, depth)
        if event.tag is not None:
            self.problems.add(place, f"tags are not read: remove {show_text(str(event.tag))}")
        if anchor:
            self.open.add(anchor)
        if kind == "ScalarEvent":
            node = self.scalar(event, place)
        elif kind == "SequenceStartEvent":
            node = Node(tuple(self.sequence(events, depth)), place)
        else:
            node = self.mapping(events, place, depth)
        if anchor:
            self.open.discard(anchor)
            self.anchors[anchor] = (node, self.nodes - before)
        return node

    def alias(self, anchor: str, place: Place, depth: int) -> Node:
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            self.problems.stop(place, f"more than {MAX_ALIASES} aliases")
        if anchor in self.open:
            self.problems.stop(place, f"the alias {show_text('*' + anchor)} stands inside of what it names")
        if anchor not in self.anchors:
            self.problems.stop(place, f"the alias {show_text('*' + anchor)} names nothing above it")
        node, size = self.anchors[anchor]
        self.count(place, size, depth)
        self.count(place, 0, depth + _height(node))
        return Node(node.value, place, keys=node.keys)

    def sequence(self, events: Iterator[Any], depth: int) -> Iterator[Node]:
        for event in events:
            if type(event).__name__ == "SequenceEndEvent":
                return
            yield self.node(events, event, depth + 1)

    def mapping(self, events: Iterator[Any], place: Place, depth: int) -> Node:
        nodes: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        for event in events:
            if type(event).__name__ == "MappingEndEvent":
                break
            key = self.key(events, event, depth)
            at = self.last
            value = self.node(events, next(events), depth + 1)
            if value.value is None:
                # Nothing has no place of its own: YAML's is wherever the next token begins.
                value = replace(value, place=at)
            if key in nodes:
                self.problems.add(at, f"duplicate key {show_text(key)}, first on line {keys[key].line}")
            elif key is not None:
                nodes[key], keys[key] = value, at
        return Node(nodes, place, keys=keys)

    def key(self, events: Iterator[Any], event: Any, depth: int) -> str | None:
        """The text of a key, however it would read as a value; None for what is no key."""
        place = self.at(event)
        self.node(events, event, depth + 1)
        self.last = place
        if type(event).__name__ != "ScalarEvent":
            self.problems.add(place, "expected a name as the key")
            return None
        text: str = event.value
        if text == "<<" and event.implicit[0]:
            self.problems.add(
                place, "merge keys are not read: write the keys out, or use an alias as a value"
            )
            return None
        if not text or _NOT_TEXT.search(text):
            self.problems.add(place, "expected a name as the key")
            return None
        return text

    def scalar(self, event: Any, place: Place) -> Node:
        text: str = event.value
        skip = {None: 0, "'": 1, '"': 1}.get(event.style)
        start = event.start_mark.index + (skip or 0)
        exact = skip is not None and self.text.startswith(text, start)
        if not event.implicit[0]:
            found = _NOT_TEXT.search(text)
            if found:
                self.problems.spoil(place, f"the character U+{ord(found[0]):04X} cannot stand in a text")
                return Node("", place)
            return Node(text, place, skip=skip if exact else None)
        return Node(self.resolve(text, place), place, skip=skip if exact else None)

    def resolve(self, text: str, place: Place) -> Any:
        """What a plain scalar means by the core schema of YAML 1.2: `no` and `1_000` are texts."""
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in "+-.0123456789" or len(text) > 400:
            return text
        if _INTEGER.fullmatch(text):
            return int(text)
        if _BASED.fullmatch(text):
            return int(text, 0)
        if _FLOAT.fullmatch(text) and abs(float(text)) != float("inf"):
            return float(text)
        if _FLOAT.fullmatch(text) or _NO_NUMBER.fullmatch(text):
            self.problems.spoil(place, f"expected a finite number, found {show_text(text)}")
            return 0
        return text


def _height(node: Node) -> int:
    """How many levels hang below a node; its expanded size is known to be small."""
    below = node.value if node.is_list else [value for _, value in node.items()]
    return 1 + max(map(_height, below), default=-1)
