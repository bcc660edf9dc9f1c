import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from papers import batches

SHANGHAI = ZoneInfo("Asia/Shanghai")
CORPUS = Path(__file__).parents[3] / "shared/data/corpus/announced_cs.SD_eess.AS_2025-05-14_2026-01-31.jsonl"


def eastern(*parts):
    return datetime(*parts, tzinfo=batches.EASTERN)


# The schedule of info.arxiv.org/help/availability.html, row by row, in the week of 26 January 2026.
@pytest.mark.parametrize(
    ("day", "start", "end", "announced"),
    [
        (date(2026, 1, 28), (2026, 1, 26, 14), (2026, 1, 27, 14), (2026, 1, 27, 20)),
        (date(2026, 1, 29), (2026, 1, 27, 14), (2026, 1, 28, 14), (2026, 1, 28, 20)),
        (date(2026, 1, 30), (2026, 1, 28, 14), (2026, 1, 29, 14), (2026, 1, 29, 20)),
        (date(2026, 2, 2), (2026, 1, 29, 14), (2026, 1, 30, 14), (2026, 2, 1, 20)),
        (date(2026, 2, 3), (2026, 1, 30, 14), (2026, 2, 2, 14), (2026, 2, 2, 20)),
    ],
)
def test_each_row_of_the_published_schedule_holds(day, start, end, announced):
    assert batches.submission_window(day) == (eastern(*start), eastern(*end))
    assert batches.announced_at(day) == eastern(*announced)


def test_a_submission_at_the_deadline_belongs_to_the_next_batch():
    assert batches.batch_of(eastern(2026, 1, 27, 13, 59, 59)) == date(2026, 1, 28)
    assert batches.batch_of(eastern(2026, 1, 27, 14)) == date(2026, 1, 29)


def test_a_weekend_submission_is_announced_on_tuesday():
    assert batches.batch_of(eastern(2026, 1, 31, 12)) == date(2026, 2, 3)
    assert batches.batch_of(eastern(2026, 1, 30, 14)) == date(2026, 2, 3)
    assert batches.batch_of(eastern(2026, 1, 30, 13, 59)) == date(2026, 2, 2)


def test_submission_windows_tile_two_years_without_gap_or_overlap():
    days = batches.between(date(2025, 1, 1), date(2026, 12, 31))
    windows = [batches.submission_window(day) for day in days]
    assert all(before[1] == after[0] for before, after in zip(windows, windows[1:], strict=False))
    for day, (start, end) in zip(days, windows, strict=True):
        assert batches.batch_of(start) == day
        assert batches.batch_of(end - timedelta(microseconds=1)) == day


def test_no_submission_belongs_to_a_batch_announced_before_it():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    while moment < datetime(2027, 1, 1, tzinfo=UTC):
        assert batches.announced_at(batches.batch_of(moment)) > moment
        moment += timedelta(hours=7)


def test_the_announcement_is_at_eight_in_beijing_in_american_summer_time_and_at_nine_in_winter():
    summer, winter = batches.announced_at(date(2026, 7, 29)), batches.announced_at(date(2026, 1, 28))
    assert summer.astimezone(UTC) == datetime(2026, 7, 29, 0, tzinfo=UTC)
    assert winter.astimezone(UTC) == datetime(2026, 1, 28, 1, tzinfo=UTC)
    assert summer.astimezone(SHANGHAI).time() == time(8)
    assert winter.astimezone(SHANGHAI).time() == time(9)


def test_spring_forward_shortens_the_tuesday_batch_by_an_hour():
    start, end = batches.submission_window(date(2026, 3, 10))  # clocks change on Sunday 8 March
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=71)
    assert start.astimezone(UTC) == datetime(2026, 3, 6, 19, tzinfo=UTC)
    assert end.astimezone(UTC) == datetime(2026, 3, 9, 18, tzinfo=UTC)
    assert batches.announced_at(date(2026, 3, 6)).astimezone(UTC).hour == 1
    assert batches.announced_at(date(2026, 3, 9)).astimezone(UTC).hour == 0  # Sunday evening, already summer


def test_fall_back_lengthens_the_tuesday_batch_by_an_hour():
    start, end = batches.submission_window(date(2026, 11, 3))  # clocks change on Sunday 1 November
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=73)
    assert batches.announced_at(date(2026, 10, 30)).astimezone(UTC).hour == 0
    assert batches.announced_at(date(2026, 11, 2)).astimezone(UTC).hour == 1


def test_the_hour_that_happens_twice_belongs_to_one_batch():
    first, second = (datetime(2026, 11, 1, 1, 30, fold=fold, tzinfo=batches.EASTERN) for fold in (0, 1))
    assert batches.batch_of(first) == batches.batch_of(second) == date(2026, 11, 3)


def test_the_feed_of_a_day_starts_at_midnight_eastern():
    assert batches.feed_at(date(2026, 7, 29)).astimezone(UTC).hour == 4
    assert batches.feed_at(date(2026, 1, 28)).astimezone(UTC).hour == 5


def test_the_latest_batch_changes_at_the_second_of_the_announcement():
    at = batches.announced_at(date(2026, 1, 28))
    assert batches.latest(at) == date(2026, 1, 28)
    assert batches.latest(at - timedelta(seconds=1)) == date(2026, 1, 27)


