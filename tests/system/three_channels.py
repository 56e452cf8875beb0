"""An outreach campaign over real mail and two vendors' servers, real worker processes, and the beat's part of it."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.utils import timezone

from campaigns.engine import ledger as proof
from campaigns.models import Campaign, Membership, Person, Segment
from campaigns.services import duties
from campaigns.services.actors import Actor
from campaigns.services.campaigns import create_campaign
from campaigns.services.channel_actions import perform_channel
from campaigns.services.counts import channel_counts
from channels.models import Channel, Connection
from channels.services.connections import create_connection
from tests import factories
from tests.faults.nursery import Nursery
from tests.people.files import as_csv, brought_in, people_rows
from tests.sinks.sink import Sink
from tests.vendors.server import Reply
from tests.vendors.twilio import Twilio

LATENCY_SECONDS = 0.03
PARALLELISM = 8
WORKERS = 3


class SlowTwilio(Twilio):
    """Takes a while for each message, as networks do."""

    async def _create(self, request: Any) -> Reply:
        await asyncio.sleep(LATENCY_SECONDS)
        return await super()._create(request)

    def numbers(self) -> Counter[str]:
        """How often each number was texted or called."""
        return Counter(entry["To"] for entry in list(self.journal))


class ThreeChannels:
    """The campaign, its servers and its people; what a member does to it and what must then be so."""

    def __init__(
        self, member: Membership, people: int, folder: Path, mail: Sink, texts: SlowTwilio, calls: SlowTwilio
    ):
        self.mail, self.texts, self.calls = mail, texts, calls
        self.actor = Actor.member(member)
        workspace = member.workspace
        listed = Segment.objects.create(workspace=workspace, name="Contacts")
        brought_in(
            workspace, folder / "people.csv", as_csv(people_rows(people)), timezone.now(), segment=listed
        )
        self.mail_account = factories.smtp_connection(workspace, mail.port)
        accounts = {"email": self.mail_account}
        for kind, vendor in (("sms", texts), ("voice", calls)):
            data = {"name": kind, "provider": "twilio", "settings": vendor.raw_settings()}
            accounts[kind] = create_connection(workspace.pk, data)
        Connection.objects.update(parallelism=PARALLELISM)
        mail.set_latency(LATENCY_SECONDS * 1000)
        body = "Hello {{ person.first_name }}"
        contents = {
            "email": {"subject": "News", "body": body},
            "sms": {"body": body},
            "voice": {"body": body},
        }
        items = [
            {"kind": kind, "connection": account.pk, "content": contents[kind]}
            for kind, account in accounts.items()
        ]
        data = {"kind": "outreach", "name": "Spring", "audience": {"segment": listed.pk}, "channels": items}
        self.campaign = create_campaign(self.actor, data, timezone.now())
        self.accounts = accounts
        self.people = Person.objects.filter(workspace=workspace).count()
        assert self.people == people
        reachable = Person.objects.filter(workspace=workspace).exclude(phone="")
        self.phones = set(reachable.values_list("phone", flat=True))
        self.emails = set(Person.objects.filter(workspace=workspace).values_list("email", flat=True))

    def channel(self, kind: str) -> Channel:
        return self.campaign.channels.filter(source=None).get(kind=kind)

    def act(self, action: str, kind: str) -> None:
        """A member's action on a channel, and what the beat does soon after."""
        perform_channel(action, self.channel(kind).pk, self.actor, now=timezone.now())
        while duties.work_on(self.campaign.pk, timezone.now())["enrolled"]:
            pass

    def must_be(self, status: str, message: str, **channels: str) -> None:
        """The derived status and its words, each channel's own, the ledger, and nobody twice in any journal."""
        campaign = Campaign.objects.get(pk=self.campaign.pk)
        assert (campaign.status, campaign.status_reason) == (status, message)
        assert {kind: self.channel(kind).status for kind in channels} == channels
        for pk, counts in channel_counts(self.campaign.channels.values_list("pk", flat=True)).items():
            assert counts["audience"] in (0, self.people) or self.campaign.channels.get(pk=pk).source_id, (
                counts
            )
        with proof.one_snapshot():
            assert list(proof.violations()) == []
        for journal in (self.texts.numbers(), self.calls.numbers(), self.mails()):
            assert max(journal.values(), default=0) <= 1, "nobody is contacted twice"

    def mails(self) -> Counter[str]:
        return Counter(record["to"] for record in self.mail.journal())

    def until(self, happened: Callable[[], bool], what: str, seconds: float = 240) -> None:
        """Let the workers and the beat work until it has happened."""
        deadline = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < deadline, f"It did not happen within {seconds} s: {what}"
            time.sleep(0.01)

    def beat(self) -> None:
        """What the beat does every few seconds."""
        now = timezone.now()
        duties.work_on(self.campaign.pk, now)
        duties.fail_broken(now)
        duties.settle(now)

    def until_status(self, channel: Channel, status: str) -> None:
        """Let the workers and the beat work until a channel has this status."""

        def reached() -> bool:
            self.beat()
            return Channel.objects.get(pk=channel.pk).status == status

        self.until(reached, f"{channel} is {status}")

    def pace(self, kind: str, seconds: float | None) -> None:
        """So fast that a channel would take so many seconds for everybody; None: as fast as it can."""
        rate = self.people / seconds if seconds else None
        Connection.objects.filter(pk=self.accounts[kind].pk).update(rate_per_second=rate)

    def counts(self, kind: str) -> dict[str, int]:
        pk = self.channel(kind).pk
        return channel_counts([pk])[pk]

    def stays(self, count: Callable[[], int]) -> int:
        """After a pause or a stop: what was on its way arrives within moments, then nothing more."""
        time.sleep(1.5)
        found = count()
        time.sleep(0.7)
        assert count() == found, "something left after the pause"
        return found


class Workers:
    """Real worker processes, ended in good order."""

    def __enter__(self) -> Workers:
        self._nursery = Nursery()
        self._workers = [self._nursery.start() for _ in range(WORKERS)]
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            for worker in self._workers:
                worker.send(signal.SIGTERM)
            assert [worker.wait() for worker in self._workers] == [0] * WORKERS or exception[0]
        finally:
            self._nursery.close()
