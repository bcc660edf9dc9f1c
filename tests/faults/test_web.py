"""The web process killed while the day is being made: readers have the site again within seconds, and all that was public."""

import time
import urllib.request
from random import Random

from tests.faults.cluster import wait_for
from tests.faults.readers import serving
from tests.faults.rig import Rig


def test_the_web_process_at_random_moments_of_a_day(rig: Rig) -> None:
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
