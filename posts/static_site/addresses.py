"""From the live site's addresses to files and links of the built one.

A plain file server knows no query strings: pages of a list get folders of their own
(`/categories/cs.SD/?page=2` is `/categories/cs.SD/page-2/`); what a script reads from the address
(`/search/?q=`, `/stars/?ids=`, `?since=`) stays there. Everything may lie under a sub-path.
"""

import html
import re
from urllib.parse import parse_qsl, unquote, urlsplit

# Query values that select one of a fixed number of pages, in the order of the folders' names.
SELECTORS = ("digest", "year", "page")
# Patterns that begin with what is written out are looked for many times faster than any others.
_ATTRIBUTE = re.compile(
    r'="(?:(?<=\shref=")|(?<=\ssrc=")|(?<=\saction=")|(?<=\sdata-digest="))(?P<url>(?:/(?!/)|\?)[^"]*)'
)
# What needs a server: reporting an error, asking for mail, the editors' desk; and any form that is posted.
_SERVED_LINK = re.compile(r'<a [^>]*href="[^"]*/(?:report|mail|admin)/[^"]*"[^>]*>.*?</a>', re.DOTALL)
_POSTED_FORM = re.compile(r'<form [^>]*method="post".*?</form>', re.DOTALL)


def folder_of(path: str, query: str) -> str:
    """The path under which a live address is built; queries that only scripts read are left out."""
    chosen = _chosen(query) if query else {}
    if not chosen or set(chosen) - set(SELECTORS):
        return path
    return path + "".join(f"{name}-{chosen[name]}/" for name in SELECTORS if name in chosen)


def _chosen(query: str) -> dict[str, str]:
    """The values of a query, without the number of a first page, which is the page itself."""
    return {
        name: value
        for name, value in parse_qsl(query, keep_blank_values=True)
        if (name, value) != ("page", "1")
    }


def file_of(address: str) -> str:
    """The file of a live address (path and query), relative to the built site."""
    path, _, query = address.partition("?")
    path = unquote(folder_of(path, query)).lstrip("/")
    return f"{path}index.html" if not path or path.endswith("/") else path


def without_server(text: str) -> str:
    """HTML without what only a server can answer, and without the dot before it in a row of links."""
    kept, end = [], 0
    for found in _SERVED_LINK.finditer(text):
        kept.append(text[end : found.start()].rstrip().removesuffix("·").rstrip())
        end = found.end()
    return _POSTED_FORM.sub("", "".join([*kept, text[end:]]))


def _with_file(live: str) -> str:
    """The address without what is no part of its file's name."""
    path, _, query = live.partition("#")[0].partition("?")
    return f"{path}?{query}" if folder_of(path, query) != path else path


class Links:
    """Rewrites what a page links to for a site that lies at `base` (scheme, host, perhaps a path)."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        parts = urlsplit(self.base)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.prefix = parts.path

    def built(self, live: str) -> str:
        """A live address in the built site."""
        path, mark, fragment = live.partition("#")
        path, _, query = path.partition("?")
        folder = folder_of(path, query)
        kept = f"?{query}" if query and folder == path and _chosen(query) else ""
        return self.prefix + folder + kept + mark + fragment

    def in_html(self, text: str, page: str) -> tuple[str, set[str]]:
        """A live page as the built site has it, and the live addresses with files of their own that it links to."""
        found = set()
        here = page.partition("?")[0]

        def rewrite(match: re.Match[str]) -> str:
            live = html.unescape(match["url"])
            live = here + live if live.startswith("?") else live
            found.add(_with_file(live))
            return f'="{html.escape(self.built(live))}'

        return _ATTRIBUTE.sub(rewrite, without_server(text)), found

    def in_sitemap(self, text: str) -> str:
        """A sitemap knows the host only; the sub-path belongs to every address."""
        return text.replace(f"<loc>{self.origin}/", f"<loc>{self.base}/") if self.prefix else text

    def in_script(self, text: str) -> str:
        """Addresses that the readers' script makes itself."""
        if not self.prefix:
            return text
        text = re.sub(r"(?<=[\"`}])/(?=(?:search|stars)/)", f"{self.prefix}/", text)
        depth = self.prefix.count("/")
        return text.replace('pathname.split("/").slice(0, 3)', f'pathname.split("/").slice(0, {3 + depth})')
