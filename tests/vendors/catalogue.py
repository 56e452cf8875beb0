"""Every vendor that there is a server for."""

from __future__ import annotations

from tests.vendors.server import Vendor
from tests.vendors.twilio import Twilio

VENDORS: tuple[type[Vendor], ...] = (Twilio,)
