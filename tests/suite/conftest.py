"""Every suite of these tests sees the fake checks under the names of the real ones."""

from collections.abc import Iterator
from pathlib import Path

import fake_checks
import pytest
from loading import Load

from modelqa import catalog
from modelqa.suite.load import load
from modelqa.suite.spec import Suite


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the fakes into the catalogue for one test."""
    monkeypatch.setattr(catalog, "BUILT_IN", {**catalog.BUILT_IN, "checks": fake_checks.CATALOGUE})
    catalog.names.cache_clear()
    yield
    catalog.names.cache_clear()


@pytest.fixture
def load_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load a text as `a.suite.yaml`, from its own folder and with an empty environment."""
    monkeypatch.chdir(tmp_path)

    def load_(text: str | bytes, **environ: str) -> Suite:
        raw = text if isinstance(text, bytes) else text.encode()
        Path("a.suite.yaml").write_bytes(raw)
        return load("a.suite.yaml", environ=environ)

    return load_
