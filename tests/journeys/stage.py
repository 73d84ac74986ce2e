"""Makes consented voices and keys in the database that the environment names, and prints them as JSON.

Run as a program by the fault journeys and the load bench, before the platform's own processes start:
`python -m tests.journeys.stage [ORGANISATIONS] [VOICES OF THE FIRST]`.
"""

import json
import os
import sys

import django
from django.conf import settings
from django.test.utils import setup_test_environment


def main(organisations: int = 1, voices: int = 2) -> None:
    """Print a list: each organisation's id, a key with every scope, a use that is allowed, and its voices."""
    django.setup()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    setup_test_environment()
    found = [_organisation(voices if number == 0 else 1) for number in range(organisations)]
    sys.stdout.write("\n" + json.dumps(found) + "\n")


def _organisation(voices: int) -> dict[str, object]:
    from tests.factories import make_organisation
    from tests.populate import USE, voiced

    organisation = make_organisation()
    stories = [voiced(organisation) for _ in range(voices)]
    told = [
        {
            "version": story.version["id"],
            "voice": story.voice["id"],
            "consent": story.consent["id"],
            "speaker": story.speaker["id"],
            "link": story.link,
        }
        for story in stories
    ]
    return {"tenant": str(organisation.id), "key": organisation.key(), "use": USE, "voices": told}


if __name__ == "__main__":
    # The caller's own hosts stay; the test client speaks as `testserver`.
    os.environ["CONSONANT_ALLOWED_HOSTS"] = "testserver,127.0.0.1,localhost"
    main(*map(int, sys.argv[1:]))
