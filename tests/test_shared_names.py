"""The tests of the running product share one workspace: what each makes there has a name that no other test uses."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.sharing_out import GROUPS

TESTS = Path(__file__).resolve().parent
#: How a test makes something with a fixed name: a list, something by the API, something on a page with a name's field.
MADE = (
    r'list_of\(\s*"([^"]+)"',
    r'"/(?:connections|lists|segments|topics|labels|objects)",\s*\{\s*"name":\s*"([^"]+)"',
    r'get_by_label\("Name"(?:, exact=True)?\)\.fill\("([^"]+)"\)',
    r'get_by_label\("or on a new list"\)\.fill\("([^"]+)"\)',
    r'connect\([^)]*, "([^"]+)"\)',
)
#: The people that a test brings, by the beginning of their ids, and their numbers.
PEOPLE = (r'"external_id": f?"([^"{]+)', r'"phone": f"(\+[^{]+)')


def files() -> list[Path]:
    """Those of the group that shares the product."""
    return [
        path
        for path in sorted(TESTS.rglob("*.py"))
        if f"tests/{path.relative_to(TESTS).as_posix()}".startswith(GROUPS["installations"])
    ]


def used_twice(patterns: tuple[str, ...], at_least: int) -> list[str]:
    """What stands in two files; the patterns must still find something."""
    texts = [path.read_text() for path in files()]
    found = [{name for pattern in patterns for name in re.findall(pattern, text)} for text in texts]
    times = Counter(name for names in found for name in names)
    assert len(times) > at_least
    return [name for name in times if times[name] > 1]


def test_no_two_files_make_something_of_the_same_name() -> None:
    assert used_twice(MADE, 20) == []


def test_no_two_files_bring_the_same_people() -> None:
    assert used_twice(PEOPLE, 15) == []
