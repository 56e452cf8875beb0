"""Keeps what campaigns watch people for beside the campaigns, so that changes of people find those who look."""

from __future__ import annotations

from datetime import datetime

from campaigns.domain.watching import watched_by
from campaigns.models import Campaign, Watch


def keep_watch(campaign: Campaign, now: datetime) -> None:
    """Make it what the campaign's settings and status say, inside the transaction that has changed them.

    Where a condition is new, everybody inside is looked at again in the background.
    """
    watched = watched_by(campaign, now)
    before = Watch.objects.filter(pk=campaign.pk).first()
    if not watched.what:
        if before:
            before.delete()
        return
    watch = before or Watch(pk=campaign.pk, workspace_id=campaign.workspace_id, looked_at=now, swept_at=now)
    watch.what, watch.uses, watch.until = watched.what, watched.uses, watched.until
    if watch.digest != watched.digest:
        watch.digest, watch.settled = watched.digest, False
        watch.look_cursor = 0 if watched.digest else None
    watch.save(force_insert=before is None)
