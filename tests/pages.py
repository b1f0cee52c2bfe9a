"""What is on a page: its elements, attributes and text, as a browser would read them."""

from html.parser import HTMLParser

ELEMENTS = set(
    """html head meta title style body main a svg defs pattern rect path div span br h1 h2 h3 p dl dt dd
    time ul li section header table thead tbody tr th td figure figcaption details summary pre code
    footer caption circle""".split()
)
ATTRIBUTES = set(
    """lang charset name content http-equiv class href id width height style aria-hidden aria-labelledby
    aria-label role viewbox patternunits patterntransform d x cx cy r scope data-label datetime""".split()
)


class Reader(HTMLParser):
    """What is on a page: elements, attributes, and the text that a reader sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "path", "rect", "br", "circle"):
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.text.append(data)

    def error(self, message: str) -> None:
        raise AssertionError(message)


def harmless(page: str) -> Reader:
    """The page, once it is shown to hold our elements and attributes, and no others."""
    read = Reader(page)
    assert {tag for tag, _ in read.elements} <= ELEMENTS
    assert {name for _, attrs in read.elements for name in attrs} <= ATTRIBUTES
    assert all(attrs["href"].startswith("#") for tag, attrs in read.elements if tag == "a" and attrs["href"])
    return read


def acts(text: str) -> list[str]:
    """The lines of a text that could be more than text in a terminal or in the log of a workflow."""
    hidden = "\u200b"  # what keeps a command from being one
    return [
        line
        for line in text.split("\n")
        if not line.replace(hidden, "").isprintable() or line.lstrip().startswith("::") or "##[" in line
    ]
