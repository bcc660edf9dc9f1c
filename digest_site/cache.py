"""The shared cache, for which a Redis that does not answer is one that forgot everything.

What lies in it saves work or counts requests; no page, command or task may fail for want of it.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


def _or_else(answer: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Have a method of the cache give `answer(*its arguments)` while Redis does not answer."""

    def forgiving(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def ask(self: RedisCache, *args: Any, **options: Any) -> Any:
            try:
                return method(self, *args, **options)
            except (RedisError, OSError) as error:
                log.warning("Redis 没有回答，照没有缓存办理：%s", error)
                return answer(*args, **options)

        return ask

    return forgiving


class ForgivingRedis(RedisCache):
    """Of the operations of a cache those that we use."""

    add = _or_else(lambda *args, **options: True)(RedisCache.add)
    get = _or_else(lambda key, default=None, *args, **options: default)(RedisCache.get)
    set = _or_else(lambda *args, **options: None)(RedisCache.set)
    delete = _or_else(lambda *args, **options: False)(RedisCache.delete)
    incr = _or_else(lambda key, delta=1, *args, **options: delta)(RedisCache.incr)

    @_or_else(lambda: False)
    def clear(self) -> bool:
        """Only what is ours: the same Redis carries the queue, and perhaps what others keep there."""
        client = self._cache.get_client(write=True)
        if names := list(client.scan_iter(match=f"{self.key_prefix}:*", count=1000)):
            client.delete(*names)
        return True
