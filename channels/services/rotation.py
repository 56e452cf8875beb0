"""Rotation of the keys that secrets are encrypted with: everything readable is written again under the newest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction

from channels.domain.secrets import SecretsUnreadable, rotate
from channels.engine.lines import secret_keys
from channels.models import Connection, Site


@dataclass(slots=True)
class Rotated:
    """What a rotation did."""

    done: int = 0
    unreadable: list[str] = field(default_factory=list)
    """What none of the keys opens: its secrets have to be entered again."""


def rotate_secrets() -> Rotated:
    """Encrypt all secrets anew with the first key; row by row, so that it may be stopped and run again."""
    report = Rotated()
    # Until the first rotation, secrets may still be under the key that Django itself has.
    own = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    keys = list(dict.fromkeys([*secret_keys(), *own]))
    _rotate(Connection.objects.exclude(secrets="").values_list("pk", flat=True), Connection, keys, report)
    _rotate(Site.objects.values_list("pk", flat=True), Site, keys, report)
    return report


def _rotate(
    ids: Iterable[int], model: type[Connection] | type[Site], keys: list[str], report: Rotated
) -> None:
    for pk in list(ids):
        with transaction.atomic():
            row = model._default_manager.select_for_update().filter(pk=pk).first()
            if row is None or not row.secrets:
                continue
            try:
                row.secrets = rotate(row.secrets, keys)
            except SecretsUnreadable:
                report.unreadable.append(f"{model._meta.verbose_name} {pk} ({row})")
                continue
            row.save(update_fields=["secrets"])
            report.done += 1
