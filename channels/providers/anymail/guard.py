"""The addresses rule of `channels.providers.http.addresses` for the library that anymail calls with (requests)."""

from __future__ import annotations

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from channels.providers.http.addresses import Networks, is_allowed


class Blocked(NewConnectionError):
    """The connection led into a private network; nothing was said on it."""


class GuardedAdapter(HTTPAdapter):
    """Looks at the address that has been connected to before a byte is sent."""

    def __init__(self, allowed: Networks) -> None:
        self._allowed = allowed
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """The pools whose connections look."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._allowed)


def guard(session: requests.Session, allowed: Networks) -> requests.Session:
    """No redirects, no proxies of the environment, allowed addresses only."""
    session.trust_env = False
    session.max_redirects = 0
    for scheme in ("http://", "https://"):
        session.mount(scheme, GuardedAdapter(allowed))
    return session


def _pools(allowed: Networks) -> dict[str, type[HTTPConnectionPool]]:
    def look(connection: HTTPConnection, made: socket.socket) -> socket.socket:
        if not is_allowed(made.getpeername()[0], allowed):
            made.close()
            raise Blocked(connection, "The address lies in a private or reserved network.")
        return made

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return look(self, super()._new_conn())

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return look(self, super()._new_conn())

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
