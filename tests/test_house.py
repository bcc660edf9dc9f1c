"""The house tests itself: arrows between rooms, names in .env.example, migrations, one way to a status."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
# Rooms that know nothing of the project: no ORM, no settings, no other room that is not a leaf.
LEAVES = {
    "papers.batches",
    "papers.cues",
    "papers.extract",
    "papers.fidelity",
    "papers.harvest",
    "papers.llm",
    "papers.masking",
    "papers.prompts",
    "papers.replies",
    "papers.sentences",
    "papers.taxonomy",
    "papers.term_files",
    "papers.terms",
    "posts.rendering",
    "posts.jekyll",
}
# Leaves that talk to the outside; only the pipeline gives them addresses, keys and turns.
NETWORK = {"papers.harvest", "papers.llm"}
# Files that hand the environment on to the processes they start.
STARTERS = {"posts/management/commands/up.py", "posts/operations/processes.py"}


def modules() -> Iterator[tuple[str, Path]]:
    for folder in ("digest_site", "papers", "posts"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                yield name.removesuffix(".__init__"), path


def imports(name: str, path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """Every module that a file imports, absolute, with its statement."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")
            base = ".".join(above[: len(above) - node.level + 1]) if node.level else ""
            full = ".".join(filter(None, [base, node.module or ""]))
            yield from ((f"{full}.{alias.name}", node) for alias in node.names)


def leaf_of(module: str) -> str | None:
    return next((leaf for leaf in LEAVES if module == leaf or module.startswith(f"{leaf}.")), None)


ALL = list(modules())


def test_a_leaf_imports_no_room_that_is_not_a_leaf() -> None:
    rooms = ("papers", "posts", "digest_site", "django")
    assert not [
        f"{name} imports {module}"
        for name, path in ALL
        if leaf_of(name)
        for module, _ in imports(name, path)
        if module.split(".")[0] in rooms and not leaf_of(module)
    ]


def test_papers_never_mentions_posts() -> None:
    assert not [
        f"{name} imports {module}"
        for name, path in ALL
        if name.startswith("papers")
        for module, _ in imports(name, path)
        if module.split(".")[0] == "posts"
    ]


def test_only_the_pipeline_calls_the_leaves_that_use_the_network() -> None:
    assert not [
        f"{name} imports {module}"
        for name, path in ALL
        if not name.startswith("papers.pipeline") and not leaf_of(name)
        for module, _ in imports(name, path)
        if leaf_of(module) in NETWORK
    ]


def test_only_tasks_know_the_queue() -> None:
    assert not [
        f"{name} imports {module}"
        for name, path in ALL
        if not name.endswith(".tasks")
        for module, _ in imports(name, path)
        if module.split(".")[0] == "django_q"
    ]


def test_imports_of_our_own_stand_at_the_top_of_a_file() -> None:
    """AppConfig.ready excepted: models are not there yet when an app's module is loaded."""
    assert not [
        f"{name}:{node.lineno} {ast.unparse(node)}"
        for name, path in ALL
        if path.name != "apps.py"
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom)) and re.search("papers|posts", ast.unparse(node))
    ]


def test_the_environment_is_read_by_the_settings_alone() -> None:
    assert not [
        name
        for name, path in ALL
        if name not in ("digest_site.settings", "digest_site.wsgi")
        and path.relative_to(ROOT).as_posix() not in STARTERS
        and re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))
    ]


def test_nobody_but_the_clock_asks_what_time_it_is() -> None:
    asks = re.compile(r"datetime\.(now|utcnow|today)\(|\bdate\.today\(|timezone\.now\(")
    assert not [
        name
        for name, path in ALL
        if name != "digest_site.clock" and asks.search(path.read_text(encoding="utf-8"))
    ]


def test_a_status_is_written_by_the_verbs_alone() -> None:
    """Neither `.update(status=…)` nor `x.status = …` outside the models' own verbs."""
    assert not [
        f"{name}:{node.lineno}"
        for name, path in ALL
        if name not in ("papers.models.review", "posts.models") and not leaf_of(name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if writes_status(node)
    ]


def writes_status(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        return any(isinstance(target, ast.Attribute) and target.attr == "status" for target in node.targets)
    called = (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update"
    )
    return called and "status" in {keyword.arg for keyword in node.keywords}


def test_every_variable_of_the_settings_is_explained() -> None:
    settings = (ROOT / "digest_site/settings.py").read_text(encoding="utf-8")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    read = set(re.findall(r'\benv(?:_\w+)?\("([A-Z_]+)"', settings))
    explained = set(re.findall(r"^([A-Z_]+)=", example, re.M))
    assert read == explained


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_requirement_is_pinned_and_explained() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith(("#", "-r")):
                assert re.fullmatch(r"[\w.\[\]-]+==[\w.]+\s+# .+", line), line


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_the_locks_hold_what_is_required_every_file_by_its_hash(name: str) -> None:
    asked = pins((ROOT / f"{name}.txt").read_text(encoding="utf-8"))
    lock = (ROOT / f"{name}.lock").read_text(encoding="utf-8")
    assert {pin for pin in asked if pin not in pins(lock)} == set(), "run `make lock`"
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        assert "--hash=sha256:" in entry or entry.startswith("#"), entry


def pins(text: str) -> set[str]:
    found = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.]+)", text, re.M)
    return {f"{name.lower().replace('_', '-').replace('.', '-')}=={version}" for name, version in found}
