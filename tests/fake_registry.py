"""A stand-in for the registry's client of MLflow: in memory, with its errors and its one promise.

The promise is that a registered model's name is made once. ``between`` is called at every call, so that a
test can let somebody else act there.
"""

import re
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


class Exists(Exception):
    """As MLflow's error of a name that is taken."""

    error_code = "RESOURCE_ALREADY_EXISTS"


class Missing(Exception):
    """As MLflow's error of a name that nobody has."""

    error_code = "RESOURCE_DOES_NOT_EXIST"


class FakeRegistry:
    """Registered models with aliases and tags, and versions with tags."""

    tracking_uri = "fake://registry"

    def __init__(self, between: Callable[[str], None] = lambda _: None) -> None:
        self.models: dict[str, SimpleNamespace] = {}
        self.versions: dict[tuple[str, str], dict[str, str]] = {}
        self.moves: list[tuple[str, str, str]] = []
        self.between = between
        self._lock = threading.RLock()

    def add(self, name: str, *versions: str, **aliases: str) -> "FakeRegistry":
        """A model with these versions and aliases."""
        self.models[name] = SimpleNamespace(name=name, aliases=dict(aliases), tags={})
        self.versions |= {(name, version): {} for version in versions}
        return self

    def create_registered_model(self, name: str, tags: Any = None, description: str = "") -> None:
        """Made once."""
        self.between("create")
        with self._lock:
            if name in self.models:
                raise Exists(name)
            self.models[name] = SimpleNamespace(name=name, aliases={}, tags=dict(tags or {}))

    def delete_registered_model(self, name: str) -> None:
        """Gone."""
        self.between("delete")
        with self._lock:
            if self.models.pop(name, None) is None:
                raise Missing(name)

    def get_registered_model(self, name: str) -> Any:
        """As it is now, as a copy."""
        self.between("get")
        with self._lock:
            found = self.models.get(name)
            if found is None:
                raise Missing(name)
            return SimpleNamespace(name=name, aliases=dict(found.aliases), tags=dict(found.tags))

    def search_registered_models(self, filter_string: str, max_results: int, page_token: Any = None) -> Any:
        """Those whose name is like a pattern, page by page."""
        self.between("search")
        like = re.fullmatch(r"name LIKE '(.*)%'", filter_string)
        assert like
        with self._lock:
            names = sorted(name for name in self.models if name.startswith(like[1]))
            start = int(page_token or 0)
            page = [self.get_registered_model(name) for name in names[start : start + max_results]]
            more = str(start + max_results) if len(names) > start + max_results else None
        return _Page(page, more)

    def set_registered_model_tag(self, name: str, key: str, value: str) -> None:
        """Set or replaced."""
        self.between("tag")
        with self._lock:
            if name not in self.models:
                raise Missing(name)
            self.models[name].tags[key] = value

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Gone, if it was there."""
        self.between("untag")
        with self._lock:
            self.models[name].tags.pop(key, None)

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        """Set or replaced, whatever it was: there is no compare-and-swap."""
        self.between("alias")
        with self._lock:
            self.models[name].aliases[alias] = version
            self.moves.append((name, alias, version))


class _Page(list[Any]):
    def __init__(self, items: list[Any], token: str | None) -> None:
        super().__init__(items)
        self.token = token
