"""The public site as plain files, for any file server and under any sub-path.

`build` asks the same views that serve readers, writes what they answer, and remembers in a manifest what
each page was made of. The next build makes only the pages whose papers, lists or sources have changed.
"""

import hashlib
import multiprocessing
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import connection, connections

# Only its settings override: the same process may serve other addresses before and after a build.
from django.test.utils import override_settings

from posts import search_index, search_tokens

from . import manifest, search
from .addresses import Links
from .baking import Baked, Baker, BrokenAddress, fragments, not_found, patched
from .folder import Folder
from .manifest import Kept, Manifest
from .pages import Page, found_later, pages_of
from .state import State, code_print, fingerprint, read, words_of

ASSETS = ("posts/icon.svg", "posts/site.css", "posts/theme.js", "posts/reader.js", "posts/static_site.js")
# A process of its own is worth it from this many pages on; each takes this many at a time.
WORTH_FORKING = 150
SHARE = 40
PLAIN_FILES = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


@dataclass
class Built:
    """What a build did, in files."""

    pages: int = 0
    written: int = 0
    removed: int = 0


def build(folder: Path, base_url: str = "", *, processes: int | None = None) -> Built:
    """Build the site into `folder`, for the address `base_url` (the setting SITE_URL if empty)."""
    links = Links(base_url or settings.SITE_URL)
    plain = settings.STORAGES | {"staticfiles": PLAIN_FILES}
    host = urlsplit(links.base).hostname or ""
    search_index.catch_up()
    with override_settings(SITE_URL=links.base, ALLOWED_HOSTS=[host], STORAGES=plain):
        return _Build(folder, links, processes).run()


