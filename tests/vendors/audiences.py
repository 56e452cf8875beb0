"""The advertising networks: Meta's Marketing API, TikTok's API for Business, the Google Ads API."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from channels.providers.base import Message
from channels.providers.facebook.provider import FacebookProvider
from channels.providers.google_ads.provider import GoogleAdsProvider
from channels.providers.google_ads.transport import SCOPE
from channels.providers.tiktok.provider import TikTokProvider
from tests.channels.provider_kit import message
from tests.vendors.google import TokenShop, error, key_file
from tests.vendors.server import Reply, Vendor

HASH = re.compile(r"[0-9a-f]{64}\Z")


class Audience(Vendor):
    """The journal has one record a member, ``calls`` how many came with each call."""

    gives_ids = False

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []

    def message(self, number: int, membership: str = "add", **changes: Any) -> Message:
        person = {"email": f"P{number}@Example.test", "phone": f"+1555{number:07}"}
        values = {"address": " ", "person": person, "parts": {"membership": membership}, **changes}
        return message(number, **values)

    def take(self, action: str, members: list[list[str]]) -> bool:
        """Keep the members; False if anything in them is no hash."""
        if not all(value == "" or HASH.match(value) for member in members for value in member):
            return False
        self.calls.append(len(members))
        self.journal.extend({"action": action, "member": member} for member in members)
        return True


def graph_error(
    status: int, code: int, words: str, headers: dict[str, str] | None = None, **more: Any
) -> Reply:
    """An error as the Graph API words it."""
    body = {"error": {"message": words, "type": "OAuthException", "code": code, "fbtrace_id": "A", **more}}
    return Reply(status, body, headers or {})


class Facebook(Audience):
    """One custom audience."""

    name = "facebook"
    kind = "facebook_audience"
    provider = FacebookProvider()
    refused = graph_error(400, 100, "Invalid parameter")
    busy = graph_error(500, 2, "Service temporarily unavailable", is_transient=True)
    throttled = graph_error(
        400, 80003, "There have been too many calls", error_subcode=2446079,
        headers={"X-Business-Use-Case-Usage": json.dumps({"1": [{"estimated_time_to_regain_access": 2}]})},
    )  # fmt: skip
    throttle_wait = 120

    def raw_settings(self) -> dict[str, Any]:
        return {"access_token": "EAAB", "audience_id": "77", "base_url": self.url}

    def wrong_login(self) -> dict[str, Any]:
        return {"access_token": "wrong"}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v25.0/77/users", self.sending(self._change)),
            web.delete("/v25.0/77/users", self.sending(self._change)),
            web.get("/v25.0/77", self.answering(self._audience)),
        ]

    def _refusal(self, request: web.Request) -> Reply | None:
        good = request.headers.get("Authorization") == "Bearer EAAB"
        return None if good else graph_error(400, 190, "Invalid OAuth access token.")

    async def _audience(self, request: web.Request) -> Reply:
        return self._refusal(request) or Reply(200, {"name": "Customers", "id": "77"})

    async def _change(self, request: web.Request) -> Reply:
        if refusal := self._refusal(request):
            return refusal
        payload = json.loads(str((await _form(request))["payload"]))
        if payload["schema"] != ["EMAIL", "PHONE"] or not self.take(request.method, payload["data"]):
            return self.refused
        known = {"audience_id": "77", "session_id": "9", "num_received": len(payload["data"])}
        return Reply(200, {**known, "num_invalid_entries": 0, "invalid_entry_samples": {}})


class TikTok(Audience):
    """One custom audience of one advertiser."""

    name = "tiktok"
    kind = "tiktok_audience"
    provider = TikTokProvider()
    refused = Reply(200, {"code": 40002, "message": "batch_data: wrong", "request_id": "1", "data": {}})
    busy = Reply(200, {"code": 50000, "message": "System error", "request_id": "1", "data": {}})
    throttled = Reply(
        200, {"code": 40100, "message": "Requests made too frequently", "request_id": "1", "data": {}}
    )
    throttle_wait = 60

    def raw_settings(self) -> dict[str, Any]:
        return {"access_token": "abc", "advertiser_id": "5", "audience_id": "6", "base_url": self.url}

    def wrong_login(self) -> dict[str, Any]:
        return {"access_token": "wrong"}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/open_api/v1.3/segment/mapping/", self.sending(self._map)),
            web.get("/open_api/v1.3/dmp/custom_audience/get/", self.answering(self._audience)),
        ]

    def _refusal(self, request: web.Request) -> Reply | None:
        good = request.headers.get("Access-Token") == "abc"
        return (
            None
            if good
            else Reply(200, {"code": 40105, "message": "Access token is incorrect or has been revoked"})
        )

    async def _audience(self, request: web.Request) -> Reply:
        known = {"code": 0, "message": "OK", "data": {"list": [{"audience_details": {"name": "Customers"}}]}}
        return self._refusal(request) or Reply(200, known)

    async def _map(self, request: web.Request) -> Reply:
        if refusal := self._refusal(request):
            return refusal
        body = await request.json()
        members = [[slot.get("id", "") for slot in member] for member in body["batch_data"]]
        known = body["id_schema"] == ["EMAIL_SHA256", "PHONE_SHA256"] and body["action"] in ("add", "delete")
        slots = [slot for member in body["batch_data"] for slot in member if slot]
        if (
            not known
            or any(slot["audience_ids"] != ["6"] for slot in slots)
            or not self.take(body["action"], members)
        ):
            return self.refused
        return Reply(200, {"code": 0, "message": "OK", "request_id": "2026", "data": {}})


class GoogleAds(Audience):
    """One customer match list."""

    name = "google_ads"
    kind = "google_ads_audience"
    provider = GoogleAdsProvider()
    refused = error(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")
    busy = error(503, "UNAVAILABLE", "The service is currently unavailable.")
    throttled = error(429, "RESOURCE_EXHAUSTED", "Too many requests.", **{"Retry-After": "40"})
    throttle_wait = 40

    def __init__(self) -> None:
        super().__init__()
        self.shop = TokenShop(SCOPE)

    def raw_settings(self) -> dict[str, Any]:
        return {"service_account": key_file(self.url), "developer_token": "dev", "customer_id": "123-456-7890",
                "user_list_id": "42", "base_url": self.url}  # fmt: skip

    def wrong_login(self) -> dict[str, Any]:
        return {"service_account": key_file(self.url, 2)}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/token", self.answering(self.shop.exchange)),
            web.post("/v26/customers/1234567890:uploadUserData", self.sending(self._upload)),
            web.get("/v26/customers:listAccessibleCustomers", self.answering(self._customers)),
        ]

    def _refusal(self, request: web.Request) -> Reply | None:
        if not self.shop.knows(request) or request.headers.get("developer-token") != "dev":
            return error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        return None

    async def _customers(self, request: web.Request) -> Reply:
        return self._refusal(request) or Reply(200, {"resourceNames": ["customers/1234567890"]})

    async def _upload(self, request: web.Request) -> Reply:
        if refusal := self._refusal(request):
            return refusal
        body = await request.json()
        operations = body["operations"]
        wanted = "customers/1234567890/userLists/42"
        if len(operations) > 10 or body["customerMatchUserListMetadata"]["userList"] != wanted:
            return self.refused
        for operation in operations:
            ((verb, data),) = operation.items()
            values = [next(iter(identifier.values())) for identifier in data["userIdentifiers"]]
            if verb not in ("create", "remove") or not self.take(verb, [values]):
                return self.refused
        return Reply(
            200, {"uploadDateTime": "2026-03-01 12:00:00", "receivedOperationsCount": len(operations)}
        )


async def _form(request: web.Request) -> dict[str, str]:
    """A form, also of a DELETE."""
    return dict(parse_qsl((await request.read()).decode()))
