#!/usr/bin/env python3
"""Django's command line."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest_site.settings")
    try:
        settings.DEBUG  # noqa: B018 - loads them: a bad one is a line to read, not a traceback
    except ImproperlyConfigured as error:
        print(f"设置有误：{error}（见 .env.example）", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)
