"""Who holds a lease: a process, named so that none on any machine can be taken for another.

A process id means nothing elsewhere, and host names repeat: clones of one image, containers that were given
one name. So a host is its name and what the kernel says of this boot and this space of process ids; only
where all of that agrees is a process that cannot be found known to be gone.
"""

import hashlib
import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path


def host() -> str:
    """This machine's (or container's) name, 27 characters at most; the same for all of its processes until it is started anew."""
    marks = [name := socket.gethostname()]
    with suppress(OSError):  # no Linux: the name has to do
        marks += [Path("/proc/sys/kernel/random/boot_id").read_text(), os.readlink("/proc/self/ns/pid")]
    return f"{name[:18].replace(':', '-')}-{hashlib.sha256(''.join(marks).encode()).hexdigest()[:8]}"


HOST = host()


def process() -> str:
    """host:pid of this process."""
    return f"{HOST}:{os.getpid()}"


def holder() -> str:
    """host:pid:token, another one each time."""
    return f"{process()}:{secrets.token_hex(8)}"


def is_alive(name: str) -> bool:
    """Whether the process that a lease names may still live; another machine's may."""
    host, _, rest = name.partition(":")
    pid = rest.partition(":")[0]
    if host != HOST or not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
