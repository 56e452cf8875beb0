"""The API as a whole: its description, its routes, and what is true of all of them."""

from __future__ import annotations

from ninja import NinjaAPI

from campaigns.api import (
    actions,
    agents,
    approvals,
    campaigns,
    channels,
    connections,
    deliveries,
    devices,
    events,
    imports,
    labels,
    lists,
    people,
    problems,
    runs,
    sample_sends,
    topics,
    variants,
)
from campaigns.api.access import KeyAccess, KeyRate
from campaigns.api.addresses import strict
from campaigns.api.body import JsonParser
from channels.services.errors import ChannelError

RESOURCES = (
    devices, people, events, imports, lists, campaigns, actions, runs, channels, deliveries, connections, labels, approvals,
    variants, sample_sends, topics, agents,
)  # fmt: skip

api = NinjaAPI(
    title="Campaigns",
    version="1",
    description=(
        "Everything that the console does, for programs. Send `Authorization: Bearer <key>`; a key is made by "
        "`manage.py create_api_key EMAIL` and acts with that member's role in one workspace. Every error is "
        '`{"error": {"code", "message", "fields": {}}}`. Lists answer `{"items": [], "next": cursor}`.'
    ),
    urls_namespace="api",
    auth=KeyAccess(),
    throttle=[KeyRate()],
    parser=JsonParser(),
)
api.add_decorator(strict)
for resource in RESOURCES:
    api.add_router("", resource.router)
problems.install(api)
api.add_exception_handler(ChannelError, problems.refused)
