"""The built site as it lies on the disk: what differs is written, what is gone is taken away with its empty folders."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path


class Folder:
    """Files by their paths relative to `root`, as they were found when it was opened."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.present = set(_files_in(root))

    def read(self, file: str) -> str:
        return (self.root / file).read_text(encoding="utf-8")

    def write(self, file: str, data: bytes) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def remove(self, files: Iterable[str]) -> int:
        """How many of them there were to be removed."""
        gone = sorted(files)
        for file in gone:
            path = self.root / file
            path.unlink(missing_ok=True)
            self._remove_empty(path.parents)
        return len(gone)

    def _remove_empty(self, parents: Iterable[Path]) -> None:
        for parent in parents:
            if parent == self.root or not parent.is_dir() or any(parent.iterdir()):
                return
            parent.rmdir()


def _files_in(root: Path) -> Iterator[str]:
    for place, _, names in os.walk(root):
        inside = Path(place).relative_to(root).as_posix()
        yield from (name if inside == "." else f"{inside}/{name}" for name in names)
