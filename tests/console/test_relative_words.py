"""How long it is to a time, or ago: what the server says. tests/browser/test_explanations.py has the browser say it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from config.console.templatetags.console import relative_words
from tests.factories import NOW

MINUTE, HOUR, DAY = 60, 3_600, 86_400
#: Seconds from now → words.
TABLE = {
    10: "in a moment",
    -10: "just now",
    45: "in 1 minute",
    -100: "2 minutes ago",
    59 * MINUTE: "in 59 minutes",
    HOUR: "in 60 minutes",
    -90 * MINUTE: "90 minutes ago",
    119 * MINUTE: "in 119 minutes",
    119.6 * MINUTE: "in 2 hours",
    2.4 * HOUR: "in 2 hours",
    2.6 * HOUR: "in 3 hours",
    -DAY: "24 hours ago",
    36 * HOUR: "in 36 hours",
    47 * HOUR: "in 47 hours",
    47.6 * HOUR: "in 2 days",
    2 * DAY: "in 2 days",
    2.4 * DAY: "in 2 days",
    -2.6 * DAY: "3 days ago",
    400 * DAY: "in 400 days",
}


@pytest.mark.parametrize(("seconds", "words"), TABLE.items())
def test_the_nearest_number_in_a_unit_that_does_not_mislead(seconds: float, words: str) -> None:
    assert relative_words(NOW + timedelta(seconds=seconds), NOW) == words
