"""Makes two consented voices and a key in the database that the environment names, and prints them as JSON.

Run as a program by the fault journeys, before the platform's own processes start.
"""

import json
import sys

import django
from django.conf import settings
from django.test.utils import setup_test_environment


def main() -> None:
    django.setup()
    from tests.factories import make_organisation
    from tests.populate import voiced

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
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
