"""What the operators' manual tells people to type and to copy is there, and is what the software expects."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands

from posts.management.commands.serve import Command as Serve
from posts.operations.supervisor import GRACE_SECONDS

ROOT = Path(__file__).resolve().parent.parent
MANUAL = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
UNITS = sorted((ROOT / "docs/systemd").iterdir())
HOME = "/srv/digest/app"


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ROOT / "docs/systemd" / name)
    return parser


def test_every_command_of_the_manuals_is_one() -> None:
    texts = [MANUAL, *((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "compose.yaml"))]
    texts += [path.read_text() for path in UNITS]
    named = {name for text in texts for name in re.findall(r"manage\.py[\", ]+([a-z_]+)", text)}
    assert {"serve", "doctor", "backup", "restore", "tell"} <= named
    assert named - set(get_commands()) == set()


def test_every_file_of_the_manual_is_there() -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", MANUAL):
        assert (ROOT / "docs" / link).exists(), link


@pytest.mark.parametrize("name", ["digest-web.service", "digest-worker.service"])
def test_systemd_tells_the_supervisor_alone_to_stop_and_waits_longer_than_it(name: str) -> None:
    service = unit(name)["Service"]
    assert service["KillMode"] == "mixed" and service["Restart"] == "always"
    assert int(service["TimeoutStopSec"]) > (GRACE_SECONDS if "worker" in name else 10)
    assert service["WorkingDirectory"] == HOME and service["ReadWritePaths"] == f"{HOME}/data"
    python, *arguments = service["ExecStart"].split()
    assert python == f"{HOME}/.venv/bin/python" and arguments[:2] == ["manage.py", "serve"]
    parsed = vars(Serve().create_parser("manage.py", "serve").parse_args(arguments[2:]))
    assert parsed["web"] != parsed["worker"], "one unit each"


def test_systemd_understands_the_units() -> None:
    """But for the Python that is not installed where the manual installs it."""
    assert shutil.which("systemd-analyze"), "part of every Debian with systemd"
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, UNITS)], capture_output=True, text=True, timeout=60
    )
    said = [line for line in done.stderr.splitlines() if "/docs/systemd" in line or "digest-" in line]
    assert [line for line in said if "is not executable" not in line] == []


def test_nginx_understands_its_configuration(tmp_path: Path) -> None:
    text = (ROOT / "docs/nginx.conf").read_text(encoding="utf-8")
    assert f"alias {HOME}/staticfiles/;" in text
    text = text.replace("/var/cache/nginx/digest", f"{tmp_path}/cache").replace(
        "listen 80;", "listen 127.0.0.1:8;"
    )
    folders = " ".join(
        f"{name}_temp_path {tmp_path}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {folders} {text} }}"
    (tmp_path / "nginx.conf").write_text(whole)
    command = ["nginx", "-t", "-q", "-e", f"{tmp_path}/log", "-c", f"{tmp_path}/nginx.conf"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_caddy_serves_static_files_from_where_they_are_collected() -> None:
    assert f"root * {HOME}/staticfiles" in (ROOT / "docs/Caddyfile").read_text(encoding="utf-8")
