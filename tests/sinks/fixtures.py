"""Fixtures: one sink process a test module, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sinks.sink import Sink


@pytest.fixture(scope="module")
def running_smtp_sink() -> Iterator[Sink]:
    """The module's SMTP sink process."""
    with Sink("smtp", keep_bodies=True) as sink:
        yield sink


@pytest.fixture(scope="module")
def running_http_sink() -> Iterator[Sink]:
    """The module's HTTP sink process."""
    with Sink("http", keep_bodies=True) as sink:
        yield sink


@pytest.fixture
def smtp_sink(running_smtp_sink: Sink) -> Sink:
    """An SMTP sink without faults and with an empty journal."""
    running_smtp_sink.reset()
    return running_smtp_sink


@pytest.fixture
def http_sink(running_http_sink: Sink) -> Sink:
    """An HTTP sink without faults and with an empty journal."""
    running_http_sink.reset()
    return running_http_sink
