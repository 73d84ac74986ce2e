"""The WSGI entry, which ``config.web`` serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
_routes = get_resolver().url_patterns  # loaded before the server forks, and not in the first request of each process
