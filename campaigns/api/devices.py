"""Devices: what a person's app or browser registers, so that push notifications reach it."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status
from pydantic import BaseModel, Field

from campaigns.api.access import member_of, require
from campaigns.api.people import person_of
from campaigns.api.shapes import Body, answers
from campaigns.services.errors import NotFound
from channels.domain.devices import LONGEST_TOKEN
from channels.services.devices import devices_of, forget_device, register_device

router = Router(tags=["People"])


class DeviceIn(Body):
    """A device. `kind` is `push` (`token` is the app's registration token) or `web_push` (`token` is the
    subscription's endpoint, `keys` its `p256dh` and `auth`)."""

    kind: Annotated[str, Field(examples=["push"])]
    token: Annotated[str, Field(max_length=LONGEST_TOKEN, examples=["a-registration-token"])]
    keys: dict[str, str] = {}


class DeviceOut(BaseModel):
    """A device; `invalid_at`: since when the push service does not know it any more."""

    id: int
    kind: str
    token: str
    created_at: datetime
    seen_at: datetime
    invalid_at: datetime | None


class DeviceList(BaseModel):
    """A person's devices, those seen last first."""

    items: list[DeviceOut]


@router.post("/people/{path:external_id}/devices", response={201: DeviceOut, **answers(DeviceOut)})
def register(request: HttpRequest, external_id: str, body: DeviceIn) -> Any:
    """Register a device, or say that it is still there. Who registers another person's token takes it over."""
    member = require(request, "import_people")
    person = person_of(member, external_id)
    device, made = register_device(
        member.workspace_id, person.pk, body.kind, body.token, body.keys, timezone.now()
    )
    return Status(201 if made else 200, _shown(device))


@router.get("/people/{path:external_id}/devices", response=answers(DeviceList))
def list_devices(request: HttpRequest, external_id: str) -> Any:
    """The devices of a person."""
    return {"items": [_shown(device) for device in devices_of(person_of(member_of(request), external_id).pk)]}


@router.delete("/devices/{id:device_id}", response=answers(None, 204))
def forget(request: HttpRequest, device_id: int) -> Any:
    """Remove a device, as when somebody logs out of the app."""
    if not forget_device(require(request, "import_people").workspace_id, device_id):
        raise NotFound("There is no such device in this workspace.")
    return Status(204, None)


def _shown(device: Any) -> dict[str, Any]:
    return {name: getattr(device, name) for name in DeviceOut.model_fields}
