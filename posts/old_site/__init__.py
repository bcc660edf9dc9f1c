"""The old Jekyll site brought along, and the way back: files of posts into the tables, and out of them again.

`posts.jekyll` knows the format; here is what it means. No raw post is kept: what the tables have no place
for is in `layout` of post and entry, and an unedited post comes out as it went in, to the byte.
"""

from .exporting import OLD_DIGEST, export_files
from .importing import Imported, files_in, import_files

__all__ = ["OLD_DIGEST", "Imported", "export_files", "files_in", "import_files"]
