"""The SDK and its HTTP layer, loaded at the first call: 0.7 s and 50 MB that no web process and few commands need."""

from importlib import import_module
from typing import TYPE_CHECKING, Any


class _AtFirstUse:
    """Stands for a module until something of it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


if TYPE_CHECKING:
    import httpx2
    import openai
else:
    httpx2, openai = _AtFirstUse("httpx2"), _AtFirstUse("openai")

__all__ = ["httpx2", "openai"]
