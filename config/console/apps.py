"""Application entry of the page toolkit."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Template tags, middleware and base views shared by every page."""

    name = "config.console"
    label = "console"
    verbose_name = "Console"
