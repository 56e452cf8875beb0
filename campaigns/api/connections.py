"""Connections: provider accounts. Secrets go in and never come out."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status
from pydantic import BaseModel, Field

from campaigns.api.access import member_of, require
from campaigns.api.paging import PageQuery, page_by_id
from campaigns.api.shapes import Body, answers
from campaigns.models import Membership
from campaigns.services.errors import NotFound
from channels.models import Connection
from channels.services.connections import (
    check_connection,
    create_connection,
    secrets_set,
    shown_settings,
    start_connection,
    stop_connection,
)

router = Router(tags=["Connections"])


class ConnectionIn(Body):
    """A new connection; which settings a provider has is in its refusal of others."""

    name: str
    provider: Annotated[str, Field(examples=["smtp", "webhook", "in_app", "sandbox"])]
    settings: dict[str, Any] = {}
    rate_per_second: float | None = None
    parallelism: Annotated[int, Field(strict=True)] = 4
    hours: Annotated[
        dict[str, Any] | None,
        Field(
            description="Quiet hours on each person's clock, and a daily window on the workspace's.",
            examples=[{"quiet": {"from": "21:00", "until": "08:00"}}],
        ),
    ] = None
    tracking: Annotated[str, Field(description="Which e-mails count opens and clicks: off, html or all.")] = (
        "html"
    )


class ConnectionOut(BaseModel):
    """A connection; of its secrets only which are set."""

    id: int
    name: str
    provider: str
    status: str
    message: str
    settings: dict[str, Any]
    secrets_set: list[str]
    rate_per_second: float | None
    parallelism: int
    hours: dict[str, Any]
    tracking: str
    paused_until: datetime | None
    checked_at: datetime | None
    created_at: datetime


class CheckedConnection(ConnectionOut):
    """A connection and what the check found."""

    ok: bool
    check_message: str


class ConnectionPage(BaseModel):
    """Connections in the order in which they were made."""

    items: list[ConnectionOut]
    next: str | None


@router.get("/connections", response=answers(ConnectionPage))
def list_connections(request: HttpRequest, query: Query[PageQuery]) -> Any:
    """The connections of the workspace."""
    rows, cursor = page_by_id(Connection.objects.filter(workspace_id=member_of(request).workspace_id), query)
    return {"items": [_shown(connection) for connection in rows], "next": cursor}


@router.post("/connections", response=answers(ConnectionOut, 201))
def make_connection(request: HttpRequest, body: ConnectionIn) -> Any:
    """Make a connection (admins)."""
    member = require(request, "edit_connections")
    return Status(201, _shown(create_connection(member.workspace_id, body.given())))


@router.post("/connections/{id:connection_id}/check", response=answers(CheckedConnection))
def check(request: HttpRequest, connection_id: int) -> Any:
    """Really connect and log in, without sending anything; an error is set or cleared by what is found (admins)."""
    connection = _connection(require(request, "edit_connections"), connection_id)
    result = check_connection(connection, timezone.now())
    return {**_shown(connection), "ok": result.ok, "check_message": result.message}


@router.post("/connections/{id:connection_id}/start", response=answers(ConnectionOut))
def start(request: HttpRequest, connection_id: int) -> Any:
    """Let its channels send (admins)."""
    connection = _connection(require(request, "edit_connections"), connection_id)
    return _shown(start_connection(connection, timezone.now()))


@router.post("/connections/{id:connection_id}/stop", response=answers(ConnectionOut))
def stop(request: HttpRequest, connection_id: int) -> Any:
    """Nothing leaves through it any more; its channels wait (admins)."""
    connection = _connection(require(request, "edit_connections"), connection_id)
    return _shown(stop_connection(connection))


def _connection(membership: Membership, connection_id: int) -> Connection:
    found = Connection.objects.filter(workspace_id=membership.workspace_id, pk=connection_id).first()
    if found is None:
        raise NotFound("There is no such connection in this workspace.")
    return found


def _shown(connection: Connection) -> dict[str, Any]:
    names = set(ConnectionOut.model_fields) - {"settings", "secrets_set"}
    return {
        **{name: getattr(connection, name) for name in names},
        "settings": shown_settings(connection),
        "secrets_set": secrets_set(connection),
    }
