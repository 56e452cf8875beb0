"""The API as a whole: its description, its routes, and what is true of all of them."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from campaigns.api import (
    actions,
    agents,
    approvals,
    campaigns,
    channels,
    connections,
    deliveries,
    devices,
    drafts,
    dry_runs,
    events,
    imports,
    labels,
    lists,
    objects,
    people,
    problems,
    runs,
    sample_sends,
    splits,
    strategies,
    topics,
    variants,
    workflows,
)
from campaigns.api.access import KeyAccess, KeyRate
from campaigns.api.addresses import strict
from campaigns.api.body import JsonParser
from campaigns.api.rendering import JSONRenderer
from channels.services.errors import ChannelError

RESOURCES = (
    devices, people, objects, events, imports, lists, campaigns, actions, runs, channels, deliveries, connections, labels,
    approvals, variants, sample_sends, topics, agents, strategies, dry_runs, drafts, workflows, splits,
)  # fmt: skip


class DescribedOnce(NinjaAPI):
    """Keeps its description: making it takes a second of work, and nobody needs a key to ask for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._described: dict[str, OpenAPISchema] = {}

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The description of all calls, whose paths begin with the prefix (default: where the API is)."""
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        if prefix not in self._described:
            self._described[prefix] = super().get_openapi_schema(path_prefix=prefix)
        return self._described[prefix]


api = DescribedOnce(
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
    renderer=JSONRenderer(),
)
api.add_decorator(strict)
for resource in RESOURCES:
    api.add_router("", resource.router)
problems.install(api)
api.add_exception_handler(ChannelError, problems.refused)
