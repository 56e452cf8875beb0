"""Rounds of a race for one campaign: eight threads approve, edit, withdraw, reject, publish, stop and start it at once.

The body of every version carries a token of its own, so that what was sent can be held against what was approved.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from approvals.models import Request
from campaigns.domain.approval import policy_edges
from campaigns.domain.lifecycles import lifecycle_of
from campaigns.models import Activity, Campaign, Membership, Run, Segment
from campaigns.services import due_runs, duties
from campaigns.services.actions import perform
from campaigns.services.actors import Actor
from campaigns.services.editing import save_edit
from campaigns.services.errors import ActionError
from channels.engine.dispatch import dispatch_channel
from channels.models import Channel, Connection, SandboxMessage
from tests import factories
from tests.engine.world import at_once
from tests.factories import NOW

DUE = NOW + timedelta(days=1)
AFTER = DUE + timedelta(minutes=5)
BEFOREHAND = NOW - timedelta(hours=1)
_TOKEN = re.compile(r"token-[\w-]+")
#: Where a round begins; "edited" has an edit that waits beside the live campaign, "resting" waits for its second run,
#: "held" for it and for approval of an edit.
STARTS = ("pending", "scheduled", "running", "edited", "resting", "held")


@dataclass
class Ground:
    """What all rounds share: the members, a list of three people, a connection that keeps what it sends."""

    creator: Membership
    second_creator: Membership
    approver: Membership
    second_approver: Membership
    admin: Membership
    segment: Segment
    connection: Connection

    @classmethod
    def make(cls) -> Ground:
        """A workspace for the whole test."""
        workspace = factories.WorkspaceFactory()
        roles = ("creator", "creator", "approver", "approver", "admin")
        members = [factories.member(role, workspace) for role in roles]
        segment = factories.SegmentFactory(workspace=workspace, people=3)
        return cls(*members, segment, factories.sandbox_connection(workspace))


@dataclass
class Race:
    """One round; ``done`` says of every action whether it went through, or why not."""

    ground: Ground
    number: int
    start: str
    done: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Set the campaign up, race for it, then let everything that is due happen, and check what has come out."""
        again = self.start in ("resting", "held")
        self.campaign = self._rest() if again else self._make()
        self.asked = Request.objects.filter(campaign=self.campaign, status="open").first()
        barrier = threading.Barrier(8)

        def at_the_gun(name: str, act: Callable[[], object]) -> Callable[[], None]:
            def run() -> None:
                barrier.wait(timeout=60)
                self._note(name, act)

            return run

        at_once(*[at_the_gun(name, act) for name, act in self._actions().items()])
        self._finish()
        self.check()

    def _note(self, name: str, act: Callable[[], object]) -> None:
        try:
            act()
            self.done[name] = "done"
        except ActionError as refusal:
            self.done[name] = f"{refusal.code}: {refusal.message}"

    # --- before the gun

    def _make(self) -> Campaign:
        ground, now = self.ground, NOW
        values = {
            "created_by": ground.creator, "audience": {"segment": ground.segment.pk}, "connection": ground.connection,
            "delivery": {"type": "one_time", "at": DUE.isoformat()}, "channels": self._channels("first"),
        }  # fmt: skip
        campaign = factories.CampaignFactory(kind="message", now=now, **values)
        if self.start == "pending":
            self._perform("submit", ground.creator, campaign)
            return campaign
        late = {"start_now": True} if self.start in ("running", "edited") else {}
        when = AFTER if late else now
        perform("publish", campaign.pk, Actor.member(ground.second_approver), params=late, now=when)
        if self.start == "edited":
            self._edit("waiting", ground.second_creator, campaign)
        return campaign

    def _rest(self) -> Campaign:
        """A message that goes out every day: its first run is done, the second one is about to come."""
        ground, first = self.ground, DUE - timedelta(days=1)
        delivery = {"type": "recurring", "rrule": "FREQ=DAILY", "starts_at": first.isoformat()}
        campaign = factories.CampaignFactory(
            kind="message", now=BEFOREHAND, created_by=ground.creator, audience={"segment": ground.segment.pk},
            connection=ground.connection, delivery=delivery, channels=self._channels("first"),
        )  # fmt: skip
        perform("publish", campaign.pk, Actor.member(ground.second_approver), now=BEFOREHAND)
        due_runs.run_due(first)
        self.campaign = campaign
        self._send(first)
        perform("await_next_run", campaign.pk, Actor.system(), now=first)
        if self.start == "held":
            self._edit("waiting", ground.second_creator, campaign)
        return campaign

    def _channels(self, name: str, campaign: Campaign | None = None) -> list[dict[str, Any]]:
        token = f"token-{self.number}-{name}"
        self.tokens[name] = token
        content = {"subject": "News", "body": f"{token} {{{{ person.first_name }}}}"}
        item: dict[str, Any] = {"kind": "email", "connection": self.ground.connection.pk, "content": content}
        if campaign is not None:
            item["id"] = Channel.objects.get(campaign=campaign).pk
        return [item]

    # --- the eight

    def _actions(self) -> dict[str, Callable[[], object]]:
        ground, campaign = self.ground, self.campaign
        seen = {"request": self.asked.pk, "content_hash": self.asked.content_hash} if self.asked else {}
        asked = {"request": self.asked.pk} if self.asked else {}
        late = {"start_now": True}
        return {
            "approve": lambda: self._perform("approve", ground.approver, campaign, **seen, **late),
            "reject": lambda: self._perform("reject", ground.second_approver, campaign, **seen, comment="No."),
            "withdraw": lambda: self._perform("withdraw", self._asker(), campaign, **asked),
            "edit": lambda: self._edit("edit", ground.creator, campaign),
            "edit-again": lambda: self._edit("edit-again", ground.second_creator, campaign),
            "publish": lambda: self._edit("publish", ground.admin, campaign),
            "stop": lambda: self._perform("stop", ground.creator, campaign),
            "due": self._due,
        }  # fmt: skip

    def _asker(self) -> Membership:
        return self.ground.second_creator if self.start in ("edited", "held") else self.ground.creator

    def _perform(self, action: str, member: Membership, campaign: Campaign, **params: Any) -> object:
        return perform(action, campaign.pk, Actor.member(member), params=params, now=NOW)

    def _edit(self, name: str, member: Membership, campaign: Campaign) -> object:
        payload = {"channels": self._channels(name, campaign)}
        actor = Actor.member(member)
        return save_edit(campaign.pk, actor, payload, None, NOW, params={"start_now": True})

    def _due(self) -> None:
        """The beat and a worker, at the scheduled time."""
        duties.start_due(AFTER)
        due_runs.run_due(AFTER)
        self._send()

    def _send(self, now: datetime = AFTER) -> None:
        duties.work_on(self.campaign.pk, now)
        for channel in Channel.objects.filter(campaign=self.campaign, status="running"):
            dispatch_channel(channel.pk, now=now)

    # --- afterwards

    def _finish(self) -> None:
        self._due()

    def check(self) -> None:
        """One legal winner, a log that is a legal path, and nothing sent that nobody approved."""
        told = f"{self.start} #{self.number}: {self.done}"
        self._check_path(told)
        self._check_winner(told)
        sent = self._sent()
        assert sent <= self._approved(), f"{told}: sent {sent}, approved {self._approved()}"
        self._check_runs(told)

    def _check_path(self, told: str) -> None:
        lifecycle = lifecycle_of("message")
        legal = {edge[:3] for edge in lifecycle.edges()} | set(policy_edges(lifecycle))
        here = ""
        for row in Activity.objects.filter(campaign_id=self.campaign.pk).order_by("pk"):
            assert row.from_status == here, f"{told}: {row.action} from {row.from_status}, it was {here}"
            moved = row.from_status != row.to_status
            assert not moved or row.action == "create" or (row.action, here, row.to_status) in legal, told
            here = row.to_status
        assert here == Campaign.objects.get(pk=self.campaign.pk).status, told

    def _check_winner(self, told: str) -> None:
        """The request of the start has come to exactly one end, and whoever was told “done” brought it about."""
        assert Request.objects.filter(campaign=self.campaign, status="open").count() <= 1, told
        if self.asked is None:
            return
        status = Request.objects.get(pk=self.asked.pk).status
        decided = {"approve": "approved", "reject": "rejected", "withdraw": "withdrawn"}
        winners = [ending for name, ending in decided.items() if self.done[name] == "done"]
        assert status != "open", told
        if status in decided.values():
            assert winners == [status], told
        else:
            assert winners == [] and status in ("voided", "expired"), f"{told}: {status}"

    def _check_runs(self, told: str) -> None:
        """What began as a run is what was approved by then, by its content hash; what was held is skipped and says so."""
        rows = Activity.objects.filter(campaign_id=self.campaign.pk, action__in=("approve", "publish"))
        approved = {row.data.get("approved_hash") for row in rows}
        for run in Run.objects.filter(campaign=self.campaign):
            assert run.status != "skipped" or run.reason, told
            assert not run.content_hash or run.content_hash in approved, f"{told}: run {run.number}"

    def _sent(self) -> set[str]:
        bodies = SandboxMessage.objects.filter(delivery__channel__campaign=self.campaign)
        return {_TOKEN.findall(body)[0] for body in bodies.values_list("body", flat=True)}

    def _approved(self) -> set[str]:
        """The tokens of every version that somebody approved, or published as an approver may."""
        requests = Request.objects.filter(campaign=self.campaign, status="approved")
        bodies = [request.snapshot["what"]["channels"][0]["content"]["body"] for request in requests]
        found = {_TOKEN.findall(body)[0] for body in bodies}
        if self.start != "pending":
            found.add(self.tokens["first"])
        if self.done["publish"] == "done":
            found.add(self.tokens["publish"])
        return found
