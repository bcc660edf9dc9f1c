"""Why a file gave no text: a state of the full text, never a text itself."""

REASONS = frozenset(
    {
        "encrypted",  # needs a password
        "scanned",  # pictures of pages
        "empty",  # no bytes, no pages or nothing on them
        "not_a_pdf",  # neither a PDF nor, where HTML was promised, HTML
        "too_big",  # more bytes than we take
        "too_long",  # more pages or text than we take
        "time",  # ran out of time
        "memory",  # ran out of memory
        "failed_conversion",  # arXiv's HTML is a stub or a wreck
        "garbled",  # letters, but no language: fonts without a usable map
        "broken",  # damaged beyond reading, or it crashed the engine
    }
)


class Unreadable(Exception):
    """These bytes give no text.

    ``reason``: one of REASONS. ``permanent``: the same bytes will fail again; only running out of
    wall time, on a machine that is too busy, may go better next time.
    """

    def __init__(self, reason: str, detail: str = "", *, permanent: bool = True) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.permanent = permanent
