"""Who may see a page: strangers get 404, members without the right 403 with the reason."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse

NO_WORKSPACE = "You are not a member of any workspace yet. Ask an admin to add you."


def refuse_nul(request: HttpRequest) -> None:
    """400 for text that no database keeps and nobody types; forms refuse it by themselves, addresses do not."""
    sent = (value for data in (request.GET, request.POST) for _, values in data.lists() for value in values)
    if any("\0" in value for value in sent):
        raise BadRequest("A NUL character is no text.")


class MemberPage(LoginRequiredMixin):
    """A page of a workspace.

    ``ability`` names what the member's role must allow to open it, ``write_ability`` what POST needs; "" is anyone.
    Objects are looked up among those of ``self.membership.workspace`` only, so another workspace's are 404.
    """

    ability = ""
    write_ability = ""
    refusal = "Your role in this workspace does not allow this."
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        if not request.membership:  # type: ignore[attr-defined]
            raise PermissionDenied(NO_WORKSPACE)
        refuse_nul(request)
        self.require(self.ability)
        if request.method == "POST":
            self.require(self.write_ability)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    @property
    def membership(self) -> Any:
        """The member who asks, with ``workspace`` and ``role``."""
        return self.request.membership  # type: ignore[attr-defined]

    @property
    def workspace(self) -> Any:
        """The workspace that the page is about."""
        return self.membership.workspace

    def may(self, ability: str) -> bool:
        """Whether the member's role has the ability; "" needs none."""
        return not ability or self.membership.may(ability)

    def require(self, ability: str) -> None:
        """403 with the reason where the member's role lacks the ability."""
        if not self.may(ability):
            raise PermissionDenied(self.refusal)
