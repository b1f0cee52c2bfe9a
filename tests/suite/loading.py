"""What the tests of suites share: the type of the fixture that loads a text, and its problems."""

from collections.abc import Callable

import pytest

from modelqa.errors import SuiteError
from modelqa.suite.spec import Suite

Load = Callable[..., Suite]


def problems_of(load: Load, text: str | bytes, **environ: str) -> list[str]:
    """The problems of a text, as a user sees them."""
    with pytest.raises(SuiteError) as caught:
        load(text, **environ)
    return [str(problem) for problem in caught.value.problems]
