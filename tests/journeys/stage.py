"""Makes two consented voices and a key in the database that the environment names, and prints them as JSON.

Run as a program by the fault journeys, before the platform's own processes start.
"""

import json
import sys

import django

django.setup()

from django.conf import settings  # noqa: E402 - Django first
from django.test.utils import setup_test_environment  # noqa: E402  # Django is set up above

from tests.factories import make_organisation  # noqa: E402  # Django is set up above
from tests.populate import voiced  # noqa: E402  # Django is set up above

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def main() -> None:
    setup_test_environment()
    organisation = make_organisation()
    stories = [voiced(organisation), voiced(organisation)]
    stage = {
        "tenant": str(organisation.id),
        "key": organisation.key(),
        "voices": [
            {"version": story.version["id"], "consent": story.consent["id"], "link": story.link} for story in stories
        ],
    }
    sys.stdout.write("\n" + json.dumps(stage) + "\n")


if __name__ == "__main__":
    main()
