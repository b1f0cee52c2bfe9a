"""One answer a row, whatever people said of it."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.stats.reviews import resolve

REVIEWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(-1, 2), st.integers(0, 3), st.integers(0, 5)), max_size=40
)


@given(REVIEWS)
def test_the_rule_is_what_a_reader_would_do_by_hand(reviews: list[tuple[int, int, int, int]]) -> None:
    """Latest of each reviewer, majority, and the latest of a tie; pairs that agree by counting them."""
    latest: dict[int, dict[int, tuple[tuple[int, int], int]]] = {}
    for entry, (row, answer, reviewer, when) in enumerate(reviews):
        said = latest.setdefault(row, {})
        if reviewer not in said or (when, entry) >= said[reviewer][0]:
            said[reviewer] = ((when, entry), answer)
    columns = np.array(reviews, dtype=np.intp).reshape(-1, 4).T
    found = resolve(columns[0], columns[1], columns[2], columns[3].astype(float))
    assert found.rows.tolist() == sorted(latest)
    for at, row in enumerate(found.rows):
        said = latest[int(row)]
        votes = Counter(answer for _, answer in said.values())
        most = max(votes.values())
        tied = {answer for answer, count in votes.items() if count == most}
        assert found.answers[at] == max(pair for pair in said.values() if pair[1] in tied)[1]
        assert found.conflicted[at] == (len(votes) > 1)
        pairs = [a == b for (_, a), (_, b) in combinations(said.values(), 2)]
        assert found.agreement[at] == pytest.approx(np.mean(pairs) if pairs else np.nan, nan_ok=True)
