"""Who calls: the key in the Authorization header, and how often it may be used."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer
from ninja.throttling import BaseThrottle

from campaigns.models import ApiKey, Campaign, Membership
from campaigns.services.actors import Actor
from campaigns.services.api_keys import find_api_key, note_use
from campaigns.services.errors import Forbidden, NotFound

_WINDOW = 60


class KeyAccess(HttpBearer):
    """``Authorization: Bearer <key>``; the request then carries the key as ``request.auth``."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        now = timezone.now()
        key = find_api_key(token.strip(), now)
        if key:
            note_use(key, now)
        return key


class KeyRate(BaseThrottle):
    """At most ``API_RATE_PER_MINUTE`` calls of one key in each minute of the clock (0: any number).

    Counted in Django's cache, so by each process for itself unless the installation configures a shared cache.
    """

    def allow_request(self, request: HttpRequest) -> bool:
        most = settings.API_RATE_PER_MINUTE
        if not most:
            return True
        name = f"api-rate:{key_of(request).pk}:{int(time.time() // _WINDOW)}"
        cache.add(name, 0, timeout=2 * _WINDOW)
        try:
            return cache.incr(name) <= most
        except ValueError:  # the cache was full and dropped it
            return True

    def wait(self) -> float:
        """Seconds until the next minute begins."""
        return _WINDOW - time.time() % _WINDOW


def key_of(request: HttpRequest) -> ApiKey:
    """The key of this request."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return key


def member_of(request: HttpRequest) -> Membership:
    """The member whose key it is."""
    return key_of(request).membership


def campaign_of(request: HttpRequest, campaign_id: int) -> Campaign:
    """The campaign with its workspace, if the member may see it. Raises `NotFound`."""
    visible = Campaign.objects.visible_to(member_of(request)).select_related("workspace")
    found: Campaign | None = visible.filter(pk=campaign_id).first()
    if found is None:
        raise NotFound("There is no such campaign in this workspace.")
    return found


def acting(request: HttpRequest) -> Actor:
    """The member as the services want them."""
    return Actor.member(member_of(request), via="api")


def require(request: HttpRequest, ability: str) -> Any:
    """The member, if their role has the ability (a key of ``permissions.ABILITIES``). Raises `Forbidden`."""
    member = member_of(request)
    if not member.may(ability):
        raise Forbidden(f"The role {member.role} may not do this.")
    return member
