#!/usr/bin/env python3
"""Django's command line."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError

LEFT, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141
NO_SUCH_TABLE = "42P01"  # as PostgreSQL says it; for SQLite it is an OperationalError


def main() -> None:
    """Run a command. What an operator can mend, or has done, is a line to read, not a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest_site.settings")
    try:
        settings.DEBUG  # noqa: B018 - loads them
    except ImproperlyConfigured as error:
        end(USAGE, f"设置有误：{error}（见 .env.example）")
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `manage.py doctor | head`: whoever read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except OperationalError as error:
        if "--traceback" in sys.argv:
            raise
        end(LEFT, f"数据库不能用：{str(error).partition(chr(10))[0]}（看 manage.py doctor）")
    except ProgrammingError as error:
        if "--traceback" in sys.argv or getattr(error.__cause__, "sqlstate", "") != NO_SUCH_TABLE:
            raise
        end(LEFT, f"数据库里缺少表：{str(error).partition(chr(10))[0]}（先运行 manage.py migrate）")


def end(status: int, message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201
    sys.exit(status)


if __name__ == "__main__":
    main()
