"""How often one reader may ask for something in an hour, without accounts and without third parties."""

from django.core.cache import cache

HOUR_SECONDS = 3600


def too_often(what: str, who: str, most: int) -> bool:
    """Count one more `what` by `who` (a network address) and say whether this hour had more than `most`.

    Without Redis each web process counts for itself.
    """
    key = f"{what}-by:{who}"
    cache.add(key, 0, HOUR_SECONDS)
    return cache.incr(key) > most
