"""Named queries: who may see what, and what is due. Lists never filter by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.contrib.postgres.search import SearchVectorExact as SearchMatch
from django.db import connection, models
from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform

from campaigns.domain import states as s
from campaigns.domain.deliveries import IN_RUNS

if TYPE_CHECKING:
    from campaigns.models import Membership


_WORD = re.compile(r"\w+")
#: Up to so many hits are named by id; more of them are common enough to be met soon on a walk through the list.
_FEW = 1000
#: What is searched by words; each has a full-text index.
CAMPAIGN_NAME = SearchVector("name", config="simple")
PERSON_NAMES = SearchVector(
    KeyTextTransform("first_name", "attributes"), KeyTextTransform("last_name", "attributes"), config="simple"
)


class CampaignQuerySet(models.QuerySet[Any]):
    """Campaigns."""

    def visible_to(self, membership: Membership) -> CampaignQuerySet:
        """Those of the member's workspace that are not deleted; all others do not exist for them (404)."""
        return self.filter(workspace_id=membership.workspace_id, deleted_at__isnull=True)

    def active(self) -> CampaignQuerySet:
        """The *Active* tab."""
        return self.exclude(status=s.ARCHIVED)

    def archived(self) -> CampaignQuerySet:
        """The *Archived* tab."""
        return self.filter(status=s.ARCHIVED)

    def due_to_start(self, now: datetime) -> CampaignQuerySet:
        """Scheduled starts whose time has come: blasts and messages that wait, journeys with a start time.

        What goes out in runs is found by its planned run instead.
        """
        once = Q(delivery__type__isnull=True) | ~Q(delivery__type__in=IN_RUNS)
        waiting = Q(status__in=(s.SCHEDULED, s.AWAITING_NEXT_RUN)) & once
        journeys = Q(kind="journey", status__in=(s.DRAFT, s.STOPPED))
        return self.filter(waiting | journeys, starts_at__lte=now, deleted_at__isnull=True)

    def due_to_stop(self, now: datetime) -> CampaignQuerySet:
        """Running campaigns whose stop time has come."""
        return self.filter(status=s.RUNNING, stops_at__lte=now, deleted_at__isnull=True)

    def named(self, text: str) -> Self:
        """Those in whose names every word of the text begins a word; none where the text has no word."""
        return self.filter(self.whose_names_have(text))

    def whose_names_have(self, text: str) -> Q:
        """`named` as a condition, for several querysets that are all part of this one."""
        matches = _begin_words_of(CAMPAIGN_NAME, text)
        return _looked_up(self, Q(matches)) if matches else Q(pk__in=[])

    def delivered_by(self, types: Collection[str]) -> CampaignQuerySet:
        """Messages of these delivery types; one that says nothing goes out one time. All for no type."""
        if not types:
            return self
        return with_delivery_type(self).filter(delivery_type__in=types)

    def with_content(self, types: Collection[str]) -> Self:
        """Those that send content of one of these types (single, ab, property), in a channel or a step. All for none."""
        chosen = set(types)
        if not chosen:
            return self
        found = Q(pk__in=self._ids_with_variants(chosen - {"single"})) if chosen - {"single"} else Q()
        if "single" in chosen:
            found |= ~Q(pk__in=self._ids_with_variants(_VARIANTS.keys()))
        return self.filter(found)

    def with_emails(self, search: str = "") -> Self:
        """Those that send emails; with ``search`` those whose name, or the subject of one of them, has it."""
        channels = self.model._meta.get_field("channels").related_model._default_manager.filter(kind="email")
        sends = Q(pk__in=channels.values("campaign_id")) | _steps_have(_EMAIL_STEP)
        if not search:
            return self.filter(sends)
        words = json.dumps(search.encode(errors="ignore").decode())
        subject = f'$.**.subject ? (@ like_regex {words} flag "iq")'
        found = Q(pk__in=channels.filter(_JsonHas("content", models.Value(subject))).values("campaign_id"))
        return self.filter(sends, self.whose_names_have(search) | found | _steps_have(subject))

    def _ids_with_variants(self, types: Collection[str]) -> Any:
        """A subquery over small indexes: an OR over both tables would walk the whole list."""
        channels = self.model._meta.get_field("channels").related_model._default_manager
        parts = []
        for shape in sorted(_VARIANTS[name] for name in types):
            parts.append(channels.filter(_HasVariants("content", shape=shape)).values("campaign_id"))
            here = self.model._default_manager.filter(deleted_at__isnull=True)
            parts.append(here.filter(_StepsHaveVariants("workflow", shape=shape)).values("pk"))
        return parts[0].union(*parts[1:], all=True)


