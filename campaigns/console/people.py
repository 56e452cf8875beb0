"""/people/: the list with its search, and one person's page: properties, lists, messages, what must not be sent."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from campaigns.console.ledger import LOOKS, why
from campaigns.console.objects import objects_of
from campaigns.models import Campaign, Journey, Person, Segment
from channels.domain.kinds import KINDS
from channels.models import Delivery, Suppression
from config.console.paging import capped_count
from config.console.views import DetailPage, ListPage

MOST_MESSAGES = 100


class PeopleList(ListPage):
    """Everybody of the workspace, or those of one list, by search."""

    template_name = "campaigns/people.html"
    order = ("id",)

    def rows(self) -> QuerySet[Any]:
        people = Person.objects.filter(workspace=self.workspace)
        return people.known_as(self.request.GET.get("q", ""))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        total = capped_count(Person.objects.filter(workspace=self.workspace))
        is_searched = bool(self.request.GET.get("q", "").strip())
        matches = self.matching_count() if is_searched else total
        return {**context, "total": total, "matching": matches, "is_searched": is_searched}


class PersonPage(DetailPage):
    """One person: everything the workspace knows of them and has sent them."""

    template_name = "campaigns/person.html"
    context_name = "person"

    def objects(self) -> QuerySet[Any]:
        return Person.objects.filter(workspace=self.workspace)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        person = self.object
        return {
            **context,
            "attributes": sorted((person.attributes or {}).items()),
            "segments": Segment.objects.filter(
                members__person=person, archived_at__isnull=True, hidden=False
            ).order_by("name"),
            "messages_sent": self._messages(person),
            "objects": objects_of(person.pk),
            "journeys": self._journeys(person),
            "suppressions": self._suppressions(person),
        }  # fmt: skip

    def _messages(self, person: Person) -> list[dict[str, Any]]:
        rows = (
            Delivery.objects.filter(person_id=person.pk, channel__campaign__deleted_at__isnull=True)
            .select_related("channel__campaign").order_by("-id")[:MOST_MESSAGES]
        )  # fmt: skip
        return [
            {"delivery": row, "kind": KINDS[row.channel.kind], "look": LOOKS[row.status], "why": why(row)} for row in rows
        ]  # fmt: skip

    def _journeys(self, person: Person) -> QuerySet[Any]:
        visible = Campaign.objects.visible_to(self.membership)
        rows = Journey.objects.filter(person_id=person.pk, campaign__in=visible)
        return rows.select_related("campaign").order_by("-id")[:MOST_MESSAGES]

    def _suppressions(self, person: Person) -> QuerySet[Any]:
        addresses = [address for address in (person.email, person.phone) if address]
        return Suppression.objects.filter(workspace=self.workspace, address__in=addresses)
