"""What a build leaves for the next one: of which content each file was made."""

import json
from dataclasses import dataclass, field
from pathlib import Path

NAME = ".build_site.json"
FORMAT = 2


@dataclass
class Kept:
    """A file: its lists, the papers it shows and their fingerprint, and the fingerprint of its bytes."""

    lists: str
    texts: str
    data: str
    shows: list[int] = field(default_factory=list)


@dataclass
class Manifest:
    """The files of a built site. `papers` are the fingerprints they were made from, `found` the
    addresses that were found by links only."""

    code: str
    files: dict[str, Kept] = field(default_factory=dict)
    papers: dict[str, str] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)


def read(folder: Path, code: str) -> Manifest:
    """The last build's. One of another release, or for another address, is only a list of files."""
    try:
        stored = json.loads((folder / NAME).read_text(encoding="utf-8"))
        same = stored["format"] == FORMAT and stored["code"] == code
        rows = stored["files"].items()
        files = {
            file: Kept(lists if same else "?", texts, data, shows)
            for file, (lists, texts, data, shows) in rows
        }
        return Manifest(code, files, stored["papers"], stored["found"])
    except (OSError, ValueError, KeyError, TypeError):
        return Manifest(code)


def write(folder: Path, manifest: Manifest) -> None:
    rows = {
        file: [kept.lists, kept.texts, kept.data, kept.shows] for file, kept in sorted(manifest.files.items())
    }
    stored = {"format": FORMAT, "code": manifest.code, "papers": manifest.papers, "found": manifest.found}
    text = json.dumps(stored | {"files": rows}, separators=(",", ":"))
    (folder / NAME).write_text(text, encoding="utf-8")
