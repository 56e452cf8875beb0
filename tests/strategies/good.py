"""Strategies that do what they should."""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns.strategies import PlannedCommunication


class EveryoneAtOnce:
    """One e-mail to everybody, as soon as may be."""

    name = "everyone_at_once"
    title = "Everyone at once"
    description = "One e-mail to everybody."
    stages = (("hello", "Hello"),)

    def load(self, contact, now, log):
        yield PlannedCommunication("hello", "email", values={"number": 1})


class ThreeStages(EveryoneAtOnce):
    """A text of its own now, the channel's tomorrow, and another at a stated time of the contact's."""

    name = "three_stages"
    title = "Three stages"
    stages = (("first", "First"), ("second", "Second"), ("third", "Third"))

    def load(self, contact, now, log):
        print("looking at", contact.external_id)
        yield PlannedCommunication(
            "first", "email", subject="Own", body="For {{ plan.who }}", values={"who": "you"}
        )
        yield PlannedCommunication("second", "email", at=now + timedelta(days=1))
        if at := contact.attributes.get("at"):
            until = contact.attributes.get("until")
            yield PlannedCommunication(
                "third",
                "email",
                at=datetime.fromisoformat(at),
                until=datetime.fromisoformat(until) if until else None,
            )


class SomeFail(EveryoneAtOnce):
    """Fails for whoever has the attribute ``bad``; says nothing for whoever has ``nothing``."""

    name = "some_fail"

    def load(self, contact, now, log):
        if contact.attributes.get("nothing"):
            return []
        if contact.attributes.get("bad") == "loop":
            while True:
                pass
        if contact.attributes.get("bad"):
            raise ValueError(f"cannot read {contact.attributes['bad']}")
        log.info("planned for %s", contact.external_id)
        return [PlannedCommunication("hello", "email")]
