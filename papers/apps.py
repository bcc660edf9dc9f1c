"""The room between arXiv and a reviewed Chinese text."""

from django.apps import AppConfig


class PapersConfig(AppConfig):
    name = "papers"
    verbose_name = "论文与译文"
