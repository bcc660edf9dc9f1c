"""From a model's reply to a text of ours, or to the reason why it is none."""

from .common import BadReply
from .readings import reading
from .translations import Translation, translation

__all__ = ["BadReply", "Translation", "reading", "translation"]
