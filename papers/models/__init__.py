"""The tables between arXiv and a reviewed Chinese text."""

from .catalogue import Announcement, Category, Poll
from .log import Correction, Generation, ReviewEvent
from .machine import Beat, Fault, Halt, Job, LLMCall, Slot
from .paper import FullText, Paper, PaperCategory
from .review import Summary
from .revision import Finding, Revision
from .sitting import Sitting
from .states import StaleEdit, WrongState
from .term import Term

__all__ = [
    "Announcement",
    "Beat",
    "Category",
    "Correction",
    "Fault",
    "Finding",
    "FullText",
    "Generation",
    "Halt",
    "Job",
    "LLMCall",
    "Paper",
    "PaperCategory",
    "Poll",
    "ReviewEvent",
    "Revision",
    "Sitting",
    "Slot",
    "StaleEdit",
    "Summary",
    "Term",
    "WrongState",
]
