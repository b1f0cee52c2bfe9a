"""A check's docstring as its manual: what it means, what each key does, and an example."""

import re
from dataclasses import dataclass
from inspect import cleandoc

_SENTENCE = re.compile(r"(?<=[.;:])\s+(?=[A-Z`(])")
_EXAMPLE = "Example::"


@dataclass(frozen=True, slots=True)
class Doc:
    """The parts of a docstring: its first sentence, its other paragraphs, and its example as YAML."""

    summary: str = ""
    paragraphs: tuple[str, ...] = ()
    example: str = ""

    def of(self, name: str) -> str:
        """What is said of a parameter: the sentence that begins with it, or else names it.

        >>> read("Count flips.\\n\\nOf ``column``. ``trials`` is how often.").of("trials")
        '`trials` is how often.'
        """
        sentences = [part for text in self.paragraphs for part in _SENTENCE.split(text)]
        word = rf"{re.escape(name)}(?!\w)"
        for pattern in (rf"^`{word}", rf"`{word}", rf"(?i)\b{word}"):
            for sentence in sentences:
                if re.search(pattern, sentence):
                    return sentence
        return ""


def read(docstring: str | None) -> Doc:
    """Read a docstring, as plain text in paragraphs of one line each.

    >>> read("Count flips.\\n\\nA flip is\\na change.\\n\\nExample::\\n\\n    - flips: age\\n")
    Doc(summary='Count flips.', paragraphs=('A flip is a change.',), example='- flips: age')
    """
    before, _, after = cleandoc(docstring or "").partition(_EXAMPLE)
    blocks = [" ".join(block.split()) for block in re.split(r"\n\s*\n", before) if block.strip()]
    first, *others = [block.replace("``", "`") for block in blocks] or [""]
    return Doc(first, tuple(others), _indented(after))


def _indented(text: str) -> str:
    """The indented block that a text begins with, without its indentation."""
    lines = text.splitlines()
    end = next((n for n, line in enumerate(lines) if line.strip() and not line.startswith(" ")), len(lines))
    return cleandoc("\n".join(["", *lines[:end]]))
