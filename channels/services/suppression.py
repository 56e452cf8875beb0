"""Suppression: addresses that must not be contacted, and the unsubscribe links that put them there."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from channels.engine.tokens import UnsubscribeToken, read_unsubscribe
from channels.models import Suppression


@dataclass(frozen=True, slots=True)
class Unsubscription:
    """What an unsubscribe page needs: who is asking, from whom, and whether it is done already."""

    workspace_id: int
    workspace: str
    address: str
    """The person's e-mail address; "" if the person is gone."""
    done: bool

    @property
    def masked_address(self) -> str:
        """The address as a page that anybody with the link can open may show it: ``a•••@example.com``."""
        local, at, domain = self.address.partition("@")
        return f"{local[:1]}•••{at}{domain}" if at else ""


def suppress(workspace_id: int, address_kind: str, address: str, reason: str) -> bool:
    """Never contact the address again; ``address_kind`` is email or phone. False if it was on the list already.

    Somebody who has unsubscribed stays so, whatever else happens to the address.
    """
    address = address.strip().lower() if address_kind == "email" else address.strip()
    if not address:
        return False
    entry, made = Suppression.objects.get_or_create(
        workspace_id=workspace_id, address_kind=address_kind, address=address, defaults={"reason": reason}
    )
    if not made and reason == "unsubscribed" != entry.reason:
        entry.reason = reason
        entry.save(update_fields=["reason"])
    return made


def lift(workspace_id: int, address_kind: str, address: str) -> bool:
    """Take an address off the list, because its owner asked for it. False if it was not there."""
    found = Suppression.objects.filter(workspace_id=workspace_id, address_kind=address_kind, address=address)
    return bool(found.delete()[0])


def look_up(token: str) -> Unsubscription | None:
    """What a link is about; changes nothing (mail programs open links by themselves). None for a forged token."""
    read = read_unsubscribe(token)
    return _unsubscription(read) if read else None


def unsubscribe(token: str) -> Unsubscription | None:
    """Do what a link asks for (a POST only, RFC 8058); harmless to repeat. None for a forged token."""
    found = look_up(token)
    if found and found.address:
        suppress(found.workspace_id, "email", found.address, "unsubscribed")
    return look_up(token) if found else None


_WHO = """
SELECT workspace.name, coalesce(person.email, ''), coalesce(suppression.reason = 'unsubscribed', person.id IS NULL)
FROM campaigns_workspace AS workspace
LEFT JOIN campaigns_person AS person ON person.workspace_id = workspace.id AND person.id = %s
LEFT JOIN channels_suppression AS suppression
    ON suppression.workspace_id = workspace.id AND suppression.address_kind = 'email' AND suppression.address = person.email
WHERE workspace.id = %s
"""


def _unsubscription(token: UnsubscribeToken) -> Unsubscription | None:
    with connection.cursor() as cursor:
        cursor.execute(_WHO, [token.person_id, token.workspace_id])
        row = cursor.fetchone()
    return Unsubscription(token.workspace_id, *row) if row else None
