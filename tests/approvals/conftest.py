"""Browsers without a screen, as the console's tests have them."""

from tests.console.conftest import browse

__all__ = ["browse"]
