"""The public site as plain files, for any file server and under any sub-path.

`build` asks the same views that serve readers, writes what they answer, and remembers in a manifest what
each page was made of. The next build makes only the pages whose papers, lists or sources have changed.
"""

import hashlib
import json
import multiprocessing
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import connection, connections

# Only its settings override: the same process may serve other addresses before and after a build.
from django.test.utils import override_settings

from . import search
from .addresses import Links
from .baking import Baker, fragments, not_found, patched
from .pages import Page, pages_of
from .state import State, code_print, fingerprint, read

MANIFEST = ".build_site.json"
FORMAT = 1
ASSETS = ("posts/icon.svg", "posts/site.css", "posts/theme.js", "posts/reader.js", "posts/static_site.js")
# A process of its own is worth it from this many pages on; each takes this many at a time.
WORTH_FORKING = 200
SHARE = 60
PLAIN_FILES = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


@dataclass
class Built:
    """What a build did, in files."""

    pages: int = 0
    written: int = 0
    removed: int = 0


@dataclass
class Kept:
    """What the manifest knows of a file: what it was made of, which papers it shows, its own fingerprint."""

    lists: str
    texts: str
    data: str
    shows: list[int] = field(default_factory=list)


def build(folder: Path, base_url: str = "", *, processes: int | None = None) -> Built:
    """Build the site into `folder`, for the address `base_url` (the setting SITE_URL if empty)."""
    links = Links(base_url or settings.SITE_URL)
    plain = settings.STORAGES | {"staticfiles": PLAIN_FILES}
    with override_settings(SITE_URL=links.base, STORAGES=plain):
        return _Build(folder, links, processes).run()


