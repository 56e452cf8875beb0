"""Fixtures of the engine's tests."""

from tests.engine.scripted_provider import scripted

__all__ = ["scripted"]
