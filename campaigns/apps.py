"""Application entry of campaigns."""

from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate


class CampaignsConfig(AppConfig):
    """Registers the app with Django, and the timetable of its duties with beat."""

    name = "campaigns"
    verbose_name = "Campaigns"

    def ready(self) -> None:
        # After beat's own tables: on a fresh database that app may migrate after this one.
        post_migrate.connect(
            fill_timetable, sender=apps.get_app_config("django_celery_beat"), dispatch_uid="timetable"
        )


def fill_timetable(**options: Any) -> None:
    """Add missing periodic tasks; imported late, since models are not ready when apps are registered."""
    from campaigns.services import timetable

    timetable.fill(**options)
