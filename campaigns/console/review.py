"""/campaigns/<id>/review/: everything on one page before it goes out, with what deserves a second look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone

from campaigns.console.audience import sample_people, unreachable
from campaigns.console.cards import Card, cards
from campaigns.console.contents import drawings_of, texts_within
from campaigns.console.detail import waiting_request
from campaigns.console.pages import CampaignPage
from campaigns.console.setup_steps import steps_of_setup
from campaigns.domain.programs import BY_STEPS, programs_of
from campaigns.domain.triggers import BY_EVENT, type_of
from campaigns.engine.audience import audience_of
from campaigns.engine.audience_counts import count_people
from campaigns.models import Person
from campaigns.services.previewing import unknown_variables
from channels.domain.content import is_html
from channels.domain.templating import TemplateProblem
from config.console.local_time import night_words


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that deserves a look, and where to change it."""

    text: str
    url: str


class Review(CampaignPage):
    """Who, what and when on one page, with warnings and the actions."""

    template_name = "campaigns/review.html"
    tab = "Overview"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        channels = cards(self.campaign, timezone.now())
        audience = audience_of(self.campaign)
        return {
            **context,
            "cards": channels,
            "waiting": waiting_request(self.campaign),
            "drawings": drawings_of(self.campaign),
            "by_steps": self.campaign.kind in BY_STEPS,
            "steps": steps_of_setup(self.campaign, "review"),
            "count": count_people(audience) if audience else None,
            "warnings": list(dict.fromkeys(self._warnings(channels))),
            "blocked": [entry for entry in context["row"].menu if entry.name in _BEGIN and not entry.enabled],
        }

    def _warnings(self, channels: list[Card]) -> Any:
        what = reverse("campaigns:edit-what", args=[self.campaign.pk])
        when = reverse("campaigns:edit-when", args=[self.campaign.pk])
        for row in unreachable(self.campaign, [card.kind.key for card in channels]):
            yield Notice(f"{row['count']:,} people have no {row['address']}: {row['kind']} skips them.", what)
        person = next(iter(sample_people(self.campaign, 1)), None)
        for kind, subject, body in _texts(self.campaign, channels):
            if kind == "email" and "unsubscribe_url" not in body:
                yield Notice(
                    "The e-mail has no unsubscribe link in its text ({{ unsubscribe_url }}); mail programs still offer one.",
                    what,
                )
            if person is not None:
                yield from _empty_variables(
                    person, kind, subject, body, what, by_event=_has_events(self.campaign)
                )
        if self.campaign.starts_at and (
            words := night_words(self.campaign.starts_at, self.campaign.timezone)
        ):
            yield Notice(words, when)


_BEGIN = ("start", "schedule", "publish", "submit")


def _texts(campaign: Any, channels: list[Card]) -> list[tuple[str, str, str]]:
    """(kind, subject, body) of everything that is sent, each variant by itself."""
    own = [(card.kind.key, text) for card in channels for text in card.texts]
    return [
        (kind, str(text.content.get("subject", "")), str(text.content["body"]))
        for kind, text in (texts_within(campaign) if campaign.kind in BY_STEPS else own)
        if text.content.get("body")
    ]


def _has_events(campaign: Any) -> bool:
    """Whether an event, or a call that is one, lets people in: its properties are then known."""
    return any(type_of(program.trigger) in BY_EVENT for program in programs_of(campaign) if program.trigger)


def _empty_variables(person: Person, kind: str, subject: str, body: str, url: str, *, by_event: bool) -> Any:
    try:
        missing = unknown_variables(person, subject, body, html=is_html(kind, body))
    except TemplateProblem as problem:
        yield Notice(str(problem), url)
        return
    if by_event:
        missing = [name for name in missing if not name.startswith("event.")]
    if missing:
        names = ", ".join(f"{{{{ {name} }}}}" for name in missing)
        yield Notice(f"Empty for {person.display_name}, perhaps for everybody: {names}.", url)
