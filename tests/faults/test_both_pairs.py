"""What the pair of components makes different: SQLite and its own queue remember, PostgreSQL and Redis are servers that end.

The broker on Redis loses whatever a killed process had fetched; the Job table does not.
"""

from posts.operations.processes import children_of, kill_group
from tests.faults.cluster import wait_for
from tests.faults.components import Servers
from tests.faults.readers import reading
from tests.faults.rig import LLM_CONCURRENCY, Rig


def test_a_busy_worker(either: Rig) -> None:
    day = either.begin()
    either.cluster.kill(either.busy_worker())
    either.finish(day)


def test_the_whole_cluster(either: Rig) -> None:
    day = either.begin()
    either.busy_worker()
    for main in either.cluster.mains():
        kill_group(main)
    either.cluster.kills += 1
    either.finish(day)


def test_an_emptied_broker(either: Rig) -> None:
    """As by FLUSHALL: nothing is left of the queue, nor of the cache."""
    day = either.begin()
    either.busy_worker()
    either.components.empty_broker()
    either.finish(day)


def test_two_clusters_started_by_mistake(either: Rig) -> None:
    """No paper is done twice, and the model's concurrency holds over both."""
    second = either.cluster.open("qcluster")
    try:
        wait_for(lambda: any(children_of(one) for one in children_of(second.pid)), "the second cluster")
        day = either.begin()
        either.finish(day)
        assert either.model.most_at_once <= LLM_CONCURRENCY
    finally:
        kill_group(second.pid)
        second.wait()


def test_an_orderly_stop_pays_for_nothing_twice(either: Rig) -> None:
    """What has begun is finished, nothing new is begun."""
    day = either.begin()
    either.busy_worker()
    either.cluster.stop()
    assert either.sql("SELECT count(*) FROM papers_llmcall WHERE state = 'open'") == [(0,)], (
        "a call was cut off"
    )
    either.cluster.start()
    either.finish(day)


# Servers that end


def test_postgresql_ends_and_comes_back_under_load(on_servers: Rig) -> None:
    """What the model had answered meanwhile is stored when there is a database again: nothing is paid for twice."""
    servers = servers_of(on_servers)
    on_servers.model.set_delay(1)
    with reading(on_servers) as reader:
        day = on_servers.begin()
        # All that may ask are asking: whether a call's row was stored is beyond doubt.
        wait_for(lambda: len(on_servers.model.calls) >= LLM_CONCURRENCY, "a full house")
        servers.restart_postgres()
        on_servers.finish(day)
        wait_for(reader.is_served, "the site")


def test_redis_ends_and_comes_back_empty_under_load(on_servers: Rig) -> None:
    """Without it no task starts, but those that run go on; readers see nothing of it."""
    servers = servers_of(on_servers)
    with reading(on_servers) as reader:
        day = on_servers.begin()
        on_servers.busy_worker()
        servers.kill_redis()
        served = reader.served
        wait_for(lambda: reader.served > served + 5, "pages without Redis")
        servers.start_redis()
        on_servers.finish(day)
        assert not reader.refused, reader.refused


def servers_of(rig: Rig) -> Servers:
    assert isinstance(rig.components, Servers)
    return rig.components


def test_an_installation_moves_from_sqlite_to_servers_and_goes_on_there(rig: Rig, server_rig: Rig) -> None:
    """Every row is there, what was public reads the same, and the next day is made there."""
    rig.finish(rig.begin())
    rig.cluster.stop()
    old, new = rig.components, servers_of(server_rig).beside("moved")
    move = ("copy_database", new.given["DATABASE_URL"])
    assert rig.cluster.open(*move).wait(120) == 0
    for table in [name for name in tables_of(rig) if not name.startswith("posts_search")]:
        count = f"SELECT count(*) FROM {table}"
        assert new.sql(count) == old.sql(count), table
    for texts in ("papers_revision", "papers_paper"):
        select = f"SELECT id, title, abstract FROM {texts} ORDER BY id"
        assert new.sql(select) == old.sql(select)
    assert rig.cluster.open(*move).wait(120) == 2, "it has papers now"
    new.sql("DELETE FROM django_q_schedule")  # planted by that
    rig.components = rig.truth.components = new
    try:
        rig.recover()
        rig.truth.check_public()
        rig.finish(rig.begin())
    finally:
        rig.cluster.stop()
        rig.components = rig.truth.components = old
        rig.truth.public = {}


def tables_of(rig: Rig) -> list[str]:
    """Those that Django made; the search index is each engine's own."""
    rows = rig.sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'django_migrations'"
    )
    return [name for (name,) in rows]
