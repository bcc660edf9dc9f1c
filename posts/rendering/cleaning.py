"""The one allowlist. Whatever the renderer did, only this leaves the house."""

import nh3

from posts.rendering import mathml

_BLOCKS = ("p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "hr", "br",
           "table", "thead", "tbody", "tr", "th", "td")  # fmt: skip
_INLINES = ("strong", "em", "del", "code", "a", "span")
TAGS = {*_BLOCKS, *_INLINES, *mathml.ELEMENTS}
ATTRIBUTES = {
    "a": {"href", "title"},
    "ol": {"start"},
    **{name: set(attributes) for name, attributes in mathml.ELEMENTS.items() if attributes},
}
# Alignment of a table's column, and what a line must not break inside of; the renderer knows no other class.
CLASSES = {"th": {"left", "center", "right"}, "td": {"left", "center", "right"}, "span": {"nobr"}}
SCHEMES = {"http", "https", "mailto"}
# The text is a machine's or a stranger's: no endorsement, no opener, and the target learns no page of ours.
LINK_REL = "nofollow noopener noreferrer ugc"

_CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    allowed_classes=CLASSES,
    url_schemes=SCHEMES,
    link_rel=LINK_REL,
    strip_comments=True,
    generic_attribute_prefixes=set(),
    url_relative="deny",
)


def clean(html: str) -> str:
    """The HTML with only what the allowlist names."""
    return _CLEANER.clean(html)
