"""Every vendor that there is a server for."""

from __future__ import annotations

from tests.vendors.audiences import Facebook, GoogleAds, TikTok
from tests.vendors.email_services import Brevo, Mailgun, Postmark, Resend
from tests.vendors.fcm import Fcm
from tests.vendors.partner import Partner
from tests.vendors.server import Vendor
from tests.vendors.slack import Slack
from tests.vendors.twilio import Twilio
from tests.vendors.vonage import Vonage
from tests.vendors.web_push import WebPush

VENDORS: tuple[type[Vendor], ...] = (
    Postmark,
    Mailgun,
    Brevo,
    Resend,
    Twilio,
    Vonage,
    Fcm,
    WebPush,
    Slack,
    Partner,
    Facebook,
    GoogleAds,
    TikTok,
)
