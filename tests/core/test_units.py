"""Numbers with units."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelqa.core.units import Unit, parse, show, suffixes


@pytest.mark.parametrize(
    ("written", "value", "unit"),
    [
        ("40 ms", 0.04, Unit.SECONDS),
        ("40ms", 0.04, Unit.SECONDS),
        ("1.5 s", 1.5, Unit.SECONDS),
        ("250 us", 0.00025, Unit.SECONDS),
        ("2 min", 120.0, Unit.SECONDS),
        ("0.1%", 0.001, Unit.SHARE),
        ("1 pp", 0.01, Unit.SHARE),
        ("-0.5 pp", -0.005, Unit.SHARE),
        ("2 GiB", 2.0 * 2**30, Unit.BYTES),
        ("1 MB", 1e6, Unit.BYTES),
        ("100 /s", 100.0, Unit.PER_SECOND),
        (0.9, 0.9, Unit.NUMBER),
        ("1e-3", 0.001, Unit.NUMBER),
        (7, 7.0, Unit.NUMBER),
    ],
)
def test_a_number_is_read_in_its_base_unit(written: object, value: float, unit: Unit) -> None:
    """Seconds, bytes, shares and plain numbers, exactly."""
    found = parse(written)
    assert (found.value, found.unit) == (value, unit)


@pytest.mark.parametrize(
    "written", ["fast", "", "40 parsecs", "1 2", True, None, [1], "infinity", "inf", float("nan"), "1e400"]
)
def test_what_is_no_number_is_refused(written: object) -> None:
    """Words, truth values, unknown units and what is not finite."""
    with pytest.raises(ValueError, match=r"expected|unknown unit"):
        parse(written)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail otherwise."""
    try:
        found = parse(text)
    except ValueError:
        return
    assert math.isfinite(found.value)


@given(st.floats(1e-6, 1e6), st.sampled_from([Unit.SECONDS, Unit.BYTES]))
def test_what_is_shown_can_be_read_again(value: float, unit: Unit) -> None:
    """Printing and reading agree to the digits printed."""
    shown = show(value, unit).replace(",", "")
    assert parse(shown).value == pytest.approx(value, rel=0.006)


def test_every_unit_with_suffixes_lists_them() -> None:
    """Error messages can name what fits."""
    assert set(suffixes(Unit.SECONDS)) >= {"ms", "s", "min"}
    assert suffixes(Unit.NUMBER) == ()
