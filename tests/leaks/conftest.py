"""Suites run inside of tests."""

import pytest
from inner_runs import load_all


@pytest.fixture(scope="session", autouse=True)
def _loaded() -> None:
    load_all()
