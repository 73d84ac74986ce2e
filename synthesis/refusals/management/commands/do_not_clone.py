"""``manage.py do_not_clone add FILE | list | confirm ID | remove ID``: the operator's side of the do-not-clone list."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from problems.errors import DomainError
from synthesis.refusals.models import DoNotClone
from synthesis.refusals.services import operator_add, operator_confirm, operator_remove, reference_read


class Command(BaseCommand):
    help = "People who asked not to be cloned, for the whole deployment."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="act", required=True)
        commands.add_parser("add").add_argument("file", type=Path)
        commands.add_parser("list")
        for act in ("confirm", "remove"):
            commands.add_parser(act).add_argument("id", type=UUID)

    def handle(self, *args: Any, **given: Any) -> None:
        try:
            self._act(given)
        except (DomainError, OSError) as fault:
            raise CommandError(str(fault)) from fault

    def _act(self, given: dict[str, Any]) -> None:
        match given["act"]:
            case "add":
                self.stdout.write(f"{operator_add(reference_read(given['file'].read_bytes())).pk} added")
            case "confirm":
                operator_confirm(given["id"])
                self.stdout.write(f"{given['id']} binds everybody")
            case "remove":
                operator_remove(given["id"])
                self.stdout.write(f"{given['id']} removed, its reference destroyed")
            case "list":
                for entry in DoNotClone.objects.order_by("created_at"):
                    whole = entry.by_tenant is None or entry.confirmed_at is not None
                    reach = "everybody" if whole else f"tenant {entry.by_tenant}, to be confirmed"
                    self.stdout.write(f"{entry.pk}  {entry.created_at:%Y-%m-%d}  {reach}")
