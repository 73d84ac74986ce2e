"""The WSGI entry: ``gunicorn config.wsgi``."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
_routes = get_resolver().url_patterns  # loaded before gunicorn forks, and not in the first request of each worker
