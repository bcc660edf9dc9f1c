"""What `manage.py doctor` looks at, the roots of trouble before what grows from them, and what proves a copy.

Each look is quick, costs nothing and says what to do. Passwords in addresses are never shown.
"""

from django.conf import settings
from django.core.management import call_command
from django.test import Client

from posts.models import Entry

from . import doors, health
from .health import BAD, GOOD, Look, Sign
from .installation import cache_server, database, disk, intact, migrations, site_settings


def examine(*, offline: bool = False) -> list[Sign]:
    """All signs. Where the database does not answer, what lies in it is not asked for."""
    root = health.look([site_settings, database])
    if root[1].is_bad:
        return root + health.look([disk, cache_server, *(() if offline else doors.WITHOUT_DATABASE)])
    looks: tuple[Look, ...] = (intact, migrations, disk, cache_server)
    signs = root + health.look([*looks, *(() if offline else doors.ALL)])
    if not any(sign.is_bad for sign in signs if sign.name in ("数据库", "迁移")):
        signs += health.look(health.TABLES)
        signs += filter(None, [health.sample_edition()])
    return signs


def examine_copy() -> list[Sign]:
    """What proves a restored copy: it is whole, can be migrated, and readers could be served from it."""
    call_command("migrate", verbosity=0)
    return health.look([database, intact, migrations, pages])


def pages() -> Sign:
    """The front page, the newest public day and paper, and their feed, as a reader would get them."""
    client = Client(SERVER_NAME=settings.SITE_HOST, REMOTE_ADDR="127.0.0.1")
    secure = {"secure": settings.SECURE}
    wanted = ["/", "/feeds/all/atom.xml"]
    if (
        entry := Entry.objects.public()
        .select_related("post__digest", "paper")
        .order_by("-post__date")
        .first()
    ):
        wanted += [entry.post.get_absolute_url(), f"/papers/{entry.paper.arxiv_id}/"]
    bad = [path for path in wanted if client.get(path, **secure).status_code != 200]
    if bad:
        return Sign("网页", BAD, f"打不开：{'、'.join(bad)}", "看日志")
    return Sign("网页", GOOD, f"{len(wanted)} 页打得开")
