"""`manage.py publish --day D`: show a day's post; what has no public text yet stays out of it."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandParser

from posts.management.base import DigestCommand, Usage, day
from posts.models import DailyPost


class Command(DigestCommand):
    help = "发布某日的日报"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--day", required=True, help="公布日，如 2026-01-28")
        parser.add_argument("--by", help="以哪位用户的名义（默认第一位管理员）")

    def handle(self, **options: Any) -> None:
        wanted = day(options["day"])
        posts = DailyPost.objects.filter(digest__in=self.digests(options), date=wanted)
        if not posts:
            raise Usage(f"{wanted:%F} 没有日报可以发布")
        by = self.publisher(options["by"])
        shown = waiting = 0
        for post in posts:
            post.publish(by)
            public = post.entries.public().count()
            shown += public
            waiting += post.entries.filter(held="").count() - public
            self.stdout.write(f"{post}：公开 {public} 篇")
        self.stdout.write(f"published={len(posts)} shown={shown} waiting={waiting}")

    def publisher(self, name: str | None) -> Any:
        users = get_user_model().objects.filter(is_active=True)
        by = users.filter(username=name).first() if name else users.filter(is_superuser=True).first()
        if by is None or not by.has_perm("posts.publish_dailypost"):
            raise Usage(f"没有可以发布的用户{f' {name}' if name else ''}（用 createsuperuser 建一位）")
        return by
