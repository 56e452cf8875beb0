"""Actions of campaigns: what one would do, and doing it through the gateway."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router

from campaigns.api.access import acting, campaign_of, member_of
from campaigns.api.campaign_shapes import ActionIn, CampaignOut, ImpactOut
from campaigns.api.idempotency import KeyHeader, idempotently
from campaigns.api.shapes import ERRORS, answers
from campaigns.domain.lifecycles import BY_KIND
from campaigns.services.actions import perform
from campaigns.services.errors import Invalid, NotFound
from campaigns.services.idempotency import Answer
from campaigns.services.impact import impact
from campaigns.services.rendering_campaign import render_campaign

router = Router(tags=["Actions"])

#: The actions of all kinds of campaign; which of them one offers just now is in its `actions`.
ACTIONS = frozenset().union(*(lifecycle.actions() for lifecycle in BY_KIND.values()))
#: The parameters that an action takes beside `version`.
PARAMETERS: dict[str, tuple[str, ...]] = {
    "stop": ("mode",),
    "restart": ("audience",),
    "schedule": ("starts_at", "stops_at", "audience", "mode"),
    "schedule_stop": ("stops_at", "mode"),
    "publish": ("starts_at", "start_now"),
    "approve": ("request", "content_hash", "comment", "starts_at", "start_now"),
    "reject": ("request", "content_hash", "comment"),
    "withdraw": ("request",),
}
_DESCRIPTION = (
    "Take an action; answers the campaign (`duplicate`: 201 and the copy; `delete`: 204). Parameters: "
    + ("; ".join(f"`{action}`: {', '.join(names)}" for action, names in PARAMETERS.items()))
)


@router.get("/campaigns/{id:campaign_id}/actions/{action}", response=answers(ImpactOut))
def show_impact(request: HttpRequest, campaign_id: int, action: str) -> Any:
    """What the action would do now, in numbers; nothing is changed."""
    campaign = campaign_of(request, campaign_id)
    _refuse_unknown(action)
    return impact(action, campaign, member_of(request), timezone.now()).as_api()


@router.post(
    "/campaigns/{id:campaign_id}/actions/{action}",
    response={200: CampaignOut, 201: CampaignOut, 204: None, **ERRORS},
    description=_DESCRIPTION,
)
def act(
    request: HttpRequest,
    campaign_id: int,
    action: str,
    body: ActionIn | None = None,
    idempotency_key: KeyHeader = None,
) -> Any:
    """Take an action."""
    _refuse_unknown(action)
    params = body.given() if body else {}
    version = params.pop("version", None)
    _refuse_parameters(action, params)

    def work() -> Answer:
        result = perform(action, campaign_id, acting(request), params=params, version=version)
        if action == "delete":
            return Answer(204, None)
        status = 201 if action == "duplicate" else 200
        return Answer(status, render_campaign(result.pk, member_of(request)))

    return idempotently(request, idempotency_key, work)


def _refuse_unknown(action: str) -> None:
    if action not in ACTIONS:
        raise NotFound(f"No campaign has an action “{action[:40]}”; there are: {', '.join(sorted(ACTIONS))}.")


def _refuse_parameters(action: str, params: dict[str, Any]) -> None:
    known = PARAMETERS.get(action, ())
    unknown = {name: _says(action, known) for name in params if name not in known}
    if unknown:
        raise Invalid(next(iter(unknown.values())), unknown)


def _says(action: str, known: tuple[str, ...]) -> str:
    return f"The action {action} takes {', '.join((*known, 'version')) if known else 'only version'}."
