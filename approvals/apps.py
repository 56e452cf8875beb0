"""Application entry of approvals."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Registers the app with Django."""

    name = "approvals"
    verbose_name = "Approvals"
