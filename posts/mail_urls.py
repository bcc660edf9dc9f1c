"""Subscription by mail: asking, confirming, leaving."""

from django.urls import path

from posts.views import mail

urlpatterns = [
    path("mail/", mail.ask, name="mail-ask"),
    path("mail/confirm/<str:token>/", mail.confirm, name="mail-confirm"),
    path("mail/leave/<str:token>/", mail.leave, name="mail-leave"),
]