class _Build:
    def __init__(self, folder: Path, links: Links, processes: int | None) -> None:
        self.folder = Folder(folder)
        self.links = links
        self.processes = processes
        self.state: State = read()
        self.baker = Baker(self.state, links)
        code = code_print(links.base)
        self.before = manifest.read(folder, code)
        self.after = Manifest(code, papers=self.state.whole)
        self.found: set[str] = set()
        self.built = Built()

    def run(self) -> Built:
        """Make what is out of date, then what that links to and nobody has listed, then take away the rest."""
        pages = list(pages_of(self.state))
        self._make(pages)
        known = {page.file for page in pages}
        waiting = [
            address for address in self.before.found if found_later(self.state, address).file not in known
        ]
        while waiting := waiting or sorted(self._unlisted()):
            self._make_found(waiting)
            waiting = []
        self._extras()
        self.built.removed = self.folder.remove(self.before.files.keys() - self.after.files.keys())
        if self.before != self.after:
            manifest.write(self.folder.root, self.after)
        self.built.pages = len(self.after.files)
        return self.built

    # What is out of date

    def _is_stale(self, page: Page) -> bool:
        """Whether a page has to be made; one that has not is taken over as it lies there."""
        known = self.before.files.get(page.file)
        if known is None or known.lists != page.lists or page.file not in self.folder.present:
            return True
        if known.texts != self._texts(page, known.shows) or (page.term and self._concerns(page.term)):
            return True
        self.after.files[page.file] = known
        return False

    def _texts(self, page: Page, shows: Iterable[int]) -> str:
        """The fingerprint of the papers in a page; on a paper's own page the others' titles are enough."""
        ids, whole, face = self.state.ids, self.state.whole, self.state.face
        shown = (ids.get(pk, "") for pk in shows)
        if not page.paper:
            return fingerprint([whole.get(arxiv_id) for arxiv_id in shown])
        faces = [face.get(arxiv_id) for arxiv_id in shown if arxiv_id != page.paper]
        return f"{whole[page.paper]}/{fingerprint(faces)}"

    def _concerns(self, term: str) -> bool:
        """Whether a paper that came, went or changed may be among those that a term's page chooses from."""
        if self.before.papers.keys() - self.state.whole.keys():
            return True
        words = search_tokens.plain(term).split()
        return any(all(word in text for word in words) for text in self._news)

    @cached_property
    def _news(self) -> list[str]:
        before = self.before.papers
        return words_of(arxiv_id for arxiv_id, now in self.state.whole.items() if before.get(arxiv_id) != now)

    def _wants_only_titles(self, page: Page) -> bool:
        """Whether nothing but titles of related papers has changed on a paper's page."""
        known = self.before.files.get(page.file)
        return bool(
            page.paper
            and page.address.endswith("/")
            and known
            and known.lists == page.lists
            and known.texts.partition("/")[0] == self.state.whole[page.paper]
            and page.file in self.folder.present
        )

    # Making

    def _make(self, pages: Sequence[Page]) -> None:
        stale = [page for page in pages if self._is_stale(page)]
        patches = [page for page in stale if self._wants_only_titles(page)]
        for baked in self._baked(self._patch(patches, stale)):
            self._keep(baked)

    def _patch(self, patches: Sequence[Page], stale: Sequence[Page]) -> list[Page]:
        """Put new titles into pages that changed in nothing else; the pages that have to be made anew.

        A page is made from each title's first occurrence, the others take its words over.
        """
        fresh: dict[str, str] = {}
        done: set[str] = set()
        for page in patches:
            text = self.folder.read(page.file)
            own = fragments(text, self.links.prefix)
            if own.keys() - fresh.keys():
                baked = next(iter(self.baker.bake([page])))
                fresh |= fragments(baked.data.decode(), self.links.prefix)
                self._keep(baked)
                done.add(page.file)
            elif changed := patched(text, self.links.prefix, {key: fresh[key] for key in own}):
                self._keep(Baked(page, changed.encode(), self.before.files[page.file].shows))
                done.add(page.file)
        return [page for page in stale if page.file not in done]

    def _baked(self, pages: Sequence[Page]) -> Iterable[Baked]:
        count = self._processes_for(len(pages))
        if count == 1:
            for share in _shares(pages):
                yield from self.baker.bake(share)
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

    def _unlisted(self) -> set[str]:
        """Addresses that the pages made just now link to, and that have no file yet."""
        found, self.found = self.found, set()
        return {
            address
            for address in found
            if not address.startswith(settings.STATIC_URL)
            and found_later(self.state, address).file not in self.after.files
        }

    def _make_found(self, addresses: Iterable[str]) -> None:
        """Pages that are known by links only; one that is no longer there is dropped."""
        for address in addresses:
            page = found_later(self.state, address)
            try:
                self._make([page])
                self.after.found.append(address)
            except BrokenAddress:
                if address not in self.before.found:
                    raise

    # Files

    def _keep(self, baked: Baked) -> None:
        page = baked.page
        self.found |= baked.links
        self._put(page.file, baked.data, page.lists, self._texts(page, baked.shows), baked.shows)

    def _put(self, file: str, data: bytes, lists: str, texts: str = "", shows: Sequence[int] = ()) -> None:
        known = self.before.files.get(file)
        now = Kept(lists, texts, hashlib.blake2b(data, digest_size=12).hexdigest(), list(shows))
        if known is None or known.data != now.data or file not in self.folder.present:
            self.folder.write(file, data)
            self.built.written += 1
        self.after.files[file] = now

    def _extras(self) -> None:
        """What is no page: assets, the search index, the error page, and a word to GitHub's Jekyll."""
        self._put(".nojekyll", b"", "")
        self._put("404.html", not_found(self.baker), "")
        for name in ASSETS:
            path = finders.find(name)
            data = Path(path).read_bytes() if path else b""
            if name == "posts/reader.js":
                data = self.links.in_script(data.decode()).encode()
            self._put(f"static/{name}", data, "")
        for file, lists in search.prints(self.state).items():
            known = self.before.files.get(file)
            if known and known.lists == lists and file in self.folder.present:
                self.after.files[file] = known
            else:
                self._put(file, search.bake(self.state, file), lists)


class _Worker:
    """The other side of the fork: it inherits the baker and opens its own connection."""

    baker: Baker

    @classmethod
    def bake(cls, pages: Sequence[Page]) -> list[Baked]:
        return list(cls.baker.bake(pages))


def _shares(pages: Sequence[Page]) -> Iterable[Sequence[Page]]:
    return (pages[start : start + SHARE] for start in range(0, len(pages), SHARE))
