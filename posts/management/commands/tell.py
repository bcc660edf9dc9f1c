"""`manage.py tell`: send what is due now, or with --test see whether chats and mail arrive at all."""

import sys
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.management.base import BaseCommand, CommandParser

from posts.management.base import LEFT, Usage
from posts.telling import chats, outbox
from posts.telling.errors import NotTaken
from posts.telling.mail_server import MailServer

TITLE, TEXT = "arXiv 中文日报：测试", "收到这条就说明设置是对的。"


class Command(BaseCommand):
    help = "寄出现在该寄的通知和邮件；--test 只发一条测试消息"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--test", action="store_true", help="向 NOTIFY_URLS 的每个地址发一条测试消息")
        parser.add_argument("--mail", metavar="ADDRESS", help="同时向这个邮箱寄一封测试信（与 --test 合用）")
        parser.add_argument("--seconds", type=int, default=3600, help="最多用多少秒")

    def handle(self, **options: Any) -> None:
        if options["mail"] and not options["test"]:
            raise Usage("--mail 要与 --test 一起用")
        count = self.test(options["mail"]) if options["test"] else self.tell(options["seconds"])
        self.stdout.write(f"told={count['told']} failed={count['failed']}")
        if count["failed"]:
            sys.exit(LEFT)

    def tell(self, seconds: int) -> dict[str, int]:
        outbox.find()
        return outbox.deliver(seconds, waiting_too=True)

    def test(self, address: str | None) -> dict[str, int]:
        tries = [
            (f"NOTIFY_URLS 第 {n} 个", lambda url=url: chats.send(url, TITLE, TEXT))
            for n, url in enumerate(settings.NOTIFY_URLS, 1)
        ]
        if address:
            tries.append((address, lambda: mail(address)))
        if not tries:
            raise Usage("没有设 NOTIFY_URLS，也没有给 --mail")
        failed = 0
        for name, send in tries:
            try:
                send()
                self.stdout.write(f"{name}：对方收下了")
            except NotTaken as error:
                failed += 1
                self.stdout.write(f"{name}：{error}")
        return {"told": len(tries) - failed, "failed": failed}


def mail(address: str) -> None:
    server = MailServer()
    try:
        server.send(
            lambda connection: EmailMessage(
                TITLE, TEXT, settings.DEFAULT_FROM_EMAIL, [address], connection=connection
            )
        )
    finally:
        server.close()
