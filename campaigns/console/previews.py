"""How a preview draws each kind of channel: as the device shows it, and what it says about its size."""

from __future__ import annotations

from campaigns.services.previewing import Rendered
from channels.domain.kinds import KINDS
from channels.domain.sms import sms_words
from channels.providers.smtp.plaintext import plain_text

__all__ = ["drawing_of", "plain_text", "size_words"]

#: The picture of each kind: a template in campaigns/previews/. The others are a plain box.
DRAWINGS = {
    "email": "email",
    "sms": "bubble",
    "whatsapp": "bubble",
    "slack": "bubble",
    "voice": "call",
    "push": "phone",
    "web_push": "browser",
    "in_app": "card",
    "app_inbox": "card",
    "native_display": "card",
    "web_native_display": "card",
    "web_popup": "popup",
    "web_exit_intent": "popup",
    "facebook_audience": "audience",
    "google_ads_audience": "audience",
    "tiktok_audience": "audience",
}
#: What phones show of a notification before it is opened.
SHOWN_TITLE, SHOWN_TEXT = 65, 240
WORDS_A_MINUTE = 150


def drawing_of(kind: str) -> str:
    """The template that draws it."""
    return f"campaigns/previews/{DRAWINGS.get(kind, 'plain')}.html"


def size_words(kind: str, rendered: Rendered) -> str:
    """What there is to know about the size of a message, in a sentence; "" for nothing."""
    if kind == "sms":
        return sms_words(rendered.body)
    if kind == "voice" and rendered.body:
        seconds = round(len(rendered.body.split()) * 60 / WORDS_A_MINUTE)
        return f"About {max(seconds, 1)} seconds, spoken."
    if KINDS[kind].address == "device":
        long = [
            words
            for words, text, most in (
                ("title", rendered.subject, SHOWN_TITLE),
                ("text", rendered.body, SHOWN_TEXT),
            )
            if len(text) > most
        ]
        return f"Most devices cut off such a long {' and '.join(long)}." if long else ""
    return ""
