"""Files of the old site into the tables; what cannot be read is reported, and changes nothing."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from papers import pipeline
from posts.jekyll import Malformed, OldPost, read
from posts.models import Digest

from .merging import Merge, merge

_FILE = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)-.+\.(?:md|markdown)")
# Where a Jekyll site keeps its posts, seen from where people may stand.
_FOLDERS = [".", "_posts", "site/_posts"]


@dataclass
class Imported:
    """What an import did. `malformed` are (file, line, message)."""

    posts: int = 0
    entries: int = 0
    fresh: int = 0
    changed: int = 0
    failed_steps: int = 0
    kept: list[str] = field(default_factory=list)
    malformed: list[tuple[Path, int, str]] = field(default_factory=list)

    def add(self, done: Merge) -> None:
        self.posts += 1
        self.entries += len(done.old.entries)
        self.fresh += done.fresh
        self.changed += done.changed
        self.failed_steps += done.failed_steps
        self.kept += done.kept


def files_in(folder: Path) -> list[Path]:
    """The posts of a Jekyll site, oldest first."""
    for place in (folder / name for name in _FOLDERS):
        if found := sorted(path for path in place.glob("*") if _FILE.fullmatch(path.name)):
            return found
    return []


def import_files(
    digest: Digest, files: Sequence[Path], *, tell: Callable[[int], None] = lambda done: None
) -> Imported:
    """Take every file that can be read; the others are reported, and change nothing."""
    result = Imported()
    for done, path in enumerate(files, start=1):
        try:
            post = read_file(path)
        except Malformed as error:
            result.malformed.append((path, error.line, error.message))
        else:
            result.add(merge(digest, post))
        tell(done)
    if result.fresh:
        pipeline.ask_for_unannounced()  # what posts do not say: English abstracts, dates, comments, licences
    return result


def read_file(path: Path) -> OldPost:
    """:raises Malformed: the file is no post, or not in UTF-8."""
    data = path.read_bytes()
    named = _FILE.fullmatch(path.name)
    try:
        date = dt.date.fromisoformat(named["date"] if named else "")
        return read(data.decode("utf-8"), date)
    except UnicodeDecodeError as error:
        raise Malformed(data.count(b"\n", 0, error.start) + 1, "不是 UTF-8") from error
    except ValueError as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed(1, "文件名里没有这样的日期") from error
