"""The typed search of the campaign list, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.console.search import KEYS, parse


@pytest.mark.parametrize(
    ("text", "filters", "words"),
    [
        ("", {}, []),
        ("Spring Sale", {}, ["spring", "sale"]),
        ("status:running", {"status": ["running"]}, []),
        ("status:running status:stopped", {"status": ["running", "stopped"]}, []),
        ('label:"Win back" hello', {"label": ["Win back"]}, ["hello"]),
        ("is:mine", {"quick": ["mine"]}, []),
        ("IS:MINE", {"quick": ["mine"]}, []),
        ('label:"never closed', {"label": ["never closed"]}, []),
        ("50%_off!", {}, ["50", "_off"]),
    ],
)
def test_reads_what_is_typed(text: str, filters: dict[str, list[str]], words: list[str]) -> None:
    found = parse(text)
    assert (found.filters, found.words, found.problems) == (filters, words, [])


def test_says_what_it_does_not_know() -> None:
    assert "There is no filter “colour:”" in parse("colour:red").problems[0]
    assert "“is:blue” is not known" in parse("is:blue").problems[0]


@given(st.text(max_size=80))
def test_takes_any_text(text: str) -> None:
    found = parse(text)
    assert set(found.filters) <= set(KEYS.values())
    assert all(word == word.lower() for word in found.words)
