"""The people's state machine: only verbs move a summary, each move leaves a row, and the public loses nothing."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from papers.models import Finding, Generation, ReviewEvent, Revision, StaleEdit, Summary, WrongState
from papers.models.states import MOVES
from tests import base

pytestmark = pytest.mark.django_db
Status = Summary.Status
TEXT = {"title": "标题", "abstract": "摘要。", "reading": ""}


def generation() -> int:
    return sum(Generation.objects.values_list("number", flat=True))


def test_approval_makes_the_seen_text_public_and_leaves_a_row() -> None:
    summary, editor = base.make_summary(), base.make_editor()
    before = generation()
    summary.approve(editor, note="好")
    assert (summary.status, summary.public, summary.reviewed_by) == (Status.APPROVED, summary.current, editor)
    event = ReviewEvent.of(summary).first()
    assert event and (event.verb, event.old, event.new, event.by, event.note) == (
        "approve",
        "needs_review",
        "approved",
        editor,
        "好",
    )
    assert generation() > before


def test_nobody_approves_a_text_that_changed_under_their_eyes() -> None:
    summary, editor = base.make_summary(), base.make_editor()
    seen = summary.current
    summary.edit(base.chief(), seen, **TEXT)
    with pytest.raises(WrongState):
        summary.approve(editor, seen)
    assert Summary.objects.get().public is None


def test_of_two_editors_the_second_is_told() -> None:
    first = base.make_summary()
    second = Summary.objects.get(pk=first.pk)
    first.reject(base.chief())
    with pytest.raises(WrongState):
        second.approve(base.chief())
    assert Summary.objects.get().status == Status.REJECTED
    assert ReviewEvent.of(first).filter(verb="approve").count() == 0


def test_a_text_without_title_or_abstract_cannot_be_approved() -> None:
    summary = base.make_summary(title="")
    Summary.objects.update(status=Status.NEEDS_REVIEW)
    summary.refresh_from_db()
    with pytest.raises(WrongState):
        summary.approve(base.chief())


def test_an_observer_may_do_nothing() -> None:
    summary, observer = base.make_summary(), base.make_observer()
    for verb in (summary.approve, summary.reject, summary.send_back, summary.take_over):
        with pytest.raises(PermissionDenied):
            verb(observer)
    with pytest.raises(PermissionDenied):
        summary.edit(observer, summary.current, **TEXT)
    with pytest.raises(PermissionDenied):
        summary.withdraw(observer, "")
    assert Summary.objects.get().status == Status.NEEDS_REVIEW and not ReviewEvent.objects.exclude(
        verb="translated"
    )


@pytest.mark.parametrize("verb", ["approve", "reject", "reopen", "send_back", "take_over"])
@pytest.mark.parametrize("status", list(Status))
def test_a_verb_moves_from_its_own_states_only(verb: str, status: str) -> None:
    summary = base.make_summary()
    Summary.objects.update(status=status)
    summary.refresh_from_db()
    start, end, _ = MOVES[verb]
    if status in start:
        getattr(summary, verb)(base.chief())
        assert Summary.objects.get().status == end
    else:
        with pytest.raises(WrongState):
            getattr(summary, verb)(base.chief())
        assert Summary.objects.get().status == status


def test_a_stale_edit_is_refused_with_both_texts_and_writes_nothing() -> None:
    summary = base.make_summary()
    seen = summary.current
    theirs = summary.edit(base.chief(), seen, **TEXT)
    number = Revision.objects.count()
    with pytest.raises(StaleEdit) as refused:
        summary.edit(base.make_editor(), seen, **TEXT | {"abstract": "我的摘要。"})
    assert refused.value.mine["abstract"] == "我的摘要。" and refused.value.theirs == theirs
    assert Revision.objects.count() == number and Summary.objects.get().current == theirs


def test_an_edit_of_an_approved_text_waits_while_the_public_sees_the_old_one() -> None:
    summary = base.make_summary("approved")
    public = summary.public
    summary.edit(base.chief(), summary.current, **TEXT)
    summary.refresh_from_db()
    assert (summary.status, summary.public) == (Status.NEEDS_REVIEW, public)


def test_a_hand_written_text_comes_before_a_second_pair_of_eyes() -> None:
    summary = base.make_summary("manual", title="", abstract="")
    summary.edit(base.make_editor(), summary.current, **TEXT)
    assert Summary.objects.get().status == Status.NEEDS_REVIEW


def test_a_refused_paper_is_a_person_s_from_wherever_the_model_refused_it() -> None:
    waiting = base.make_summary("waiting")
    waiting.refused("模型拒绝：Content Exists Risk")
    assert waiting.status == Status.MANUAL
    approved = base.make_summary("approved")
    with pytest.raises(WrongState):
        approved.refused("")
    assert approved.status == Status.APPROVED


def test_withdrawing_takes_a_public_text_away_and_shows_why() -> None:
    summary = base.make_summary("approved")
    summary.withdraw(base.chief(), "作者来信")
    assert summary.public is None and summary.status == Status.REJECTED
    assert ReviewEvent.of(summary).first().note == "作者来信"
    with pytest.raises(WrongState):
        summary.withdraw(base.chief(), "")


def test_a_policy_shows_the_machine_s_text_and_no_unapproved_words_of_a_person() -> None:
    machine, persons = base.make_summary(), base.make_summary()
    persons.edit(base.chief(), persons.current, **TEXT)
    assert machine.publish_machine_text() and machine.public and not machine.is_reviewed
    assert not persons.publish_machine_text()


def found(summary: Summary, level: str) -> None:
    """A finding on the current text whose fingerprint is its level."""
    fields = {"part": "abstract", "check_name": "x", "message": "数字不同", "fingerprint": level}
    Finding.objects.create(summary=summary, revision=summary.current, level=level, **fields)
    summary.weigh()


def test_dismissing_a_finding_lightens_the_text_at_once() -> None:
    summary, chief = base.make_summary(), base.chief()
    found(summary, "block")
    found(summary, "warning")
    assert summary.worst == "block"
    assert summary.dismiss(chief, ["block"]) == 1
    assert Summary.objects.get().worst == "warning"
    assert summary.dismiss(chief, ["block", "warning"]) == 1
    assert Summary.objects.get().worst == ""


def test_a_dismissal_can_be_taken_back_for_every_revision_it_holds_for() -> None:
    summary, chief = base.make_summary(), base.chief()
    found(summary, "block")
    summary.edit(chief, summary.current, **TEXT)
    found(summary, "block")
    summary.dismiss(chief, ["block"])
    assert summary.restore(chief, ["block"]) == 1
    assert not Finding.objects.exclude(dismissed_at=None).exists()
    assert Summary.objects.get().worst == "block"
    log = [(event.verb, event.by, event.note) for event in ReviewEvent.of(summary)[:2]]
    assert log == [("restore", chief, "数字不同"), ("dismiss", chief, "数字不同")]


def test_an_observer_dismisses_and_restores_nothing() -> None:
    summary, observer = base.make_summary(), base.make_observer()
    for mark in (summary.dismiss, summary.restore):
        with pytest.raises(PermissionDenied):
            mark(observer, ["block"])


# Whatever people and machines do, in whatever order


class Review(RuleBasedStateMachine):
    """Two copies of one row, as two editors have it open, and a machine that knows of neither."""

    def __init__(self) -> None:
        super().__init__()
        ReviewEvent.objects.all().delete()
        Summary.objects.all().delete()
        self.by = base.chief()
        summary = base.make_summary("waiting")
        self.copies = [Summary.objects.get(pk=summary.pk) for _ in range(2)]
        self.status: str = Status.WAITING
        self.public: int | None = None
        self.events = 0
        self.withdrawn = False

    def attempt(self, verb: Any, *arguments: Any) -> None:
        self.withdrawn = False
        try:
            verb(*arguments)
        except WrongState:
            assert self.row().status == self.status, "a refused verb changes nothing"
            assert ReviewEvent.objects.count() == self.events, "nor does it leave a row"

    def row(self) -> Summary:
        return Summary.objects.get()

    editors = st.sampled_from([0, 1])

    @rule(who=editors)
    def look_again(self, who: int) -> None:
        self.copies[who].refresh_from_db()

    @rule(who=editors, verb=st.sampled_from(["approve", "reject", "reopen", "send_back", "take_over"]))
    def decide(self, who: int, verb: str) -> None:
        self.attempt(getattr(self.copies[who], verb), self.by)

    @rule(who=editors, words=st.sampled_from(["甲。", "乙。", ""]))
    def type_words(self, who: int, words: str) -> None:
        copy = self.copies[who]
        before, current = Revision.objects.count(), self.row().current_id
        stale = copy.current_id != current
        try:
            self.attempt(lambda: copy.edit(self.by, copy.current, **TEXT | {"abstract": words}))
        finally:
            if stale:
                assert self.row().current_id == current, "somebody else's words were overwritten"
                assert Revision.objects.count() == before or self.row().current_id == current

    @rule()
    def machine_translates(self) -> None:
        row = self.row()
        self.attempt(row.translated, base.make_revision(row))

    @rule(why=st.sampled_from(["source", "reading"]))
    def machine_offers(self, why: str) -> None:
        row = self.row()
        self.attempt(lambda: row.offer(base.make_revision(row), why=why))

    @rule()
    def machine_is_refused(self) -> None:
        self.attempt(self.row().refused, "refused")

    @rule(who=editors)
    def take_away(self, who: int) -> None:
        self.attempt(self.copies[who].withdraw, self.by, "撤下")
        self.withdrawn = self.row().public_id is None

    @rule()
    def policy_publishes(self) -> None:
        self.row().publish_machine_text()

    @invariant()
    def every_move_is_in_the_table_and_in_the_log(self) -> None:
        row, events = self.row(), list(ReviewEvent.objects.order_by("pk"))
        moved = events[self.events :]
        assert len(moved) <= 1
        if row.status != self.status:
            assert moved and (moved[0].old, moved[0].new) == (self.status, row.status)
        for event in moved:
            if event.verb != "withdraw":
                start, end, _ = MOVES[event.verb]
                assert event.old in start and event.new == end
        self.status, self.events = row.status, len(events)

    @invariant()
    def what_was_public_stays_public_until_a_person_withdraws_it(self) -> None:
        row = self.row()
        if self.public is not None and row.public_id is None:
            assert self.withdrawn
        if row.public_id != self.public and row.public_id is not None:
            assert row.public and row.public.title and row.public.abstract
        if row.status == Status.APPROVED:
            assert row.public_id is not None and row.reviewed_by
        self.public = row.public_id


class ReviewTest(TestCase):
    def test_in_whatever_order_no_word_and_no_move_is_lost(self) -> None:
        run_state_machine_as_test(
            Review,
            settings=settings(
                max_examples=15,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                derandomize=True,
            ),
        )
