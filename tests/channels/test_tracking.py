"""Opens and clicks: links rewritten once per content, no way to anywhere else, programs told from people."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from campaigns.models import Person
from channels.domain.tracking import is_program, is_trackable, track
from channels.engine.applying import apply_received
from channels.engine.dispatch import dispatch_channel
from channels.engine.tokens import read_tracking, tracking_url
from channels.models import Channel, Connection, Delivery, Link, ReceivedEvent, SandboxMessage
from channels.services.tracking import program_visits
from tests.engine.sending import NOW, make_blast, tallies

BODY = (
    '<p>Dear {{ person.first_name }}, <a class="x" href="https://shop.example/sale?a=1&amp;b=2">sale</a> and '
    "<a href='https://shop.example/me/{{ person.external_id }}'>you</a>. <a href=\"{{ unsubscribe_url }}\">No more</a></p>"
)
HTML = {"subject": "News", "body": BODY}
PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
LATER = NOW + timedelta(minutes=1)


# -- rewriting


def test_links_are_led_over_us_and_the_rest_stays() -> None:
    made = track(BODY, html=True)
    assert sorted(made.links.values()) == [
        "https://shop.example/me/{{ person.external_id }}",
        "https://shop.example/sale?a=1&b=2",
    ]
    assert made.body.count("{{ tracking_url }}") == 3 and "{{ unsubscribe_url }}" in made.body
    assert 'class="x"' in made.body and track(BODY, html=True) == made


def test_the_pixel_stands_at_the_end_of_the_body() -> None:
    assert track("<html><body><p>x</p></BODY></html>", html=True).body.endswith('alt=""></BODY></html>')


@pytest.mark.parametrize(
    ("url", "tracked"),
    [
        ("https://a.example/x", True), ("http://a.example", True), ("https://a.example/{{ person.id }}", True),
        ("https://a.example?x={{ campaign.id | url_encode }}", True), ("https://{{ person.host }}/x", False),
        ("https://a{{ person.host }}/x", False), ("{{ unsubscribe_url }}", False), ("mailto:a@b.example", False),
        ("https://a.example/{{ event.id }}", False), ("https://a.example/{{ item }}", False), ("#top", False),
        ("https://a.example/{% if person.x %}1{% endif %}", False), ("javascript:alert(1)", False),
        ("https://a@b.example/", False), ("https://a.example/{{ person.id", False), ("//a.example/", False),
    ],
)  # fmt: skip
def test_only_links_to_a_host_that_the_content_names_are_tracked(url: str, tracked: bool) -> None:
    assert is_trackable(url) is tracked


@pytest.mark.parametrize(
    "body",
    [
        '{% for person in friends %}<a href="https://a.example/{{ person.id }}">x</a>{% endfor %}',
        '{% assign person = "x" %}<a href="https://a.example/{{ person.id }}">x</a>',
        '{% raw %}<a href="https://a.example/">x</a>{% endraw %}',
    ],
)
def test_what_would_mean_something_else_later_stays(body: str) -> None:
    assert track(body, html=True).links == {}


def test_links_of_plain_text_keep_what_stands_behind_them() -> None:
    made = track("Look: https://a.example/x?y=1, or (https://b.example).", html=False)
    assert sorted(made.links.values()) == ["https://a.example/x?y=1", "https://b.example"]
    assert re.fullmatch(r"Look: \{\{ tracking_url }}\w{12}/, or \(\{\{ tracking_url }}\w{12}/\)\.", made.body)


@pytest.mark.parametrize(
    ("agent", "program"),
    [
        ("", True), ("Mozilla/5.0", True), ("python-requests/2.1", True), ("Slackbot-LinkExpanding 1.0", True),
        (PERSON["User-Agent"], False), ("Mozilla/5.0 (Windows NT 5.1) Firefox/11.0 (via GoogleImageProxy)", False),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", True), ("BarracudaCentral", True),
    ],
)  # fmt: skip
def test_programs_are_known_by_their_names(agent: str, program: bool) -> None:
    assert is_program({"user-agent": agent}) is program
    assert is_program({"user-agent": agent, "sec-purpose": "prefetch;prerender"})


# -- end to end


@pytest.fixture
def sent(db: None) -> Channel:
    channel = make_blast(2, kind="email", content=HTML)
    dispatch_channel(channel.pk, now=NOW)
    return channel


def links_of(message: SandboxMessage) -> tuple[list[str], str]:
    """Tracked links and the pixel of a message as it went out, without the host."""
    links = re.findall(r'href="https?://[^/]+(/t/[^"]+)"', message.body)
    found = re.search(r'src="https?://[^/]+(/t/[^"]+)"', message.body)
    assert found
    return links, found[1]


def first(channel: Channel) -> SandboxMessage:
    message = SandboxMessage.objects.filter(channel=channel).order_by("pk").first()
    assert message
    return message


def test_a_person_opens_and_clicks(sent: Channel) -> None:
    message, page = first(sent), Client(headers=PERSON)
    links, pixel = links_of(message)
    person = Person.objects.get(pk=Delivery.objects.get(pk=message.pk).person_id)
    with time_machine.travel(LATER, tick=False):
        shown = page.get(pixel)
        assert (shown.status_code, shown["Content-Type"]) == (200, "image/gif")
        targets = [page.get(link)["Location"] for link in links[1:]]
    assert targets == [f"https://shop.example/me/{person.external_id}"]
    assert Link.objects.filter(channel=sent).count() == 2
    assert apply_received(LATER)["applied"] == 0, "it waits until it is known who clicked"
    apply_received(LATER + timedelta(seconds=5))
    row = Delivery.objects.get(pk=message.pk)
    assert (row.opened_at, row.clicked_at) == (LATER, LATER)
    assert tallies(sent) == {"sent": 2, "opened": 1, "clicked": 1} and program_visits([sent.pk]) == {}


def test_who_clicks_everything_within_two_seconds_is_a_program(sent: Channel) -> None:
    links, _ = links_of(first(sent))
    page = Client(headers=PERSON)
    for number, link in enumerate(links):
        with time_machine.travel(LATER + timedelta(seconds=number), tick=False):
            page.get(link)
    apply_received(LATER + timedelta(seconds=9))
    assert tallies(sent) == {"sent": 2} and program_visits([sent.pk]) == {sent.pk: {"clicked": 2}}


def test_two_links_in_a_minute_are_a_person(sent: Channel) -> None:
    links, _ = links_of(first(sent))
    for number, link in enumerate(links):
        with time_machine.travel(LATER + timedelta(seconds=20 * number), tick=False):
            Client(headers=PERSON).get(link)
    apply_received(LATER + timedelta(minutes=9))
    assert tallies(sent) == {"sent": 2, "clicked": 1}


def test_programs_are_labelled_and_counted_apart(sent: Channel) -> None:
    links, pixel = links_of(first(sent))
    for path in (links[0], pixel):
        Client(headers={"User-Agent": "curl/8"}).get(path)
    Client(headers=PERSON).head(links[0])
    apply_received(NOW + timedelta(days=9999))
    assert program_visits([sent.pk]) == {sent.pk: {"clicked": 1, "opened": 1}}
    assert tallies(sent) == {"sent": 2} and ReceivedEvent.objects.count() == 2


def test_nobody_can_make_an_address_up(sent: Channel) -> None:
    (link, _), pixel = links_of(first(sent))
    other = make_blast(1, kind="email", content={"subject": "x", "body": "y"})
    delivery = other.deliveries.get()
    foreign = f"{tracking_url(delivery.pk)}{link.split('.')[2]}".replace("http://localhost:8000", "")
    signature = link.split(".")[1]
    for path in (
        foreign, link.replace(signature, "A" * 20), f"/t/{delivery.pk}.{signature}.o/", f"{link[:-1]}x/", "/t/x/",
        "/t/1..o/", f"/t/²{pixel[3:]}", f"/t/{'9' * 30}.{signature}.o/", "/t/..https:%2F%2Fevil.example/",
    ):  # fmt: skip
        assert Client(headers=PERSON).get(path).status_code == 404, path
    assert ReceivedEvent.objects.count() == 0


def test_old_links_work_after_the_secret_key_has_changed(settings: object) -> None:
    token = tracking_url(5).rpartition("/")[2] + "o"
    old = settings.SECRET_KEY  # type: ignore[attr-defined]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [old]  # type: ignore[attr-defined]
    assert read_tracking(token) == (5, "o")
    settings.SECRET_KEY_FALLBACKS = []  # type: ignore[attr-defined]
    assert read_tracking(token) is None


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tracking", "body", "tracked"),
    [
        ("off", BODY, False), ("html", BODY, True), ("html", "Look: https://a.example/", False),
        ("all", "Look: https://a.example/", True), ("all", "No link", False),
    ],
)  # fmt: skip
def test_the_connection_says_what_is_tracked(tracking: str, body: str, tracked: bool) -> None:
    channel = make_blast(1, kind="email", content={"subject": "x", "body": body}, tracking=tracking)
    dispatch_channel(channel.pk, now=NOW)
    assert ("/t/" in first(channel).body) is tracked
    assert Connection.objects.get().tracking == tracking