def test_from_friday_morning_to_sunday_evening_fridays_batch_is_the_latest():
    assert batches.latest(eastern(2026, 1, 31, 23)) == date(2026, 1, 30)
    assert batches.latest(eastern(2026, 2, 1, 19, 59)) == date(2026, 1, 30)
    assert batches.latest(eastern(2026, 2, 1, 20)) == date(2026, 2, 2)


def test_the_same_instant_gives_the_same_answer_in_every_zone():
    moment = eastern(2026, 1, 27, 13, 30)
    for zone in (UTC, SHANGHAI):
        assert batches.batch_of(moment.astimezone(zone)) == batches.batch_of(moment)
        assert batches.latest(moment.astimezone(zone)) == batches.latest(moment)


def test_a_naive_time_is_refused():
    with pytest.raises(ValueError, match="aware"):
        batches.batch_of(datetime(2026, 1, 27))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("holiday", "vanished", "carried_by"),
    [
        (date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 5)),
        (date(2026, 1, 19), date(2026, 1, 20), date(2026, 1, 21)),
        (date(2026, 6, 19), date(2026, 6, 22), date(2026, 6, 23)),
        (date(2026, 7, 3), date(2026, 7, 6), date(2026, 7, 7)),
        (date(2026, 9, 7), date(2026, 9, 8), date(2026, 9, 9)),
        (date(2026, 11, 26), date(2026, 11, 27), date(2026, 11, 30)),
        (date(2026, 12, 25), date(2026, 12, 28), date(2026, 12, 29)),
        (date(2026, 12, 29), date(2026, 12, 30), date(2026, 12, 31)),
        (date(2025, 7, 6), date(2025, 7, 7), date(2025, 7, 8)),
    ],
)
def test_the_listing_after_a_holiday_vanishes_and_the_next_one_carries_its_papers(
    holiday, vanished, carried_by
):
    assert holiday in batches.holidays(holiday.year)
    assert not batches.is_announcement_day(vanished)
    assert batches.following(vanished) == carried_by
    start, _ = batches.submission_window(carried_by)
    assert start == batches.deadline(batches.previous(vanished))


def test_a_listing_that_does_not_exist_has_no_window():
    with pytest.raises(ValueError, match="2026-01-20"):
        batches.submission_window(date(2026, 1, 20))


def test_every_listing_kept_of_nine_months_falls_on_an_announcement_day():
    if not CORPUS.exists():
        pytest.skip("../shared/data is absent")
    with CORPUS.open(encoding="utf-8") as rows:
        listed = {date.fromisoformat(json.loads(row)["list_date"]) for row in rows}
    # The keeper of these lists saved Thanksgiving's listing a second time on the silent Friday.
    listed.discard(date(2025, 11, 28))
    assert len(listed) == 178
    assert {day for day in listed if not batches.is_announcement_day(day)} == set()
    silent = set(batches.between(min(listed), max(listed))) - listed
    assert silent == {
        date(2025, 6, 23),
        date(2025, 12, 31),
        date(2026, 1, 1),
    }  # missed by its keeper, or silent


def test_years_that_arxiv_has_not_published_keep_the_us_holidays_and_say_so():
    assert batches.is_assumed(2027)
    assert not batches.is_assumed(2026)
    kept = {date(2027, 1, 18), date(2027, 6, 18), date(2027, 7, 5), date(2027, 9, 6), date(2027, 11, 25)}
    assert kept <= batches.holidays(2027)
    assert date(2027, 12, 31) in batches.holidays(2027)  # New Year's Day 2028 is a Saturday
    assert date(2027, 12, 24) in batches.holidays(2027)


def test_between_counts_both_ends_and_is_empty_backwards():
    week = batches.between(date(2026, 1, 24), date(2026, 2, 1))
    assert week == [date(2026, 1, day) for day in (26, 27, 28, 29, 30)]
    assert batches.between(date(2026, 1, 28), date(2026, 1, 28)) == [date(2026, 1, 28)]
    assert batches.between(date(2026, 1, 28), date(2026, 1, 27)) == []


def test_previous_and_following_are_inverse_on_announcement_days():
    for day in batches.between(date(2026, 1, 1), date(2026, 12, 31)):
        assert batches.previous(batches.following(day)) == day


def test_the_anchored_window_of_the_old_site_is_a_day_up_to_ten_to_nine_in_beijing():
    start, end = batches.anchored_window(date(2026, 1, 28), time(8, 50), SHANGHAI)
    assert start.astimezone(UTC) == datetime(2026, 1, 27, 0, 50, tzinfo=UTC)
    assert end.astimezone(UTC) == datetime(2026, 1, 28, 0, 50, tzinfo=UTC)


def test_anchored_windows_touch_across_both_clock_changes():
    for change, hours in ((date(2026, 3, 8), 23), (date(2026, 11, 1), 25)):
        start, end = batches.anchored_window(change, time(8, 50), batches.EASTERN)
        assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=hours)
        assert batches.anchored_window(change + timedelta(days=1), time(8, 50), batches.EASTERN)[0] == end
