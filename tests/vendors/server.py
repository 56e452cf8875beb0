"""A vendor's API on this machine: checks each call as the vendor documents it, keeps a journal, has faults on order."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from channels.providers.base import Message, Provider


@dataclass(frozen=True)
class Reply:
    """An answer as the vendor documents it."""

    status: int
    body: Any = ""
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        if isinstance(self.body, str):
            return web.Response(status=self.status, text=self.body, headers=self.headers)
        return web.json_response(self.body, status=self.status, headers=self.headers)


class Vendor:
    """One vendor: the provider under test, settings that lead to the server, and how the vendor answers."""

    name = ""
    kind = "sms"
    """The kind of channel that the shared tests use."""
    refused: Reply
    """A message that will never be taken."""
    busy: Reply
    """A failure that passes."""
    throttled: Reply
    """Too many messages; with the seconds to wait, where the vendor says them."""
    throttle_wait: float | None = None
    gives_ids = True
    """Whether the vendor answers with an id of the message."""
    breaks = True
    """Whether a refused login or a closed port stands for the whole connection."""
    answers_matter = True
    """Whether a 2xx whose body makes no sense leaves a doubt."""

    def __init__(self) -> None:
        self.url = ""
        self.journal: list[dict[str, Any]] = []
        self.fault: Reply | str | None = None
        """What the next calls that send meet: a reply, ``silent``, ``malformed``, or nothing."""

    @property
    def provider(self) -> Provider:
        raise NotImplementedError

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Cleaned settings that lead to the server, with the networks that the engine would add."""
        cleaned = self.provider.clean({**self.raw_settings(), "timeout": 5, **changes})
        return {**cleaned, "allowed_networks": ["127.0.0.0/8"]}

    def raw_settings(self) -> dict[str, Any]:
        raise NotImplementedError

    def wrong_login(self) -> dict[str, Any]:
        """Settings that the vendor does not accept."""
        raise NotImplementedError

    def message(self, number: int, **changes: Any) -> Message:
        raise NotImplementedError

    def routes(self) -> list[web.RouteDef]:
        raise NotImplementedError

    def sending(self, handler: Callable[[web.Request], Awaitable[Reply]]) -> Any:
        """A handler of calls that send: it meets the faults."""

        async def handle(request: web.Request) -> web.StreamResponse:
            fault = self.fault
            if fault == "silent":
                await asyncio.sleep(30)
            if fault == "malformed":
                return web.Response(status=200, text="<html>It works!</html>")
            if isinstance(fault, Reply):
                return fault.response()
            return (await handler(request)).response()

        return handle

    def answering(self, handler: Callable[[web.Request], Awaitable[Reply]]) -> Any:
        """A handler of any other call."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return (await handler(request)).response()

        return handle


class VendorServer:
    """Runs a vendor in a thread of its own, as a context manager."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, daemon=True, name=f"vendor-{vendor.name}"
        )

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(60)
        return self

    def __exit__(self, *exception: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        await self._runner.cleanup()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _start(self) -> None:
        application = web.Application(client_max_size=8 << 20)
        application.add_routes(self.vendor.routes())
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = site._server.sockets[0].getsockname()[:2]  # type: ignore[union-attr]
        self.vendor.url = f"http://{host}:{port}"


@contextmanager
def running(vendor: Vendor) -> Iterator[Vendor]:
    """The vendor while its server runs."""
    with VendorServer(vendor):
        yield vendor
