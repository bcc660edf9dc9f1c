"""What an editor is called: 李四 where the names are Chinese, Ada Lovelace where they are not."""

from typing import Any

from django.contrib.auth.models import AbstractUser

from posts.rendering.characters import has_han

NAMELESS = "编辑"


def full_name(user: Any) -> str:
    """Family name first and without a space in Chinese; empty for one who gave no name."""
    if has_han(user.last_name) or has_han(user.first_name):
        return f"{user.last_name}{user.first_name}".strip()
    return user.get_full_name()


def public_name(user: AbstractUser | None) -> str:
    """For readers: never what somebody signs in with."""
    return (full_name(user) if user else "") or NAMELESS


def office_name(user: AbstractUser) -> str:
    """Among colleagues, who know each other by their logins too."""
    return full_name(user) or user.get_username()
