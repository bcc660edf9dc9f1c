"""The editors' room: digests and their days, the completeness calendar, and the review desk for texts."""

from . import days, desk, digests, log, people, readers, tags

__all__ = ["days", "desk", "digests", "log", "people", "readers", "tags"]
