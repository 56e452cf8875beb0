"""Application entry of channels."""

from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    """Registers the app with Django."""

    name = "channels"
    verbose_name = "Channels"
