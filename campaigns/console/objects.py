"""/objects/: the companies, accounts and the like that people are related to, type by type; one of them with its people."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from campaigns.models import ObjectType, RelatedObject, Relationship
from campaigns.services.objects import as_text
from config.console.paging import capped_count, keyset_page
from config.console.views import DetailPage, ListPage

#: The most objects that a person's page names.
MOST_SHOWN = 100


class ObjectList(ListPage):
    """The objects of one type at a time, in the order of their external ids."""

    template_name = "campaigns/objects.html"
    order = ("external_id",)

    def types(self) -> list[ObjectType]:
        if not hasattr(self, "_types"):
            self._types = list(ObjectType.objects.filter(workspace=self.workspace).order_by("name"))
        return self._types

    def chosen(self) -> ObjectType | None:
        """The type that the address names; without one the first."""
        named = self.request.GET.get("type", "").lower()
        here = self.types()
        return next((kind for kind in here if kind.name.lower() == named), here[0] if here else None)

    def rows(self) -> QuerySet[Any]:
        kind = self.chosen()
        if kind is None:
            return RelatedObject.objects.none()
        found = RelatedObject.objects.filter(type=kind)
        words = self.request.GET.get("q", "").strip()
        return found.filter(external_id__startswith=words) if words else found

    def decorate(self, rows: list[Any]) -> list[Any]:
        for row in rows:
            row.in_words = as_text(row.attributes)
        return rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_searched = bool(self.request.GET.get("q", "").strip())
        return super().get_context_data(
            types=self.types(), chosen=self.chosen(), is_searched=is_searched, **kwargs
        ) | {"matching": self.matching_count()}


class ObjectPage(DetailPage):
    """One object: its attributes, and everybody who is related to it."""

    template_name = "campaigns/object.html"
    context_name = "thing"

    def objects(self) -> QuerySet[Any]:
        return RelatedObject.objects.filter(type__workspace=self.workspace).select_related("type")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        related = Relationship.objects.filter(object=self.object).select_related("person")
        page = keyset_page(related, ("person_id",), self.request.GET.get("cursor", ""))
        for row in page.rows:
            row.in_words = as_text(row.attributes)
        return {
            **context,
            "attributes": sorted(self.object.attributes.items()),
            "page": page,
            "people": page.rows,
            "size": capped_count(Relationship.objects.filter(object=self.object)),
        }


def objects_of(person_id: int) -> list[Relationship]:
    """What a person is related to, for the person's page."""
    found = Relationship.objects.filter(person_id=person_id).select_related("object__type")
    rows = list(found.order_by("-id")[:MOST_SHOWN])
    for row in rows:
        row.in_words = as_text(row.attributes)  # type: ignore[attr-defined]
    return rows