class _Build:
    def __init__(self, folder: Path, links: Links, processes: int | None) -> None:
        self.folder = folder
        self.links = links
        self.processes = processes
        self.state: State = read()
        self.baker = Baker(self.state, links)
        self.code = code_print(links.base)
        self.before = _read_manifest(folder, self.code)
        self.after: dict[str, Kept] = {}
        self.built = Built()
        self.present = set(_files_in(folder))

    def run(self) -> Built:
        pages = list(pages_of(self.state))
        stale = [page for page in pages if self._is_stale(page)]
        patches = [page for page in stale if self._wants_only_titles(page)]
        for page, data, shows in self._baked(self._patch(patches, stale)):
            self._keep(page, data, shows)
        self._extras()
        self._remove(self.before.keys() - self.after.keys())
        if self.before != self.after:
            _write_manifest(self.folder, self.code, self.after)
        self.built.pages = len(pages)
        return self.built

    # What is out of date

    def _is_stale(self, page: Page) -> bool:
        """Whether a page has to be made; one that has not is taken over as it lies there."""
        file = page.file
        known = self.before.get(file)
        if known is None or known.lists != page.lists or file not in self.present:
            return True
        if known.texts != self._texts(page, known.shows):
            return True
        self.after[file] = known
        return False

    def _texts(self, page: Page, shows: Iterable[int]) -> str:
        """The fingerprint of the papers in a page; on a paper's own page the others' titles are enough."""
        ids, whole, face = self.state.ids, self.state.whole, self.state.face
        shown = (ids.get(pk, "") for pk in shows)
        if not page.paper:
            return fingerprint([whole.get(arxiv_id) for arxiv_id in shown])
        faces = [face.get(arxiv_id) for arxiv_id in shown if arxiv_id != page.paper]
        return f"{whole[page.paper]}/{fingerprint(faces)}"

    def _wants_only_titles(self, page: Page) -> bool:
        """Whether nothing but titles of related papers has changed on a paper's page."""
        known = self.before.get(page.file)
        return bool(
            page.paper
            and page.address.endswith("/")
            and known
            and known.lists == page.lists
            and known.texts.partition("/")[0] == self.state.whole[page.paper]
            and page.file in self.present
        )

    # Making

    def _patch(self, patches: Sequence[Page], stale: Sequence[Page]) -> list[Page]:
        """Put new titles into pages that changed in nothing else; the pages that have to be made anew.

        A page is made from each title's first occurrence, the others take its words over.
        """
        fresh: dict[str, str] = {}
        done: set[str] = set()
        for page in patches:
            file = page.file
            text = (self.folder / file).read_text(encoding="utf-8")
            own = fragments(text, self.links.prefix)
            if own.keys() - fresh.keys():
                baked = next(iter(self.baker.bake([page])))
                fresh |= fragments(baked.data.decode(), self.links.prefix)
                self._keep(page, baked.data, baked.shows)
                done.add(file)
            elif (changed := patched(text, self.links.prefix, {key: fresh[key] for key in own})) is not None:
                self._keep(page, changed.encode(), self.before[file].shows)
                done.add(file)
        return [page for page in stale if page.file not in done]

    def _baked(self, pages: Sequence[Page]) -> Iterable[tuple[Page, bytes, list[int]]]:
        count = self._processes_for(len(pages))
        if count == 1:
            for share in _shares(pages):
                yield from ((baked.page, baked.data, baked.shows) for baked in self.baker.bake(share))
            return
        connections.close_all()
        _Worker.baker = self.baker
        with multiprocessing.get_context("fork").Pool(count) as pool:
            for result in pool.imap_unordered(_Worker.bake, list(_shares(pages))):
                yield from result

    def _processes_for(self, pages: int) -> int:
        """A process shares no transaction and no database in memory with another."""
        alone = connection.in_atomic_block or "fork" not in multiprocessing.get_all_start_methods()
        if alone or pages < WORTH_FORKING:
            return 1
        return self.processes or os.cpu_count() or 1

    # Files

    def _keep(self, page: Page, data: bytes, shows: list[int]) -> None:
        self._put(page.file, data, page.lists, self._texts(page, shows), shows)

    def _put(self, file: str, data: bytes, lists: str, texts: str = "", shows: Sequence[int] = ()) -> None:
        known = self.before.get(file)
        now = Kept(lists, texts, hashlib.blake2b(data, digest_size=12).hexdigest(), list(shows))
        path = self.folder / file
        if known is None or known.data != now.data or file not in self.present:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            self.built.written += 1
        self.after[file] = now

    def _extras(self) -> None:
        """What is no page: assets, the search index, the error page, and a word to GitHub's Jekyll."""
        self._put(".nojekyll", b"", "")
        self._put("404.html", not_found(self.baker), "")
        for name in ASSETS:
            path = finders.find(name)
            data = Path(path).read_bytes() if path else b""
            if name.endswith(".js"):
                data = self.links.in_script(data.decode()).encode()
            self._put(f"static/{name}", data, "")
        for file, lists in search.prints(self.state).items():
            known = self.before.get(file)
            if known and known.lists == lists and file in self.present:
                self.after[file] = known
            else:
                self._put(file, search.bake(self.state, file), lists)

    def _remove(self, files: Iterable[str]) -> None:
        for file in sorted(files):
            path = self.folder / file
            path.unlink(missing_ok=True)
            self.built.removed += 1
            for parent in path.parents:
                if parent == self.folder or any(parent.iterdir()):
                    break
                parent.rmdir()


class _Worker:
    """The other side of the fork: it inherits the baker and opens its own connection."""

    baker: Baker

    @classmethod
    def bake(cls, pages: Sequence[Page]) -> list[tuple[Page, bytes, list[int]]]:
        return [(baked.page, baked.data, baked.shows) for baked in cls.baker.bake(pages)]


def _shares(pages: Sequence[Page]) -> Iterable[Sequence[Page]]:
    return (pages[start : start + SHARE] for start in range(0, len(pages), SHARE))


def _files_in(folder: Path) -> Iterable[str]:
    root = str(folder)
    for place, _, names in os.walk(root):
        inside = place[len(root) :].replace(os.sep, "/").lstrip("/")
        yield from (f"{inside}/{name}" if inside else name for name in names)


def _read_manifest(folder: Path, code: str) -> dict[str, Kept]:
    """What the last build left. One of another release, or for another address, is only a list of files."""
    try:
        stored: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if stored["format"] != FORMAT:
            return {}
        same = stored["code"] == code
        return {
            file: Kept(lists if same else "?", texts, data, shows)
            for file, (lists, texts, data, shows) in stored["files"].items()
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write_manifest(folder: Path, code: str, files: dict[str, Kept]) -> None:
    rows = {file: [kept.lists, kept.texts, kept.data, kept.shows] for file, kept in sorted(files.items())}
    text = json.dumps({"format": FORMAT, "code": code, "files": rows}, separators=(",", ":"))
    (folder / MANIFEST).write_text(text, encoding="utf-8")
