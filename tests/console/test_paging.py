"""Keyset paging: every row once, in both directions, whatever the cursor says."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaigns.models import Label, Workspace
from config.console.paging import capped_count, capped_counts, count_words, keyset_page
from tests.factories import LabelFactory, WorkspaceFactory


@pytest.fixture
def labels(workspace: Workspace) -> list[int]:
    return [LabelFactory(workspace=workspace).pk for _ in range(7)]


@pytest.mark.parametrize("order", [["id"], ["-id"], ["workspace_id", "id"], ["-workspace_id", "-id"]])
def test_every_row_is_on_exactly_one_page_and_the_way_back_is_the_same(
    labels: list[int], order: list[str]
) -> None:
    rows = Label.objects.filter(pk__in=labels)
    pages, cursor = [], ""
    while True:
        page = keyset_page(rows, order, cursor, 3)
        pages.append(page)
        if not page.next:
            break
        cursor = page.next
    expected = labels if not order[0].startswith("-") else labels[::-1]
    assert [row.pk for page in pages for row in page.rows] == expected
    assert [len(page.rows) for page in pages] == [3, 3, 1]
    back = keyset_page(rows, order, pages[2].previous, 3)
    assert [row.pk for row in back.rows] == [row.pk for row in pages[1].rows]
    first = keyset_page(rows, order, back.previous, 3)
    assert [row.pk for row in first.rows] == expected[:3]
    assert first.previous == ""


class AnyCursor(TestCase):
    """A cursor comes from the address bar: it may be anything."""

    @given(st.text(max_size=60))
    def test_shows_the_first_page(self, cursor: str) -> None:
        workspace = WorkspaceFactory()
        label = LabelFactory(workspace=workspace)
        assert [
            row.pk for row in keyset_page(Label.objects.filter(workspace=workspace), ["id"], cursor).rows
        ] in (
            [label.pk],
            [],
        )


def test_a_cursor_past_the_end_is_an_empty_page(labels: list[int]) -> None:
    cursor = base64.urlsafe_b64encode(b'["after","99999999999999999999999"]').decode()
    assert keyset_page(Label.objects.filter(pk__in=labels), ["id"], cursor, 3).rows == []


FORGED = ['["after","x"]', '["after"]', "[]", "7", '["next","1"]', '{"a": 1}', '["after","\\u0000"]']


@pytest.mark.parametrize("values", FORGED)
def test_a_forged_cursor_shows_the_first_page(labels: list[int], values: str) -> None:
    cursor = base64.urlsafe_b64encode(values.encode()).decode()
    assert keyset_page(Label.objects.filter(pk__in=labels), ["id"], cursor, 3).rows


def test_counts_stop_at_the_cap(labels: list[int]) -> None:
    rows = Label.objects.filter(pk__in=labels)
    assert capped_count(rows, cap=5) == 6
    assert capped_count(rows, cap=10) == 7
    assert count_words(6, cap=5) == "5+"
    assert count_words(12_345, cap=20_000) == "12,345"


def test_counts_of_several_lists_are_one_query_and_agree_with_each_by_itself(
    labels: list[int], django_assert_num_queries
) -> None:

    rows = Label.objects.filter(pk__in=labels)
    with django_assert_num_queries(1):
        assert capped_counts(rows, rows.none(), rows.filter(name="nothing"), cap=3) == [4, 0, 0]
    assert capped_counts(rows.none()) == [0]
