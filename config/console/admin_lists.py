"""Lists of Django admin that cost the same at a thousand rows and at a million: keyset pages, capped counts.

Django's own changelist counts everything and pages by OFFSET; `KeysetChangeList` does neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.utils.http import urlencode

from config.console.admin_access import own_workspace_ids
from config.console.numbers import whole
from config.console.paging import capped_count, count_words, keyset_page
from config.console.workspace import SESSION_KEY

CURSOR = "cursor"


def prefer_indexes() -> None:
    """Until the transaction ends, plans that begin with an index: those stop after a page or the cap, wherever they are.

    A filter over another table can make a scan of everything look cheaper, and it is, until the table has grown.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('enable_seqscan', 'off', true),"
            " set_config('max_parallel_workers_per_gather', '0', true)"
        )


class KeysetChangeList(ChangeList):
    """A page of rows from a cursor on; the order is the model admin's ``keyset_order(request)``."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        query = request.GET.copy()
        if any("\0" in value for _, values in query.lists() for value in values):
            raise IncorrectLookupParameters
        self.cursor = query.pop(CURSOR, [""])[-1]
        request.GET = query  # type: ignore[assignment]
        super().__init__(request, *args, **kwargs)

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        return list(self.model_admin.keyset_order(request))

    def get_ordering_field_columns(self) -> dict[int, str]:
        return {}

    def get_results(self, request: HttpRequest) -> None:
        with transaction.atomic():
            prefer_indexes()
            order = self.model_admin.keyset_order(request)
            try:
                page = keyset_page(self.queryset, order, self.cursor, self.list_per_page)
            except (ValueError, OverflowError) as error:  # a year that no calendar has
                raise IncorrectLookupParameters from error
            self.result_count = capped_count(self.queryset)
        self.model_admin.decorate(page.rows)
        self.result_list = page.rows
        self.count_words = count_words(self.result_count)
        self.next_query = self._query_at(page.next)
        self.previous_query = self._query_at(page.previous)
        self.without_search = self.get_query_string(remove=[SEARCH_VAR])
        self.first_query = self.get_query_string() if self.cursor else ""
        self.full_result_count, self.show_full_result_count = None, False
        self.show_admin_actions = bool(page.rows)
        self.can_show_all = self.multi_page = False
        self.is_keyset = True
        self.paginator = None

    def _query_at(self, cursor: str) -> str:
        if not cursor:
            return ""
        return "?" + urlencode(sorted([*self.filter_params.items(), (CURSOR, cursor)]), doseq=True)


class KeysetList:
    """Mixed into a model admin: its list is a `KeysetChangeList`."""

    list_per_page = 100
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by: Sequence[str] = ()
    order: Sequence[str] = ("-id",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return KeysetChangeList

    def keyset_order(self, request: HttpRequest) -> Sequence[str]:
        """The order of the rows: a unique field last, all in one direction, an index behind it."""
        return self.order

    def decorate(self, rows: Sequence[Model]) -> None:
        """Give the rows of a page what their columns need, for all of them in a fixed number of queries."""


def visible_workspaces(request: HttpRequest) -> list[tuple[int, str, str]]:
    """Id, name and time zone of the workspaces that the user may see, by name; read once a request."""
    if not hasattr(request, "_visible_workspaces"):
        from django.apps import apps

        found = apps.get_model("campaigns", "Workspace").objects.order_by("name", "id")
        if not request.user.is_superuser:
            found = found.filter(pk__in=own_workspace_ids(request))
        request._visible_workspaces = list(found.values_list("pk", "name", "timezone"))  # type: ignore[attr-defined]
    return request._visible_workspaces  # type: ignore[attr-defined]


def chosen_workspace(request: HttpRequest) -> int | None:
    """The workspace that the list is about: the one chosen, else the one worked in last, else the first.

    One that the user may not see is 404.
    """
    known = [pk for pk, _, _ in visible_workspaces(request)]
    given = request.GET.get(WorkspaceFilter.parameter_name)
    if given:
        if whole(given) not in known:
            raise Http404("There is no such workspace.")
        return whole(given)
    preferred = [request.session.get(SESSION_KEY), *own_workspace_ids(request), *known]
    return next((pk for pk in preferred if pk in known), None)


def other_parameters(changelist: Any, name: str) -> list[tuple[str, str]]:
    """The parameters of the list's address without this one: what a form has to hand on."""
    return [
        (key, value) for key, values in changelist.filter_params.items() if key != name for value in values
    ]


class WorkspaceFilter(admin.SimpleListFilter):
    """Always exactly one workspace: every index of a large table begins with it."""

    title = "workspace"
    parameter_name = "workspace"
    template = "admin/select_filter.html"
    path = "workspace_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.chosen = chosen_workspace(request)
        return [(str(pk), name) for pk, name, _ in visible_workspaces(request)]

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.path: self.chosen}) if self.chosen else queryset.none()

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        self.others = other_parameters(changelist, self.parameter_name)
        for value, name in self.lookup_choices:
            yield {"selected": value == str(self.chosen), "value": value, "display": name}


class ChoiceFilter(admin.SimpleListFilter):
    """A filter with many choices: a select with a button instead of a long row of links."""

    template = "admin/select_filter.html"

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        self.others = other_parameters(changelist, self.parameter_name)
        yield {"selected": self.value() is None, "value": "", "display": "Any"}
        for value, name in self.lookup_choices:
            yield {"selected": self.value() == str(value), "value": value, "display": name}
