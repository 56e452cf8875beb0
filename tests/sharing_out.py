"""How the tests are shared out among the processes of a run, and in which order they go.

What pytest-xdist's own `loadgroup` does by a suffix of the test's name, which it writes into a private attribute that
this pytest no longer has: there every test goes alone to whoever is free, and a group is none. Here a file's tests stay
in one process, so that what they share is made once, and so do the groups below. The longest begins first: whole
installations, then everything else, file by file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

#: Files whose tests share something outside their process, by the beginning of their names: these start whole
#: installations and share one running product.
GROUPS = {
    "installations": (
        "tests/browser/", "tests/system/test_walkthrough.py", "tests/system/test_events_under_load.py", "tests/test_up.py",
    ),
}  # fmt: skip
#: What only this group may ask for.
OF_INSTALLATIONS = {"product", "up"}


class Sharing(LoadScopeScheduling):
    """Whole groups and whole files, in the order in which they were collected."""

    def __init__(self, config: pytest.Config, log: Any = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """Where the test belongs: a group's name, or its file."""
    file = nodeid.partition("::")[0]
    return next((name for name, files in GROUPS.items() if file.startswith(files)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing | None:
    """Share out by groups and files, unless the command line wants it otherwise."""
    return Sharing(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Put the groups first, after everybody else has had their order: the longest piece must not be the last."""
    yield
    strays = [item.nodeid for item in items if strays_from_installations(item)]
    if strays:
        raise pytest.UsageError(f"These start installations, so they belong into that group: {strays}")
    ranks = {name: rank for rank, name in enumerate(GROUPS)}
    items.sort(key=lambda item: ranks.get(group(item.nodeid), len(ranks)))


def strays_from_installations(item: pytest.Item) -> bool:
    """Whether the test starts installations without being of that group."""
    asks: Sequence[str] = getattr(item, "fixturenames", ())
    return bool(OF_INSTALLATIONS & set(asks)) and group(item.nodeid) != "installations"
