"""Tracked links: stored when a content is compiled, looked up when somebody follows one."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from django.db import Error

from channels.domain import states as s
from channels.domain.template_limits import SOURCE_LIMIT
from channels.domain.tracking import track
from channels.models import Link

log = logging.getLogger(__name__)


def tracked_body(channel_id: int, mode: str, body: str, html: bool) -> str:
    """The body with tracked links, which are stored beforehand; "" where it goes out as it is.

    ``mode`` is the connection's ``tracking``. A database that does not answer costs the counting, not the message.
    """
    if mode == s.TRACKING_OFF or (mode == s.TRACKING_HTML and not html):
        return ""
    made = track(body, html)
    if made.body == body or len(made.body) > SOURCE_LIMIT:
        return ""
    try:
        keep_links(channel_id, made.links)
    except Error:
        log.warning("The links of channel %s cannot be stored; it goes out untracked", channel_id)
        return ""
    return made.body


def keep_links(channel_id: int, links: Mapping[str, str]) -> None:
    """Store what is new; the same link of the same channel has the same key for ever."""
    rows = [Link(channel_id=channel_id, key=key, url=url) for key, url in links.items()]
    if rows:
        Link.objects.bulk_create(rows, ignore_conflicts=True)
