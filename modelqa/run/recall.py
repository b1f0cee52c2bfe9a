"""What an earlier run measured of the same inputs: found again, or kept for the next one."""

import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from modelqa.cache import code
from modelqa.core import kept as content
from modelqa.core.kept import Kept
from modelqa.core.ports import Predictions
from modelqa.core.result import Measurement
from modelqa.run import said as said_
from modelqa.run.keys import key_of_check, key_of_predictions
from modelqa.run.plan import Planned

if TYPE_CHECKING:
    from modelqa.run.opened import Opened, Side

Of = Literal["batch", "reference"]


def recalled(planned: Planned, opened: "Opened") -> Kept | None:
    """What a check measured of these inputs before; None where nobody knows, or nothing is kept."""
    if opened.settings.cache is None:
        return None
    return opened.once("kept", planned.id, make=lambda: _recalled(planned, opened))


def _recalled(planned: Planned, opened: "Opened") -> Kept | None:
    key, cache = _key(planned, opened), opened.settings.cache
    found = cache.get(key) if cache and key else None
    try:
        kept = content.loads(found) if found else None
    except ValueError:
        return None
    return kept if kept and kept.measurements and code.unchanged(kept.code) else None


def keep(planned: Planned, opened: "Opened", found: Iterable[Measurement], notes: tuple[str, ...]) -> None:
    """Keep what a check has measured, if that follows from its key and the inputs are still those of it."""
    cache = opened.settings.cache
    key = None if cache is None or opened.outside else _key(planned, opened)
    if cache is None or key is None or not _still(opened):
        return
    loaded = code.loaded()
    if loaded is None:
        return
    try:
        cache.put(key, content.dumps(Kept(tuple(found), notes=notes, code=loaded)))
    except (TypeError, ValueError):  # evidence that is no JSON
        return


def predicted(opened: "Opened", side: "Side", of: "Of", predict: Callable[[], Predictions]) -> Predictions:
    """What a model says of a table: what it said of the same rows before, or else what it says now.

    What it warns of now has to be told each time, so that such predictions are not kept.
    """
    cache, known = opened.settings.cache, known_predictions(opened, side, of)
    if cache is None or known is not None:
        return predict() if known is None else known
    with warnings.catch_warnings(record=True) as warned:
        said = predict()
    for each in warned:
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    key = _predictions_key(opened, side, of)
    loaded = code.loaded() if key and not warned and _still(opened) else None
    content = None if loaded is None else said_.dumps(said, loaded)
    if key and content is not None:
        cache.put(key, content)
    return said


def known_predictions(opened: "Opened", side: "Side", of: "Of" = "batch") -> Predictions | None:
    """What a model said of the same rows before; None where nobody knows, or nothing is kept."""
    if opened.settings.cache is None:
        return None
    return opened.once("said", side, of, make=lambda: _known_predictions(opened, side, of))


def _known_predictions(opened: "Opened", side: "Side", of: "Of") -> Predictions | None:
    cache, key = opened.settings.cache, _predictions_key(opened, side, of)
    found = cache.get(key) if cache and key else None
    if found is None:
        return None
    said, files = said_.loads(found)
    return said if code.unchanged(files) else None


def _predictions_key(opened: "Opened", side: "Side", of: "Of") -> str | None:
    if side == "dummy" or opened.logged(side):
        return None
    try:
        return key_of_predictions(opened, side, of)
    except Exception:  # as below
        return None


def _still(opened: "Opened") -> bool:
    """Whether the inputs are still those of the key."""
    stamps = (getattr(part, "stamp", None) for part in opened.made("found", "rows"))
    return all(stamp.holds() for stamp in stamps if stamp is not None)


def _key(planned: Planned, opened: "Opened") -> str | None:
    try:
        return key_of_check(planned, opened)
    except Exception:  # whatever keeps a part from being found or read is told by who measures
        return None
