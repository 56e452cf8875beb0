"""Project configuration: settings, URLs, Celery, the embedded services and the shared page toolkit."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
