"""The web processes while a day is being made: killed, and several of them beside each other."""

import time
import urllib.request
from random import Random

from tests.faults.cluster import Cluster, wait_for
from tests.faults.readers import serving
from tests.faults.rig import Rig


def test_the_web_process_at_random_moments_of_a_day(rig: Rig) -> None:
    """Readers have the site again within seconds, and all that was public."""
    random = Random(11)
    with serving(rig) as site:
        day = rig.begin()
        for _ in range(3):
            time.sleep(random.random())
            wait_for(lambda: len(site.processes()) >= 2, "a master with its worker")
            rig.cluster.kill(random.choice(site.processes()))
            rig.cluster.kills -= 1  # no call was in it
            wait_for(site.is_up, "the site again")
        rig.finish(day)
        for arxiv_id in rig.announced(day):
            with urllib.request.urlopen(f"{site.url}papers/{arxiv_id}/", timeout=20) as page:
                assert page.status == 200


def test_processes_on_two_hosts_show_one_site(on_servers: Rig) -> None:
    """Each has pages in its own memory; what one of them has shown, no other may still be without."""
    second = Cluster(on_servers.environment, on_servers.folder, "second")
    alike = {"SITE_URL": "http://127.0.0.1", "WEB_WORKERS": "2"}
    with serving(on_servers, **alike) as here, serving(on_servers, second, **alike) as there:
        on_servers.model.set_delay(1.5)  # the papers become public one after the other
        day = on_servers.begin()
        papers, page = on_servers.announced(day), f"d/speech/{day:%Y/%m/%d}/"
        before: set[str] = set()
        until = time.monotonic() + 30
        while before != papers and time.monotonic() < until:
            for _, text in (*here.answers(page), *there.answers(page)):
                shown = {paper for paper in papers if paper in text}
                assert before <= shown, "an old page"
                before = shown
        assert before == papers
        on_servers.finish(day)
        answers = [*here.answers(page), *there.answers(page)]
    assert len(answers) == 4 and len(set(answers)) == 1
