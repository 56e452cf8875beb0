"""Who wants nothing through a kind of channel, or about a campaign's topic: the one rule, for enrolling and for claiming."""

from __future__ import annotations


def opted_out(person: str, kind: str) -> str:
    """``FROM … WHERE …`` over a person's opt-outs that count for the channel %(channel)s: one probe of an index.

    ``person`` is the person's id and ``kind`` the channel's, both as SQL.
    """
    return f"""FROM channels_optout AS opted
        WHERE opted.person_id = {person} AND opted.channel_kind IN ('', {kind})
            AND (opted.topic_id IS NULL OR opted.topic_id = (
                SELECT campaign.topic_id FROM channels_channel AS channel
                JOIN campaigns_campaign AS campaign ON campaign.id = channel.campaign_id
                WHERE channel.id = %(channel)s))"""