#: What holds the variants, by the type of content (channels/domain/variants.py).
_VARIANTS = {"ab": "array", "property": "object"}


#: A message by email, wherever it stands in a workflow or flow.
_EMAIL_STEP = '$.** ? (@.type == "message" && @.channel == "email")'


def _steps_have(path: str) -> Q:
    """What the JSON path finds is in the workflow, or in one of the flows."""
    wanted = models.Value(path)
    return Q(_JsonHas("workflow", wanted)) | Q(_JsonHas("flows", wanted))


class _JsonHas(models.Func):
    """Whether a JSON path, the second expression, finds anything in the first."""

    template = "jsonb_path_exists(%(expressions)s::jsonpath)"
    output_field = models.BooleanField()


def with_delivery_type(campaigns: CampaignQuerySet) -> CampaignQuerySet:
    """With ``delivery_type`` to filter by: that of a message, one_time where it says none; null for other kinds."""
    return campaigns.alias(delivery_type=_DeliveryType("kind", "delivery"))


class _DeliveryType(models.Func):
    """As the index campaign_delivery_type says it."""

    output_field = models.CharField()

    def as_sql(self, compiler: Any, connection: Any, *more: Any, **others: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        kind, delivery = (compiler.compile(part)[0] for part in self.source_expressions)
        return f"CASE WHEN {kind} = 'message' THEN coalesce({delivery} ->> 'type', 'one_time') END", []


class _HasVariants(models.Func):
    """As the indexes channel_ab and channel_property say it."""

    template = "jsonb_typeof(%(expressions)s -> 'variants') = '%(shape)s'"
    output_field = models.BooleanField()


class _StepsHaveVariants(models.Func):
    """As the indexes campaign_workflow_ab and campaign_workflow_property say it."""

    template = """%(expressions)s @? '$[*] ? (@.variants.type() == "%(shape)s")'"""
    output_field = models.BooleanField()


class PersonQuerySet(models.QuerySet[Any]):
    """People."""

    def known_as(self, text: str) -> Self:
        """Those whose external id, address or number begins with the text, or who have its words in their names.

        A number is found with and without its +. All for an empty text.
        """
        text = text.strip().replace("\0", "")
        if not text:
            return self
        number = text if text.startswith("+") else f"+{text}"
        known = Q(external_id__startswith=text) | (Q(email__startswith=text.lower()) & ~Q(email=""))
        known |= Q(phone__startswith=number) & ~Q(phone="")
        if matches := _begin_words_of(PERSON_NAMES, text):
            known |= Q(matches)
        return self.filter(_looked_up(self, known))


def _begin_words_of(texts: SearchVector, words: str) -> SearchMatch | None:
    """Every one of the words begins a word of the texts; None where there is no word."""
    found = _WORD.findall(words.lower())
    if not found:
        return None
    query = SearchQuery(" & ".join(f"'{word}':*" for word in found), config="simple", search_type="raw")
    return SearchMatch(texts, query)


def _looked_up(rows: models.QuerySet[Any], condition: Q) -> Q:
    """The condition, or the keys of the rows that fulfil it where they are few.

    They are looked up by themselves first: the planner cannot know how rare a beginning is, and would walk the whole
    list in its order looking for it.
    """
    sql, values = rows.filter(condition).order_by().values_list("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"WITH found AS MATERIALIZED ({sql}) SELECT * FROM found LIMIT {_FEW + 1}", values)
        ids = [row[0] for row in cursor.fetchall()]
    return Q(pk__in=ids) if len(ids) <= _FEW else condition
