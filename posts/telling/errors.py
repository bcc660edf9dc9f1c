"""Why something was not told, and whether telling it later can help."""


class NotTaken(Exception):
    """The other side did not take it this time. `kind` is the job's error class; the message shows no address."""

    kind = "not_taken"


class Unreachable(NotTaken):
    """Nobody is there to take it, whatever it is: no failure of the message's own, so it costs it nothing."""

    kind = "unreachable"


class Refused(NotTaken):
    """It will never be taken."""

    kind = "turned_down"


class NoSuchAddress(Refused):
    """Nobody lives there any more."""

    kind = "no_such_address"
