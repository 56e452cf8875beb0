"""Devices: registered by the customer's app or site, taken away again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from channels.domain.devices import device_problems
from channels.models import Device
from channels.services.errors import ChannelError

MOST_OF_A_PERSON = 100


class InvalidDevice(ChannelError):
    """Bad input for a device."""

    code, status = "invalid", 422


def register_device(
    workspace_id: int, person_id: int, kind: Any, token: Any, keys: Mapping[str, Any] | None, now: datetime
) -> tuple[Device, bool]:
    """Keep a device of a person, or note that it is still there; True if it is new. Raises `InvalidDevice`.

    A token belongs to whoever registered it last; one that was given up as gone is valid again.
    """
    if problems := device_problems(kind, token, keys or {}):
        raise InvalidDevice(next(iter(problems.values())), problems)
    values = {"person_id": person_id, "keys": dict(keys or {}), "seen_at": now, "invalid_at": None}
    device, made = Device.objects.update_or_create(
        workspace_id=workspace_id, kind=kind, token=token, defaults=values,
        create_defaults={**values, "created_at": now},
    )  # fmt: skip
    if made:
        _drop_the_oldest(person_id)
    return device, made


def devices_of(person_id: int) -> QuerySet[Device]:
    """The devices of a person, those seen last first."""
    return Device.objects.filter(person_id=person_id).order_by("-seen_at", "-pk")


def forget_device(workspace_id: int, device_id: int) -> bool:
    """Remove a device; False if this workspace has no such device."""
    return bool(Device.objects.filter(workspace_id=workspace_id, pk=device_id).delete()[0])


def _drop_the_oldest(person_id: int) -> None:
    """Apps that register anew at every start must not pile up without end."""
    surplus = devices_of(person_id).values_list("pk", flat=True)[MOST_OF_A_PERSON:]
    if found := list(surplus):
        Device.objects.filter(pk__in=found).delete()
