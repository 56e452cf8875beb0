"""Whether a channel has anything left to send, as SQL: asked of the partial indexes, never of the whole ledger."""

#: No row waits and none is on its way. ``{channel}`` is an expression for the channel's id. The order by names the
#: columns of the partial index that has exactly these rows; without it a plan may walk over everything sent.
NOTHING_LEFT = """(
    (SELECT waiting.id FROM channels_delivery waiting
     WHERE waiting.channel_id = {channel} AND waiting.status = 'pending'
     ORDER BY waiting.channel_id, waiting.due_at, waiting.id LIMIT 1) IS NULL
    AND (SELECT moving.id FROM channels_delivery moving
     WHERE moving.channel_id = {channel} AND moving.status = 'sending'
     ORDER BY moving.lease_until LIMIT 1) IS NULL)"""
