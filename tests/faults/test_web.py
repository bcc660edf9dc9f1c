"""The web processes while a day is being made: killed, and several of them beside each other."""

import os
import signal
import time
import urllib.request
from functools import partial
from random import Random

from tests.faults.cluster import Cluster, wait_for
from tests.faults.readers import Site, serving
from tests.faults.rig import Rig


def test_the_web_process_at_random_moments_of_a_day(rig: Rig) -> None:
    """Readers have the site again within seconds, and all that was public."""
    random = Random(11)
    with serving(rig) as site:
        day = rig.begin()
        for _ in range(3):
            time.sleep(random.random())
            victim = random.choice(wait_for(lambda: both(site), "a master with its worker"))
            os.kill(victim, signal.SIGKILL)
            wait_for(partial(is_up_without, site, victim), "the site again")
        rig.finish(day)
        for arxiv_id in rig.announced(day):
            with urllib.request.urlopen(f"{site.url}papers/{arxiv_id}/", timeout=20) as page:
                assert page.status == 200


def is_up_without(site: Site, pid: int) -> bool:
    """Whether the site answers, and not by what a process that was killed has left behind."""
    found = both(site)
    return found != [] and pid not in found and site.is_up()


def both(site: Site) -> list[int]:
    """The master and its worker; none of them while one is started again."""
    found = site.processes()
    return found if len(found) == 2 else []


def test_processes_on_two_hosts_show_one_site(on_servers: Rig) -> None:
    """Each has pages in its own memory; what one of them has shown, no other may still be without."""
    second = Cluster(on_servers.environment, on_servers.folder, "second")
    alike = {"SITE_URL": "http://127.0.0.1", "WEB_WORKERS": "2"}
    with serving(on_servers, **alike) as here, serving(on_servers, second, **alike) as there:
        on_servers.model.set_delay(1.5)  # the papers become public one after the other
        day = on_servers.begin()
        papers, page = on_servers.announced(day), f"d/speech/{day:%Y/%m/%d}/"
        before: set[str] = set()
        until = time.monotonic() + 60
        while before != papers and time.monotonic() < until:
            for _, text in (*here.answers(page), *there.answers(page)):
                shown = {paper for paper in papers if paper in text}
                assert before <= shown, "an old page"
                before = shown
        assert before == papers
        on_servers.finish(day)
        answers = [*here.answers(page), *there.answers(page)]
    assert len(answers) == 4 and len(set(answers)) == 1
