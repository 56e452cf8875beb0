"""Those who call the API in tests: a member with a key, or somebody without."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from campaigns.models import Membership, Workspace
from campaigns.services.api_keys import create_api_key

ROOT = "/api/v1"


class Caller:
    """Calls with one key; paths are those below /api/v1."""

    def __init__(self, membership: Membership | None = None, key: str = "") -> None:
        self.membership = membership
        self.key = key or (create_api_key(membership)[1] if membership else "")
        self._client = Client()

    @property
    def workspace(self) -> Workspace:
        """The workspace of the member."""
        assert self.membership
        return self.membership.workspace

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """Any call; ``body`` is sent as JSON, bytes are sent as they are (say what they are: ``content_type``)."""
        kind = headers.pop("content_type", "application/json")
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key:
            given["Authorization"] = f"Bearer {self.key}"
        return self._client.generic(method, f"{ROOT}{path}", sent, content_type=kind, headers=given)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.call("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.call("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.call("DELETE", path, **headers)

    def upload(self, path: str, **fields: Any) -> HttpResponse:
        """A form with a file."""
        return self._client.post(f"{ROOT}{path}", fields, headers={"Authorization": f"Bearer {self.key}"})

    def everything(self, path: str) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor, sign = "", "&" if "?" in path else "?"
        while True:
            page = self.get(f"{path}{sign}cursor={cursor}" if cursor else path).json()
            items += page["items"]
            cursor = page["next"]
            if not cursor:
                return items


def assert_problem(response: HttpResponse, status: int, code: str, *fields: str) -> dict[str, Any]:
    """The answer is an error of exactly the promised shape; returns what is inside."""
    assert response.status_code == status, response.content[:500]
    shape = response.json()
    assert set(shape) == {"error"}
    error = shape["error"]
    assert set(error) == {"code", "message", "fields"}
    assert error["code"] == code, error
    assert isinstance(error["message"], str) and error["message"].strip()
    assert all(isinstance(sentence, str) and sentence for sentence in error["fields"].values())
    if fields:
        assert sorted(error["fields"]) == sorted(fields), error
    return error
