"""Which workspace a request is about: the middleware, the switch and what every template knows of it.

The models live further up; what is used of them is only ``user.memberships`` and, of a membership, ``workspace``,
``role`` and ``may(ability)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

SESSION_KEY = "workspace"


def memberships_of(request: HttpRequest) -> list[Any]:
    """The memberships of whoever is logged in, by the workspace's name; read once a request."""
    if not request.user.is_authenticated:
        return []
    if not hasattr(request, "_memberships"):
        found = request.user.memberships.select_related("workspace").order_by("workspace__name", "id")
        request._memberships = list(found)  # type: ignore[attr-defined]
    return request._memberships  # type: ignore[attr-defined]


def current_membership(request: HttpRequest) -> Any | None:
    """The membership in the workspace that was chosen last, else in the first; None without any."""
    memberships = memberships_of(request)
    chosen = request.session.get(SESSION_KEY) if memberships else None
    for membership in memberships:
        if membership.workspace_id == chosen:
            return membership
    return memberships[0] if memberships else None


class WorkspaceMiddleware:
    """Sets ``request.membership`` (lazily: a page that needs no workspace asks for none)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.membership = SimpleLazyObject(lambda: current_membership(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def workspace(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the member, their workspaces and the navigation."""
    if not hasattr(request, "user") or not request.user.is_authenticated:
        return {}
    from config.console.navigation import navigation

    return {
        "membership": current_membership(request),
        "memberships": memberships_of(request),
        "navigation": navigation(request),
    }


class SwitchWorkspace(View):
    """POST /workspace/: work in another workspace that one is a member of; any other is 404."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        wanted = request.POST.get("workspace", "")
        if wanted not in {str(membership.workspace_id) for membership in memberships_of(request)}:
            raise Http404
        request.session[SESSION_KEY] = int(wanted)
        following = request.POST.get("next", "")
        if not url_has_allowed_host_and_scheme(following, allowed_hosts={request.get_host()}):
            following = "/campaigns/"
        return HttpResponseRedirect(following)
