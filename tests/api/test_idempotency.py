"""The Idempotency-Key: however often a call is made under one key, it does one thing and has one answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from campaigns.models import Activity, Campaign, IdempotentCall
from campaigns.services.idempotency import forget_calls
from tests.api.callers import Caller, assert_problem
from tests.factories import CampaignFactory, in_state

DATA = {"kind": "sms", "name": "Once"}


def test_a_repeated_call_makes_no_second_campaign_and_has_the_same_answer(owner: Caller) -> None:
    first = owner.post("/campaigns", DATA, Idempotency_Key="k1")
    again = owner.post("/campaigns", DATA, Idempotency_Key="k1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert Campaign.objects.count() == 1
    assert owner.post("/campaigns", DATA, Idempotency_Key="k2").json()["id"] != first.json()["id"]
    assert owner.post("/campaigns", DATA).json()["id"] != first.json()["id"]


def test_the_answer_is_that_of_then_even_if_the_campaign_has_changed(owner: Caller) -> None:
    made = owner.post("/campaigns", DATA, Idempotency_Key="k1").json()
    owner.patch(f"/campaigns/{made['id']}", {"version": 1, "name": "Other"})
    assert owner.post("/campaigns", DATA, Idempotency_Key="k1").json() == made


@pytest.mark.parametrize("microsecond", [0, 1, 400, 999, 1000, 120_400, 999_999])
def test_the_answer_is_the_same_to_the_letter_whatever_the_time(owner: Caller, microsecond: int) -> None:
    with time_machine.travel(timezone.now().replace(microsecond=microsecond), tick=False):
        made = owner.post("/campaigns", DATA, Idempotency_Key="k1")
        assert owner.post("/campaigns", DATA, Idempotency_Key="k1").json() == made.json()
        assert owner.get(f"/campaigns/{made.json()['id']}").json() == made.json()


def test_actions_too(owner: Caller) -> None:
    campaign = in_state("running", "sms", created_by=owner.membership)
    stop, duplicate = (f"/campaigns/{campaign.pk}/actions/{action}" for action in ("stop", "duplicate"))
    assert [owner.post(stop, Idempotency_Key="s").status_code for _ in range(3)] == [200, 200, 200]
    assert_problem(owner.post(stop), 409, "transition_not_allowed")
    copies = {owner.post(duplicate, {}, Idempotency_Key="d").json()["id"] for _ in range(3)}
    assert len(copies) == 1
    assert Activity.objects.filter(campaign=campaign, action="stop").count() == 1
    delete = f"/campaigns/{copies.pop()}/actions/delete"
    assert [owner.post(delete, Idempotency_Key="x").status_code for _ in range(2)] == [204, 204]


def test_one_key_for_two_requests_is_422(owner: Caller) -> None:
    owner.post("/campaigns", DATA, Idempotency_Key="k")
    assert_problem(
        owner.post("/campaigns", DATA | {"name": "Else"}, Idempotency_Key="k"), 422, "idempotency_key_reused"
    )
    campaign = CampaignFactory(created_by=owner.membership)
    other_path = owner.post(f"/campaigns/{campaign.pk}/actions/duplicate", DATA, Idempotency_Key="k")
    assert other_path.status_code == 422


def test_a_refusal_is_not_remembered(owner: Caller) -> None:
    assert owner.post("/campaigns", {"kind": "sms", "name": ""}, Idempotency_Key="k").status_code == 422
    assert owner.post("/campaigns", DATA, Idempotency_Key="k").status_code == 201


def test_keys_belong_to_their_member(owner: Caller, approver: Caller, stranger: Caller) -> None:
    ids = [
        caller.post("/campaigns", DATA, Idempotency_Key="same").json()["id"]
        for caller in (owner, approver, stranger)
    ]
    assert len(set(ids)) == 3


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_bad_keys_are_422(key: str, owner: Caller) -> None:
    assert_problem(owner.post("/campaigns", DATA, Idempotency_Key=key), 422, "invalid")
    assert not Campaign.objects.exists()


def test_old_calls_are_forgotten(owner: Caller) -> None:
    owner.post("/campaigns", DATA, Idempotency_Key="k")
    assert forget_calls(timezone.now() + timedelta(hours=47)) == 0
    assert forget_calls(timezone.now() + timedelta(hours=49)) == 1
    assert not IdempotentCall.objects.exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_hundred_at_once_make_one_campaign(owner: Caller) -> None:
    def send(_: int) -> tuple[int, int]:
        try:
            response = Caller(key=owner.key).post("/campaigns", DATA, Idempotency_Key="storm")
            return response.status_code, response.json()["id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(100)))
    assert {status for status, _ in answers} == {201}
    assert len({pk for _, pk in answers}) == 1
    assert Campaign.objects.count() == 1
    assert Activity.objects.filter(action="create").count() == 1
