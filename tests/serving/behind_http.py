"""What the tests of served models share: a fake model behind a server that fails as wanted, and rows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pandas as pd

from modelqa.core.subject import Endpoint
from modelqa.fake_servers import Fault, ModelServer
from modelqa.models.http import Served, find
from modelqa.testing import FakeModel, in_process


@contextmanager
def served(
    model: FakeModel | None = None,
    fault: Callable[[int], Fault] = lambda _: "",
    timeout: float = 5.0,
) -> Iterator[tuple[ModelServer, Served]]:
    """A server with a fake model, and the model as modelqa reaches it."""
    with ModelServer(in_process(model or FakeModel("regression")), fault) as server:
        reached = find(Endpoint(server.url, timeout=timeout)).load()
        assert isinstance(reached, Served)
        try:
            yield server, reached
        finally:
            reached.close()


def rows(count: int = 60) -> pd.DataFrame:
    """Two real columns, a category, and a label that follows the first."""
    age = pd.Series(range(count), dtype="float64")
    return pd.DataFrame(
        {"age": age, "income": (age * 7) % 11 / 3, "churned": (age > count / 2).astype("int64")}
    )
