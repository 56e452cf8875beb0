"""Rendering a message for one person without sending it: for previews and for the warnings of a review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from campaigns.domain.programs import programs_of
from campaigns.domain.triggers import event_name
from campaigns.engine.audience import EVERYBODY, audience_of
from campaigns.engine.events import event_name as name_by_delivery
from campaigns.models import Campaign, Event, Person
from channels.domain.content import is_html
from channels.domain.templating import TemplateProblem, compile_template, undefined_variables
from channels.engine.happened import event_values

#: What a template may name besides the person's properties.
KNOWN = ("unsubscribe_url", "preferences_url", "campaign.name", "campaign.id")
#: What the link looks like in a preview, where there is no delivery yet that it could name.
PREVIEW_LINK = "https://example.org/unsubscribe/preview/"


@dataclass(slots=True)
class Rendered:
    """A message as one person would get it, or why it could not be made."""

    subject: str = ""
    body: str = ""
    html: bool = False
    problem: str = ""
    empty: list[str] = field(default_factory=list)
    """Variables that have no value for this person."""
    parts: dict[str, str] = field(default_factory=dict)
    """The content's other fields, such as a link."""


def render_for(
    campaign: Campaign,
    person: Person,
    kind: str,
    subject: str,
    body: str,
    parts: Mapping[str, str] | None = None,
    event_id: int | None = None,
    plan: Mapping[str, Any] | None = None,
) -> Rendered:
    """Render ``subject``, ``body`` and the other fields (all templates) for a person, as the engine will.

    ``event_id``: the event that the message follows; without it an example stands for it. ``plan``: the values that a
    strategy gave it.
    """
    sources = (subject, body, *(parts or {}).values())
    event = _event(campaign, event_id) if any("event" in source for source in sources) else {}
    context = {
        "event": event,
        "plan": dict(plan or {}),
        "person": person_values(person),
        "campaign": {"id": campaign.pk, "name": campaign.name},
        "unsubscribe_url": PREVIEW_LINK,
        "preferences_url": PREVIEW_LINK.replace("unsubscribe", "preferences"),
    }
    html, others = is_html(kind, body), dict(parts or {})
    try:
        compiled = compile_template(subject), compile_template(body, html)
        return Rendered(
            compiled[0].personalise(context),
            compiled[1].personalise(context),
            html,
            empty=_without(
                _without(unknown_variables(person, *sources, html=html), "event", event), "plan", plan or {}
            ),
            parts={name: compile_template(source).personalise(context) for name, source in others.items()},
        )
    except TemplateProblem as problem:
        return Rendered(problem=str(problem), html=html)


def _event(campaign: Campaign, event_id: int | None) -> dict[str, Any]:
    """What templates see of this event, or of the last one that the campaign follows; {} where there was none yet."""
    rows = Event.objects.filter(workspace_id=campaign.workspace_id)
    if event_id is not None:
        found = rows.filter(pk=event_id).first()
    else:
        names = {event_name(one.trigger, campaign.pk, one.flow) for one in programs_of(campaign)}
        names |= {name_by_delivery(campaign)} if campaign.kind == "message" else set()
        latest = [
            rows.filter(name=name).order_by("-workspace", "-name", "-id").first() for name in names if name
        ]
        found = max((row for row in latest if row), key=lambda row: row.pk, default=None)
    return event_values(found.name, found.occurred_at, found.properties) if found else {}


def _without(empty: list[str], word: str, values: Mapping[str, Any]) -> list[str]:
    """The variables that are empty, but for those of ``word`` that have a value."""
    return [name for name in empty if not (name.startswith(f"{word}.") and name.split(".")[1] in values)]


def sample_people(campaign: Campaign, number: int) -> list[Person]:
    """The first people of the audience; of the whole workspace where nobody has been chosen yet."""
    audience = audience_of(campaign)
    if audience is None:
        return list(Person.objects.filter(workspace_id=campaign.workspace_id).order_by("id")[:number])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.id {audience.people()} ORDER BY p.id LIMIT %(number)s",
            audience.params | EVERYBODY | {"number": number},
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(Person.objects.filter(pk__in=ids).order_by("id"))


def unknown_variables(person: Person, *sources: str, html: bool = False) -> list[str]:
    """The variables of these templates that this person has no property for. Raises `TemplateProblem`."""
    known = [*KNOWN, *(f"person.{name}" for name in person_values(person))]
    found: dict[str, None] = {}
    for source in sources:
        found |= dict.fromkeys(undefined_variables(compile_template(source, html), known))
    return list(found)


def person_values(person: Person) -> dict[str, Any]:
    """What templates see of a person: their own fields over attributes of the same name."""
    own = {name: getattr(person, name) for name in ("external_id", "email", "phone", "timezone")}
    return {**(person.attributes or {}), **own}
