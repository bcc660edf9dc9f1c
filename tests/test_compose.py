"""compose.yaml and the Dockerfile name what there is: commands, variables, health checks, volumes."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands, load_command_class
from django.urls import resolve

from posts.operations.supervisor import GRACE_SECONDS

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}


def test_the_whole_house_is_there() -> None:
    assert set(SERVICES) == {"migrate", "web", "worker", "postgres", "redis", "caddy"}
    assert set(OURS) == {"migrate", "web", "worker"}


@pytest.mark.parametrize("name", OURS)
def test_a_container_s_command_is_one_of_ours_with_options_that_it_has(name: str) -> None:
    python, manage, command, *options = OURS[name]["command"]
    assert (python, (ROOT / manage).exists(), command in get_commands()) == ("python", True, True)
    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
    parser.parse_args(options)  # ends the program at one that it does not have


def test_every_variable_is_one_that_the_settings_read() -> None:
    documented = set(
        re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.M)
    )
    given = {name for service in OURS.values() for name in service["environment"]}
    assert {"DATABASE_URL", "REDIS_URL"} <= given <= documented


def test_the_header_says_which_variables_somebody_must_set() -> None:
    header = "\n".join(line for line in TEXT.splitlines() if line.startswith("#"))
    wanted = set(re.findall(r"\$\{(\w+)", TEXT))
    assert wanted and all(f"{name}=" in header for name in wanted)


def test_whoever_is_waited_for_can_say_that_it_is_ready() -> None:
    for service in SERVICES.values():
        waits = service.get("depends_on", {})
        for name, how in waits.items() if isinstance(waits, dict) else []:
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[name]["healthcheck"]
            else:
                assert SERVICES[name]["restart"] == "no", "it ends, and that is waited for"


def test_the_site_is_asked_at_an_address_and_port_that_it_has() -> None:
    host, port, path = re.search(r"http://([\d.]+):(\d+)(/\w+)", DOCKERFILE).groups()  # type: ignore[union-attr]
    assert resolve(path)
    web = OURS["web"]
    assert (host, web["environment"]["PORT"], web["command"][-2:]) == (
        "127.0.0.1",
        port,
        ["--host", "0.0.0.0"],
    )
    assert web.get("healthcheck") is None, "the image's own"
    assert shlex.join(SERVICES["caddy"]["command"]).endswith(f"--to web:{port}")


def test_what_has_begun_may_end_before_a_container_is_killed() -> None:
    for service in OURS.values():
        assert int(service["stop_grace_period"].removesuffix("s")) > GRACE_SECONDS
        assert service["init"]


def test_volumes_are_declared_and_outlive_their_containers() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
    assert all(SERVICES[name].get("volumes") for name in ("web", "worker", "postgres", "redis", "caddy"))


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]
