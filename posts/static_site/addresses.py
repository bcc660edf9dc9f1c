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
_ATTRIBUTE = re.compile(r'(?P<name>\s(?:href|src|action|data-digest)=")(?P<url>(?:/(?!/)|\?)[^"]*)(?=")')
# What needs a server: reporting an error, asking for mail, the editors' desk; and any form that is posted.
_NEEDS_SERVER = re.compile(
    r'(?:\s*·)?\s*<a [^>]*href="[^"]*/(?:report|mail|admin)/[^"]*"[^>]*>.*?</a>'
    r'|<form [^>]*method="post".*?</form>',
    re.DOTALL,
)
_LINK = re.compile(r'<(?:a|link) [^>]*href="((?:/(?!/)|\?)[^"]*)"')


def folder_of(path: str, query: str) -> str:
    """The path under which a live address is built; queries that only scripts read are left out."""
    if not query:
        return path
    chosen = dict(parse_qsl(query))
    if chosen.get("page") == "1":
        del chosen["page"]
    if not chosen or set(chosen) - set(SELECTORS):
        return path
    return path + "".join(f"{name}-{chosen[name]}/" for name in SELECTORS if name in chosen)


def file_of(address: str) -> str:
    """The file of a live address (path and query), relative to the built site."""
    path, _, query = address.partition("?")
    path = unquote(folder_of(path, query)).lstrip("/")
    return f"{path}index.html" if not path or path.endswith("/") else path


def without_server(text: str) -> str:
    """HTML without what only a server can answer."""
    return _NEEDS_SERVER.sub("", text)


def links_of(text: str, page: str) -> set[str]:
    """The live addresses that a live page links to and that have files of their own."""
    found = set()
    for link in _LINK.findall(without_server(text)):
        url = html.unescape(link).partition("#")[0]
        url = urlsplit(page).path + url if url.startswith("?") else url
        path, _, query = url.partition("?")
        found.add(url if query and folder_of(path, query) != path else path)
    return found


class Links:
    """Rewrites what a page links to for a site that lies at `base` (scheme, host, perhaps a path)."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        parts = urlsplit(self.base)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.prefix = parts.path

    def built(self, live: str, page: str = "/") -> str:
        """A live link, as it stands on the live `page`, in the built site."""
        if live.startswith("?"):
            live = urlsplit(page).path + live
        path, mark, fragment = live.partition("#")
        path, _, query = path.partition("?")
        folder = folder_of(path, query)
        kept = f"?{query}" if query and folder == path and "page=1" not in query else ""
        return self.prefix + folder + kept + mark + fragment

    def in_html(self, text: str, page: str) -> str:
        """A page with its links as the built site has them."""

        def rewrite(found: re.Match[str]) -> str:
            url = self.built(html.unescape(found["url"]), page)
            return found["name"] + html.escape(url)

        return _ATTRIBUTE.sub(rewrite, without_server(text))

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
