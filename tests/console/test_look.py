"""The look's own promises: every icon is in the sprite, every template compiles, nothing comes from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

from campaigns.domain.lifecycles import BY_KIND
from campaigns.domain.lifecycles.outreach import CHANNEL_LOOKS
from channels.domain.kinds import KINDS
from config.console.navigation import PLACES

ROOT = Path(settings.BASE_DIR)
SPRITE = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/vendor/tabler/icons.svg").read_text()))
TEMPLATES = sorted(
    path.relative_to(ROOT / "templates").as_posix() for path in (ROOT / "templates").rglob("*.html")
)


def test_every_icon_that_data_names_is_in_the_sprite() -> None:
    looks = [look for lifecycle in BY_KIND.values() for look in lifecycle.looks.values()]
    named = {look.icon for look in (*looks, *CHANNEL_LOOKS.values())}
    named |= {kind.icon for kind in KINDS.values()}
    named |= {place.icon for _, places in PLACES for place in places}
    assert named - SPRITE == set()


@pytest.mark.parametrize("name", [name for name in TEMPLATES if not name.startswith("admin/")])
def test_a_template_compiles_and_its_icons_exist(name: str) -> None:
    get_template(name)
    text = (ROOT / "templates" / name).read_text()
    assert set(re.findall(r'{% icon "([^"]+)"', text)) - SPRITE == set()
    assert not re.search(r"(?:src|href)=[\"'](?:https?:)?//", text), "a file from elsewhere"
    assert not re.search(r"<script(?![^>]* src=)|<style|\son[a-z]+=", text), "inline script or style"
    assert "hx-on" not in text


@pytest.mark.parametrize("path", sorted((ROOT / "static").rglob("*.css")), ids=lambda path: path.name)
def test_style_sheets_fetch_nothing_from_elsewhere(path: Path) -> None:
    assert not re.search(r"url\(['\"]?(?:https?:)?//|@import", path.read_text())
