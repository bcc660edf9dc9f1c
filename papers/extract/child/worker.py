"""The child's frame: limits on itself, bytes from standard input, one JSON object to standard output.

Answer: ``{"text", "engine", "pages", "sections": [[heading, start], …], "notes": […]}``
or ``{"reason", "detail"}``. A death by signal is judged by the parent.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


class Unfit(Exception):
    """These bytes are not a paper that can be read; ``args[0]`` is the reason, ``args[1]`` a detail."""


def serve(extract: Callable[[bytes, dict[str, Any]], dict[str, Any]]) -> None:
    """Run one engine. ``sys.argv[1]`` is JSON: pages, chars, memory and cpu (limits), parent (pid).

    Called after the engine's own imports: those are trusted, and byte code can still be cached.
    """
    options = json.loads(sys.argv[1])
    restrict(options)
    answer = attempt(extract, options)
    with suppress(BrokenPipeError):
        sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=True).encode("ascii"))
        sys.stdout.buffer.flush()
    os._exit(0)  # nothing to tidy up: freeing a large document costs more than reading it


def attempt(
    extract: Callable[[bytes, dict[str, Any]], dict[str, Any]], options: dict[str, Any]
) -> dict[str, Any]:
    try:
        return extract(sys.stdin.buffer.read(), options)
    except Unfit as error:
        return {"reason": error.args[0], "detail": error.args[1]}
    except MemoryError:
        return {"reason": "memory", "detail": "out of the child's memory"}
    except Exception as error:  # noqa: BLE001 - the input is hostile: any failure is an answer
        return {"reason": "broken", "detail": f"{type(error).__name__}: {str(error)[:200]}"}


def restrict(options: dict[str, Any]) -> None:
    """Die with the parent; no files, no cores, no more memory and time than allowed."""
    die_with_parent(options["parent"])
    # The soft limit ends the child with SIGXCPU, which the parent can tell from any other killing.
    set_limit(resource.RLIMIT_CPU, options["cpu"], options["cpu"] + 2)
    set_limit(resource.RLIMIT_AS, options["memory"], options["memory"])
    set_limit(resource.RLIMIT_FSIZE, 0, 0)
    set_limit(resource.RLIMIT_CORE, 0, 0)
    set_limit(resource.RLIMIT_NOFILE, 32, 32)


def set_limit(what: int, soft: int, hard: int) -> None:
    """macOS refuses some of them; the others and the parent's clock still hold."""
    with suppress(ValueError, OSError):
        resource.setrlimit(what, (soft, hard))


def die_with_parent(parent: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the call above
        os._exit(1)
