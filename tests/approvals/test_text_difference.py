"""Two texts side by side: every word that differs is marked, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.text_difference import ADDED, REMOVED, SAME, compare


def marked(parts: list, kind: str) -> list[str]:
    return [part.text for part in parts if part.kind == kind]


@pytest.mark.parametrize(
    ("before", "after", "removed", "added"),
    [
        ("Dear Ada, hello", "Dear Ada, hello", [], []),
        ("Dear Ada", "Dear Bob", ["Ada"], ["Bob"]),
        ("20 % off", "30 % off", ["20"], ["30"]),
        ("", "All of it", [], ["All of it"]),
        ("All of it", "", ["All of it"], []),
        ("Hello you", "Good day", ["Hello you"], ["Good day"]),
        ("one\ntwo\nthree\n", "one\nthree\n", ["two\n"], []),
        ("{{ person.first_name }}!", "{{ person.last_name }}!", ["first_name"], ["last_name"]),
    ],
)
def test_the_words_that_differ_are_marked(
    before: str, after: str, removed: list[str], added: list[str]
) -> None:
    left, right = compare(before, after)
    assert marked(left, REMOVED) == removed
    assert marked(right, ADDED) == added


@given(st.text(alphabet="ab \n.", max_size=60), st.text(alphabet="ab \n.", max_size=60))
def test_each_side_put_together_is_its_text(before: str, after: str) -> None:
    left, right = compare(before, after)
    assert "".join(part.text for part in left) == before
    assert "".join(part.text for part in right) == after
    assert "".join(marked(left, SAME)) == "".join(marked(right, SAME))
    assert {part.kind for part in left} <= {SAME, REMOVED}
    assert {part.kind for part in right} <= {SAME, ADDED}


def test_long_texts_are_compared_by_lines() -> None:
    lines = "".join(f"line {number}\n" for number in range(20_000))
    left, right = compare("word " * 40_000 + "\n" + lines, "other " * 40_000 + "\n" + lines)
    assert [part.kind for part in left] == [REMOVED, SAME]
    assert [part.kind for part in right] == [ADDED, SAME]
