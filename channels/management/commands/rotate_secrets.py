"""`manage.py rotate_secrets`: encrypt all secrets anew with the first of the keys."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from channels.services.rotation import rotate_secrets


class Command(BaseCommand):
    """After a new key has been put first into CONNECTION_SECRET_KEYS; afterwards the old ones can go."""

    help = "Encrypt the secrets of connections anew with the first of CONNECTION_SECRET_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        report = rotate_secrets()
        self.stdout.write(f"{report.done} encrypted with the newest key.")
        if report.unreadable:
            raise CommandError(
                "None of the keys opens these; enter their secrets again: " + ", ".join(report.unreadable)
            )
