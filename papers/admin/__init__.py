"""The admin of what lies between arXiv and a text. The review desk for texts knows digests, so it is in posts/admin."""

from . import catalogue, machine, paper, terms

__all__ = ["catalogue", "machine", "paper", "terms"]
