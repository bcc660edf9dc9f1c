"""Posts of the old Jekyll site: `read` turns the text of one into typed values, `write` turns them back.

Pure text on both sides: no files, no tables. The newest of the old layouts is the default everywhere;
how a post differs from it is kept in `PostForm` and `EntryForm`, field by field, and what people read
(titles, abstracts, readings) is passed on as it stands, so that `write(read(text))` is `text` to the byte.
"""

from .reading import read
from .values import EntryForm, Malformed, OldEntry, OldPost, PostForm, is_tag, printed_tag, tag_of
from .writing import write

__all__ = [
    "EntryForm",
    "Malformed",
    "OldEntry",
    "OldPost",
    "PostForm",
    "is_tag",
    "printed_tag",
    "read",
    "tag_of",
    "write",
]
