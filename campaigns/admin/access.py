"""Who acts in the admin: the member that the user is in the campaign's workspace, and nobody else.

A superuser sees everything, but acts on a campaign only as a member of its workspace, with that membership's role: four
eyes and roles hold for superusers too. Joining a workspace first is possible for them, and is in the activity log.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from campaigns.models import Campaign, Membership
from campaigns.services.actors import Actor
from config.console.admin_access import membership_in

VIA = "admin"


def member_for(request: HttpRequest, campaign: Campaign) -> Membership | None:
    """The user's membership in the campaign's workspace; None for a superuser who has none."""
    return membership_in(request, campaign.workspace_id)


def not_a_member(campaign: Campaign) -> str:
    """Why nothing can be done here by this user."""
    return (
        f"You are not a member of the workspace “{campaign.workspace}”, so you can look but not act. "
        "Four eyes and roles hold for superusers too: add yourself as a member first."
    )


def actor_for(request: HttpRequest, campaign: Campaign) -> Actor:
    """The member acting through the admin; 403 with the reason for whoever is none."""
    membership = member_for(request, campaign)
    if membership is None:
        raise PermissionDenied(not_a_member(campaign))
    return Actor.member(membership, VIA)


def find_campaign(request: HttpRequest, campaign_id: int) -> Campaign:
    """The campaign, if the user may see it; 404 otherwise."""
    found = Campaign.objects.filter(pk=campaign_id, deleted_at__isnull=True)
    campaign = found.select_related("workspace", "created_by").first()
    if campaign is None or not (request.user.is_superuser or member_for(request, campaign)):
        raise Http404("There is no such campaign.")
    return campaign
