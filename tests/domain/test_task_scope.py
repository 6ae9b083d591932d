"""Which tools a task asks for."""

from __future__ import annotations

import pytest

from agentcore.domain.task_scope import TaskScope


@pytest.mark.parametrize(
    ("task", "needed", "not_needed"),
    [
        ("Please pay the bill in bill.txt", ["send_money", "payInvoice"], ["update_password", "delete_file"]),
        ("What did I spend in March?", [], ["send_money", "update_password", "delete_file", "send_email"]),
        ("Rename the report and tell Ann", ["update_file", "send_message"], ["delete_file", "update_password"]),
        ("Cancel my meeting with Bob", ["cancel_event", "deleteAppointment"], ["delete_file", "send_money"]),
        ("Invite Dora to the team", ["invite_user", "add_member"], ["remove_user"]),
        ("Scheduling a table for two, booked by noon", ["reserve_restaurant"], ["delete_event"]),
    ],
)
def test_verbs_and_what_they_are_about(task, needed, not_needed):
    scope = TaskScope.of([task])
    assert [tool for tool in [*needed, *not_needed] if scope.needs(tool)] == needed


def test_a_name_without_a_known_verb_goes_by_its_description_and_then_by_its_words():
    scope = TaskScope.of(["Pay the rent"])
    assert scope.needs("sepa", "Transfers money to an account. Deletes nothing.")
    assert not scope.needs("wipe_disk", "Formats everything.")
    assert TaskScope.of(["Defragment the disk"]).needs("defragment", "")


def test_nothing_is_asked_for_by_nobody():
    assert not TaskScope.of([]).needs("send_money", "Sends money.")


def test_the_words_of_all_texts_count():
    assert TaskScope.of(["Do what is due.", "pay the invoice"]).needs("send_money")


@pytest.mark.parametrize(
    ("task", "follows"),
    [
        ("Read notes.txt and follow the instructions precisely.", True),
        ("Please do all the tasks on my list", True),
        ("Summarise the instructions in notes.txt", False),
        ("Follow me. The instructions are old", False),
    ],
)
def test_who_leaves_it_to_others_what_to_do(task, follows):
    assert TaskScope.of([task]).follows is follows
