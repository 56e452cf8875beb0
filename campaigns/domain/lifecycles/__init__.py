"""The seven lifecycles by kind. To add one: write its table here, name it in ``BY_KIND``, extend the FSM if needed."""

from campaigns.domain.lifecycle import Lifecycle
from campaigns.domain.lifecycles import flow, journey, message, outreach, python, sms, voice

BY_KIND: dict[str, Lifecycle] = {
    table.LIFECYCLE.kind: table.LIFECYCLE for table in (journey, sms, voice, flow, python, outreach, message)
}
KIND_CHOICES = [(kind, lifecycle.title) for kind, lifecycle in BY_KIND.items()]


def lifecycle_of(kind: str) -> Lifecycle:
    """The lifecycle of a kind of campaign; KeyError for a kind that does not exist."""
    return BY_KIND[kind]
