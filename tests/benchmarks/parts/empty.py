"""The least that Django does: a view without a body, no database, and of its middleware only the one that says
how long an answer is, without which gunicorn sends it in chunks. For gunicorn.
"""

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path


def nothing(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"")


urlpatterns = [path("", nothing)]

settings.configure(
    SECRET_KEY="none",
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)
django.setup()
application = get_wsgi_application()
