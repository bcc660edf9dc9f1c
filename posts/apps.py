"""The room between reviewed papers and a reader."""

from django.apps import AppConfig


class PostsConfig(AppConfig):
    name = "posts"
    verbose_name = "日报"
