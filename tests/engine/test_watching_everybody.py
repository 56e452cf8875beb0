"""Everybody inside is looked at again where a condition is new, and nobody sleeps through what happens meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction

from campaigns.engine import watching as engine
from campaigns.engine.batches import only_worker
from campaigns.engine.journeys import advance
from campaigns.models import Event, Person, Watch
from campaigns.services.watching import keep_watch
from tests.engine.watch_ground import BOUGHT, DAY, GOLD, awake, look, put, wait, watching
from tests.engine.world import NOW, delay, everyone, make_people, make_workspace, message, places

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]


def test_a_new_condition_is_asked_of_everybody_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CHUNK", 3)
    workspace = make_workspace()
    people = make_people(workspace, 10)
    campaign = watching(everyone(workspace), [wait("wait", BOUGHT), message("m")])
    put(campaign, people, "wait")
    Person.objects.filter(pk__in=people[::2]).update(attributes={"plan": "gold"})
    look(campaign)
    assert (awake(campaign), Watch.objects.get().look_cursor) == (set(), None)
    campaign.workflow = [wait("wait", GOLD), message("m")]
    campaign.exit = {"condition": {"attribute": "first_name", "op": "eq", "value": "Person 2"}}
    campaign.save()
    keep_watch(campaign, NOW)
    assert look(campaign).woken == {campaign.pk}
    assert awake(campaign) == set(people[::2])
    assert places(campaign) == {"active:wait": 9, "exited:exit_criteria": 1}


def test_a_change_under_way_when_the_watch_was_made_is_not_missed() -> None:
    """The trigger saw nobody who looks, and the change commits after people were looked at: only waiting for it helps."""
    workspace = make_workspace()
    (ann,) = make_people(workspace, 1)
    campaign = watching(everyone(workspace))
    Watch.objects.all().delete()
    put(campaign, [ann], "wait")
    changed, watched = threading.Event(), threading.Event()

    def change() -> None:
        with transaction.atomic():
            Event.objects.create(
                workspace=workspace, person_id=ann, name="purchase", occurred_at=NOW, received_at=NOW
            )
            changed.set()
            assert watched.wait(20)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(change)
        assert changed.wait(20)
        keep_watch(campaign, NOW)
        look(campaign)
        assert (awake(campaign), Watch.objects.get().look_cursor) == (set(), 0)  # it is waited for
        watched.set()
        done.result()
    look(campaign)
    assert (awake(campaign), Watch.objects.get().look_cursor) == ({ann}, None)


def test_messages_sent_are_gone_over_from_time_to_time() -> None:
    from channels.models import Delivery
    from tests.engine.world import make_campaign, make_channel

    workspace = make_workspace()
    (ann,) = make_people(workspace, 1)
    label = workspace.labels.create(name="Onboarding")
    other = make_campaign(everyone(workspace))
    other.labels.add(label)
    leaving = {"condition": {"label": "Onboarding", "op": "sent"}}
    campaign = watching(other.segment, [delay("d", "1 month"), message("m")], exit=leaving)
    put(campaign, [ann], "d")
    look(campaign)
    Delivery.objects.create(
        channel=make_channel(other), person_id=ann, status="sent", sent_at=NOW, due_at=NOW
    )
    look(campaign, NOW + engine.LABELS_EVERY / 2)
    assert places(campaign) == {"active:d": 1}
    look(campaign, NOW + DAY)
    look(campaign, NOW + DAY)
    assert places(campaign) == {"exited:exit_criteria": 1}


def test_who_is_on_the_way_to_a_wait_is_waited_for() -> None:
    """The move has looked before the event, and commits behind it: noticing the event waits for the move."""
    workspace = make_workspace()
    (ann,) = make_people(workspace, 1)
    campaign = watching(everyone(workspace), [delay("first", "1 day"), wait("wait", BOUGHT), message("m")])
    look(campaign)
    put(campaign, [ann], "first", due="2026-03-01")
    moved, bought = threading.Event(), threading.Event()

    def move() -> None:
        with only_worker("advance", campaign.pk) as cursor:
            assert cursor is not None
            cursor.execute("UPDATE campaigns_journey SET step = 'wait', due_at = 'infinity'")
            moved.set()
            assert bought.wait(30)
        connections.close_all()

    def notice() -> None:
        look(campaign)
        connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        moving = pool.submit(move)
        assert moved.wait(30)
        Event.objects.create(
            workspace=workspace, person_id=ann, name="purchase", occurred_at=NOW, received_at=NOW
        )
        noticing = pool.submit(notice)
        while not noticing.done() and not _somebody_waits():
            pass
        bought.set()
        moving.result()
        noticing.result()
    assert awake(campaign) == {ann}


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("""SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()""")
        return cursor.fetchone() is not None


@pytest.mark.slow
def test_nobody_sleeps_through_what_they_wait_for() -> None:
    """200 rounds: a person comes to a wait and does what it is about at the same moment, in threads of their own."""
    workspace = make_workspace()
    people = make_people(workspace, 200)
    campaign = watching(everyone(workspace), [delay("first", "1 day"), wait("wait", BOUGHT), message("m")])
    look(campaign)
    barrier = threading.Barrier(3, timeout=30)
    acts = (lambda: advance(campaign.pk, NOW), lambda: look(campaign))

    def rounds(act: Any) -> None:
        try:
            for _ in people:
                barrier.wait()
                act()
                barrier.wait()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        others = [pool.submit(rounds, act) for act in acts]
        for person in people:
            put(campaign, [person], "first", due="2026-03-01")
            barrier.wait()
            Event.objects.create(
                workspace=workspace, person_id=person, name="purchase", occurred_at=NOW, received_at=NOW
            )
            barrier.wait()
        for other in others:
            other.result()
    look(campaign)
    while advance(campaign.pk, NOW):
        pass
    assert places(campaign) == {"finished": 200}


def test_an_event_wakes_only_those_who_wait_for_it() -> None:
    """Of 200,000 who wait: one event, one row updated, nobody else looked at."""
    workspace = make_workspace()
    people = make_people(workspace, 200_000)
    campaign = watching(everyone(workspace), [wait("wait", BOUGHT), message("m")])
    put(campaign, people, "wait")
    Watch.objects.update(look_cursor=None)  # the look at everybody is another matter
    Event.objects.create(
        workspace=workspace, person_id=people[777], name="purchase", occurred_at=NOW, received_at=NOW
    )
    with connection.cursor() as cursor:
        before = _rows_touched(cursor)
        kept = look(campaign)
        assert (kept.looked_at, awake(campaign)) == (1, {people[777]})
        after = _rows_touched(cursor)
    assert after["n_tup_upd"] - before["n_tup_upd"] == 1
    assert after["seq_scan"] == before["seq_scan"]


def _rows_touched(cursor: Any) -> dict[str, int]:
    cursor.execute("SELECT pg_stat_force_next_flush()")
    cursor.execute("SELECT 1")
    cursor.execute("SELECT n_tup_upd, seq_scan FROM pg_stat_user_tables WHERE relname = 'campaigns_journey'")
    return dict(zip(("n_tup_upd", "seq_scan"), cursor.fetchone(), strict=True))
