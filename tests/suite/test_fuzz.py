"""Whatever is done to a suite's text, it loads or its problems have a place."""

import random
import re

import pytest
from loading import Load

from modelqa.errors import SuiteError

MUTATIONS = 1000
SHARDS = 4
EXAMPLE = """\
# suites/churn.suite.yaml
suite: churn
model: models:/churn@challenger
champion: models:/churn@champion       # optional
batch: "${BATCH:-data/2026-11-22.parquet}"
reference: data/train.parquet
labels: {path: labels.parquet, on: customer_id, column: churned}
positive: "yes"
slices: [region, {name: newcomers, where: "tenure < 3 and plan in ('a', 'b')"}]
false_alarms: 1%
confidence: 95%
inconclusive: warn

checks:
  - metric: roc_auc
    min: 0.90
    warn_min: 0.92
    slices: [region]
  - metric: roc_auc
    versus: champion
    min: -1 pp
  - latency: p95
    max: 40 ms
    rows: 32
    tags: [slow]
  - latency: p95
    versus: champion
    max: 10%
  - errors: rate
    max: 0.1%
    expect_failure: {reason: known, until: 2030-01-31}
  - schema: &contract {age: {type: int, min: 18, max: 120, in: [a, 'b']}}
  - expect: column_values_to_be_between
    column: age
    min_value: 18
    mostly: 0.99
  - drift: [age, tenure]
    max: 0.1
    name: drift-of-two

actions:
  - ticket: github
    on: failed
  - promote: champion
    on: [passed, warned]
"""
PIECES = (
    *(
        "${X}",
        "*contract",
        "&a ",
        "!!int ",
        "<<: ",
        "\t",
        "- ",
        ": ",
        "\x00",
        "\ufeff",
        "'",
        '"',
        "{",
        "]",
        "|\n",
    ),
    *("é", "---\n", "?", "%", "#", "\\", "~", ".nan", "9" * 50, "no", "\r", "\u2028", "`"),
)
HEADS = re.compile(r"[a-z_]+(?=:)")


def mutated(dice: random.Random) -> bytes:
    """The example after one to three damages."""
    raw = EXAMPLE.encode()
    for _ in range(dice.choice((1, 1, 2, 3))):
        raw = dice.choice(DAMAGES)(raw, dice)
    return raw


def _flip(raw: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(raw) or 1)
    return raw[:at] + bytes([dice.randrange(256)]) + raw[at + 1 :]


def _cut(raw: bytes, dice: random.Random) -> bytes:
    return raw[: dice.randrange(len(raw) or 1)]


def _insert(raw: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(raw) or 1)
    return raw[:at] + dice.choice(PIECES).encode() + raw[at:]


def _lines(raw: bytes, dice: random.Random) -> bytes:
    lines = raw.split(b"\n")
    first, second = dice.randrange(len(lines)), dice.randrange(len(lines))
    match dice.randrange(4):
        case 0:
            del lines[first]
        case 1:
            lines[first], lines[second] = lines[second], lines[first]
        case 2:
            lines.insert(first, lines[second])
        case _:
            lines[first] = b" " * dice.randrange(1, 5) + lines[first]
    return b"\n".join(lines)


def _rename(raw: bytes, dice: random.Random) -> bytes:
    text = raw.decode("utf-8", "replace")
    heads = list(HEADS.finditer(text))
    if not heads:
        return raw
    head, other = dice.choice(heads), dice.choice(heads)
    name = dice.choice((other[0], head[0][:-1], head[0] + "x", head[0][::-1]))
    return (text[: head.start()] + name + text[head.end() :]).encode()


def _value(raw: bytes, dice: random.Random) -> bytes:
    """Another value behind some key."""
    text = raw.decode("utf-8", "replace")
    values = list(re.finditer(r"(?<=: )[^\n,}]+", text))
    if not values:
        return raw
    value = dice.choice(values)
    new = dice.choice(
        ("", "[]", "{}", "7", "-1", "true", "null", "[a, b]", "{a: 1}", "1e400", "${X}", "'x'", "0x1F")
    )
    return (text[: value.start()] + new + text[value.end() :]).encode()


DAMAGES = (_flip, _cut, _insert, _lines, _rename, _value)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_a_damaged_suite_loads_or_tells_where(load_text: Load, shard: int) -> None:
    """A thousand seeded damages: no other exception, and every problem has file, line and column."""
    dice = random.Random(shard)  # noqa: S311
    refused = 0
    for _ in range(MUTATIONS // SHARDS):
        raw = mutated(dice)
        try:
            load_text(raw)
        except SuiteError as error:
            refused += 1
            lines = len(raw.decode("utf-8", "replace").splitlines()) + 1
            for problem in error.problems:
                told = str(problem)
                assert re.match(r"a\.suite\.yaml:[1-9]\d*:[1-9]\d*: \S", told), told
                assert told.isprintable(), told
                assert problem.line <= lines, told
    assert refused > MUTATIONS // SHARDS // 2


def test_the_example_itself_loads(load_text: Load) -> None:
    """What is damaged above is a suite."""
    assert len(load_text(EXAMPLE).checks) == 8
