"""Campaigns in the admin: a changelist that stays fast at a million rows, and a change form without a typed status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from campaigns.admin import filters
from campaigns.admin.access import VIA, find_campaign, member_for, not_a_member
from campaigns.admin.bulk import BulkPages
from campaigns.admin.consequences import ActionPages
from campaigns.admin.forms import CampaignForm, NewCampaignForm
from campaigns.admin.ledger import LedgerPage
from campaigns.admin.panels import panels
from campaigns.admin.tags import progress, status_tag, when
from campaigns.domain.programs import BY_STEPS
from campaigns.models import Campaign
from campaigns.services.actors import Actor
from campaigns.services.campaigns import editable_sections
from campaigns.services.counts import counts_for
from campaigns.services.payloads import SECTION_OF
from channels.domain.kinds import KINDS
from channels.models import Channel
from config.console.admin_access import WorkspacePages
from config.console.admin_lists import KeysetList, WorkspaceFilter
from config.console.numbers import whole
from config.console.workspace import memberships_of

#: The field of the form that a key of the API's shape is.
_SECTIONS = SECTION_OF | {"segment": "who"}
_WHO = ("segment", "trigger", "frequency")
_WHAT = {"journey": ("workflow",), "flow": ("flows",), "python": ("strategy",)}
_STATE = (
    "kind", "workspace", "status_tag", "status_reason", "status_since", "version", "stop_mode", "restart_audience",
    "delivery", "next_run_at", "created_by", "created_at", "updated_at", "started_at", "finished_at", "last_active_at",
    "archive_due_at",
)  # fmt: skip


@admin.register(Campaign)
class CampaignAdmin(BulkPages, ActionPages, LedgerPage, KeysetList, WorkspacePages):
    """Every action of every lifecycle, in bulk and one by one, all of them through the gateway."""

    form = CampaignForm
    list_display = (
        "name",
        "kind",
        "status_tag",
        "channel_words",
        "label_words",
        "progress",
        "owner",
        "created",
    )
    list_select_related = ("workspace", "created_by")
    list_filter = (
        filters.StatusFilter,
        filters.KindFilter,
        filters.ChannelFilter,
        filters.TypeFilter,
        filters.DeliveryFilter,
        filters.LabelFilter,
        filters.OwnerFilter,
        WorkspaceFilter,
        filters.CreatedFilter,
    )
    search_fields = ("name",)
    search_help_text = "Words of the name, or their beginnings."
    change_form_template = "admin/campaigns/campaign/change_form.html"

    # --- the list

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found = super().get_queryset(request).filter(deleted_at__isnull=True)
        match = request.resolver_match
        if match and match.url_name == "campaigns_campaign_changelist":
            return found.defer("workflow", "flows", "trigger", "frequency", "delivery")
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the full-text index, each word as a beginning: not ILIKE over every name."""
        return (queryset.named(search_term) if search_term.strip() else queryset), False

    def keyset_order(self, request: HttpRequest) -> Sequence[str]:
        """Newest first, by the index that the filters use."""
        by_id = any(request.GET.get(name) for name in ("status", "kind", "owner"))
        return ("-id",) if by_id and not request.GET.get("created") else ("-created_at", "-id")

    def decorate(self, rows: Sequence[Any]) -> None:
        kinds = Channel.objects.only("id", "campaign_id", "kind").order_by("position", "id")
        prefetch_related_objects(rows, Prefetch("channels", kinds), "labels")
        counts = counts_for([campaign.pk for campaign in rows])
        for campaign in rows:
            campaign.counts = counts[campaign.pk]

    @admin.display(description="Status")
    def status_tag(self, campaign: Campaign) -> str:
        return status_tag(campaign)

    @admin.display(description="Channels")
    def channel_words(self, campaign: Campaign) -> str:
        kinds = dict.fromkeys(channel.kind for channel in campaign.channels.all())
        return ", ".join(KINDS[kind].label for kind in kinds) or "–"

    @admin.display(description="Labels")
    def label_words(self, campaign: Campaign) -> str:
        return ", ".join(label.name for label in campaign.labels.all()) or "–"

    @admin.display(description="Progress")
    def progress(self, campaign: Any) -> str:
        return progress(campaign.counts)

    @admin.display(description="Owner")
    def owner(self, campaign: Campaign) -> str:
        return str(campaign.created_by or "–")

    @admin.display(description="Created")
    def created(self, campaign: Campaign) -> str:
        return when(campaign.created_at, campaign.workspace.timezone)

    # --- the form

    def sections(self, request: HttpRequest, campaign: Campaign) -> list[str]:
        """What this user may edit of it now; nothing for whoever is no member."""
        membership = member_for(request, campaign)
        return editable_sections(campaign, membership) if membership else []

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(memberships_of(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.sections(request, obj)) if obj is not None else bool(memberships_of(request))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only as the lifecycle allows it; Django's own delete page is never shown (see `delete_view`)."""
        membership = member_for(request, obj) if obj is not None else None
        return bool(membership and obj.lifecycle.entry(obj.status, "delete"))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        if obj is None:
            return [(None, {"fields": ("workspace", "kind", "name", "segment")})]
        times = () if obj.kind == "outreach" else ("starts_at", "stops_at")
        who = _WHO if obj.kind in BY_STEPS else _WHO[:1]
        found = [(None, {"fields": ("name", "labels")}), ("Who", {"fields": who})]
        if obj.kind in _WHAT:
            found.append(("What", {"fields": _WHAT[obj.kind]}))
        kept = "Kept by the gateway and the engine; nothing of it can be typed in."
        return [
            *found,
            ("When", {"fields": ("timezone", *times)}),
            ("State", {"fields": _STATE, "classes": ("collapse",), "description": kept}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ()
        allowed = self.sections(request, obj)
        locked = (name for name in CampaignForm._meta.fields if _SECTIONS[name] not in allowed)
        return (*_STATE, *locked)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewCampaignForm
        form = super().get_form(request, obj, change, **kwargs)
        if obj is None:
            return type(form.__name__, (form,), {"memberships": memberships_of(request)})
        membership = member_for(request, obj)
        actor = Actor.member(membership, VIA) if membership else None
        return type(form.__name__, (form,), {"actor": actor})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Plain choices: the forms narrow them to the campaign's own workspace."""
        return super(WorkspacePages, self).formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """The service has saved it while the form was checked."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        campaign = kwargs.get("obj")
        if campaign is not None:
            membership = member_for(request, campaign)
            context |= panels(campaign, membership)
            context["not_a_member"] = "" if membership else not_a_member(campaign)
        return super().render_change_form(request, context, *args, **kwargs)

    # --- addresses

    def get_urls(self) -> list[URLPattern]:
        wrap, name = self.admin_site.admin_view, "campaigns_campaign"
        own = [
            path("bulk/<str:action>/", wrap(self.bulk_view), name=f"{name}_bulk"),
            path("<int:campaign_id>/actions/<str:action>/", wrap(self.action_view), name=f"{name}_action"),
            path(
                "<int:campaign_id>/channels/<int:channel_id>/<str:action>/",
                wrap(self.channel_action_view),
                name=f"{name}_channel_action",
            ),
            path("<int:campaign_id>/ledger/", wrap(self.ledger_view), name=f"{name}_ledger"),
        ]
        return [*own, *super().get_urls()]

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Deleting is an action as any other: its consequences in numbers, then the gateway."""
        if whole(object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        find_campaign(request, int(object_id))
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_action", args=[object_id, "delete"]))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The activity log is the history."""
        if whole(object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        campaign = find_campaign(request, int(object_id))
        activity = reverse("admin:campaigns_activity_changelist")
        return HttpResponseRedirect(f"{activity}?campaign={campaign.pk}&workspace={campaign.workspace_id}")

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        messages.success(
            request, f"“{obj.name}” has been made as a draft. Its channels are added in the console."
        )
        return HttpResponseRedirect(reverse("admin:campaigns_campaign_change", args=[obj.pk]))
