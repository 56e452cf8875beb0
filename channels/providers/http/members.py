"""Audiences of advertising networks: members leave here only as hashes, many in one call."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from channels.providers.base import Message, Outcome
from channels.providers.http.sender import Transport


@dataclass(frozen=True, slots=True)
class Member:
    """One person as the networks match them."""

    email: str
    phone: str
    """E.164, with its plus sign."""

    def email_hash(self) -> str:
        """SHA-256 of the address in small letters; "" without one."""
        return sha256(self.email)

    def phone_hash(self, *, plus: bool) -> str:
        """SHA-256 of the number, with or without its plus sign; "" without one."""
        return sha256(self.phone if plus else self.phone.removeprefix("+"))


def sha256(text: str) -> str:
    """The hash in hexadecimal; "" of nothing."""
    return hashlib.sha256(text.encode()).hexdigest() if text else ""


class AudienceTransport(Transport):
    """Adds or removes the people of many messages with one call."""

    gather_seconds = 0.05

    async def upload(
        self, session: aiohttp.ClientSession, members: Sequence[Member], *, remove: bool
    ) -> Outcome:
        """One call; its outcome is that of every member."""
        raise NotImplementedError

    async def send_many(
        self, session: aiohttp.ClientSession, messages: Sequence[Message]
    ) -> Sequence[Outcome]:
        """One call for those to add and one for those to remove; nobody without an address is in them."""
        outcomes: dict[int, Outcome] = {}
        for remove in (False, True):
            group = [m for m in messages if (m.parts.get("membership") == "remove") is remove]
            known = [(message, member) for message in group if (member := member_of(message))]
            nobody = Outcome.failed("no_address", "The person has neither an email address nor a number.")
            outcomes |= {message.key: nobody for message in group}
            if known:
                outcome = await self.upload(session, [member for _, member in known], remove=remove)
                outcomes |= {message.key: outcome for message, _ in known}
        return [outcomes[message.key] for message in messages]


def member_of(message: Message) -> Member | None:
    """The person of a message, normalised as every network asks; None without an address."""
    email = str(message.person.get("email") or "").strip().lower()
    phone = str(message.person.get("phone") or "").strip()
    return Member(email, phone) if email or phone else None
