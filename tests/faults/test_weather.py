"""arXiv and the model answer by every row of their failure tables during a day's run; the day completes all the same."""

from collections.abc import Iterator

import pytest

from tests.fakes.arxiv_faults import FAULTS as ARXIV_FAULTS
from tests.fakes.model_faults import FAULTS as MODEL_FAULTS
from tests.faults.cluster import wait_for
from tests.faults.components import Sqlite
from tests.faults.rig import NEWEST, Rig
from tests.faults.weather import Weather

# All work stands still until a person says that it may go on.
HALTING = {
    "bad-key-401",
    "forbidden-403",
    "insufficient-quota",
    "no-balance-402",
    "unknown-model-400",
    "unknown-model-404",
}
# The model will not do this paper, however often it is asked.
REFUSING = {
    "content-exists-risk",
    "content-filter",
    "content-policy-400",
    "context-length-400",
    "prompt-cut",
    "refusal",
    "refusal-text",
    "window-full",
}
# No list of six papers has a second page; `hang` is given a time that a test can wait.
ELSEWHERE = {"empty-page-2", "ignore-start", "hang"}


@pytest.fixture
def newest_day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """An installation of its own whose days are arXiv's newest: only they are asked for at every door."""
    folder = tmp_path_factory.mktemp("weather")
    with Rig(Sqlite(folder / "db.sqlite3"), folder, days=2) as rig:
        rig.prepare()
        rig.recover()
        rig.finish(rig.begin())
        yield rig


def test_arxiv_in_every_mood_during_one_day(newest_day: Rig) -> None:
    weather = Weather(name for name in ARXIV_FAULTS if name not in ELSEWHERE)
    newest_day.world.weather = weather
    newest_day.arxiv.fault("hang", times=1, value=1)
    newest_day.insist = True
    day = newest_day.begin()
    assert day == NEWEST
    wait_for(lambda: not weather.left, "all of the weather", 120, lambda: weather.left)
    newest_day.insist = False
    newest_day.finish(day, people=1)  # with the paper whose PDF was too large to be read
    assert set(newest_day.arxiv.fired) == set(ARXIV_FAULTS) - {"empty-page-2", "ignore-start"}
    assert not newest_day.arxiv.unknown


def test_the_model_in_every_mood_until_all_is_done(rig: Rig) -> None:
    rig.cluster.stop()
    rig.changes["LLM_DEADLINE_SECONDS"] = "6"  # some of them are silent for so long
    rig.cluster.start()
    rig.model.settings.trickle_every, rig.model.settings.trickle_for = 0.1, 1
    rig.model.deal(sorted(MODEL_FAULTS - HALTING - REFUSING))
    try:
        while rig.model.left:
            # On a busy machine a call may run out of time before it is made.
            rig.finish(rig.begin(), cut_off=2)
        assert not rig.model.unexpected
    finally:
        rig.changes.clear()
        rig.cluster.stop()


def test_what_the_model_refuses_comes_before_a_person(rig: Rig) -> None:
    rig.model.most = 1
    rig.model.deal(sorted(REFUSING))
    day = rig.begin()
    rig.finish(day, people=len(rig.announced(day)))


def test_a_wall_that_everybody_runs_into_stops_all_until_a_person_says_go(rig: Rig) -> None:
    day = rig.begin()
    for behaviour in sorted(HALTING):
        rig.model.deal([behaviour])
        wait_for(lambda: halts(rig) == 1, f"a halt for {behaviour}")
        rig.sql("UPDATE papers_halt SET cleared_at = since")
    rig.finish(day)


def halts(rig: Rig) -> int:
    return int(rig.sql("SELECT count(*) FROM papers_halt WHERE cleared_at IS NULL")[0][0])
