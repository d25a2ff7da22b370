"""The publishing half of a sync: one bundle of all that is registered, at the end, and now and then at a first sync.

On a slow line the first sync may take an hour; what has come by then shall protect already. Building costs time that
the fetching threads and DNS want too, so at most a quarter of it goes into building.

    publisher = Publisher(state, catalogue, None, writer)
    for list_id, reason in publisher.publish(): ...        # what was left out, and why
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from filterd.control.lists_build import Publish, publish_lists
from filterd.control.lists_take import refused
from filterd.control.sync_state import BUILDING, Writer
from filterd.errors import ListRejected, StoreError

if TYPE_CHECKING:
    from filterd.config.catalogue import Catalogue
    from filterd.listbuild.registry import Listed

log = logging.getLogger(__name__)

STEP_S = 30.0  # at least so long between two bundles of one sync
STEP_SHARE = 3  # and so many times what the last build took


class Publisher:
    """Builds and publishes for one sync."""

    def __init__(
        self,
        state: Path,
        catalogue: Catalogue,
        publish: Publish | None,
        writer: Writer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.revision = 0  # the last that was published, 0 for none
        self.new_names = 0  # entries of lists that were never in force before, waiting for the next bundle
        self._state = state
        self._catalogue = catalogue
        self._publish = publish
        self._writer = writer
        self._clock = clock
        self._built_at = clock()
        self._took_s = 0.0

    def is_due(self) -> bool:
        """True when new lists wait, more are to come, and the last bundle is long enough ago."""
        waited = self._clock() - self._built_at
        now = self._writer.now
        return self.new_names > 0 and now.done < now.of and waited >= max(STEP_S, STEP_SHARE * self._took_s)

    def publish(self) -> list[tuple[str, ListRejected]]:
        """Build and publish what is registered. Returns (list id, reason) of what is not in it; ("", reason) when the
        whole was refused and the bundle in force stays.
        """
        from filterd.listbuild.registry import load, registry_lock

        self._writer.update(phase=BUILDING)
        began = self._clock()
        left_out: list[tuple[str, ListRejected]] = []
        try:
            with registry_lock(self._state):
                lists = self._without_damaged(load(self._state), left_out)
                built, self.revision = publish_lists(self._state, lists, self._catalogue, publish=self._publish)
        except ListRejected as exc:
            log.error("the new lists are not in force reason=%s", exc)
            left_out.append(("", exc))
        else:
            self.new_names = 0
            self._writer.update(protected=self.protected(lists), in_force=built.names, revision=self.revision)
        self._built_at = self._clock()
        self._took_s = self._built_at - began
        return left_out

    def protected(self, lists: Mapping[str, Listed]) -> dict[str, int]:
        """Return how many entries of each category there are, of the shipped lists and of `lists`."""
        found = {category: len(names) for category, names in self._catalogue.starter.items() if names}
        for listed in lists.values():
            if listed.enabled and listed.digest:
                found[listed.category] = found.get(listed.category, 0) + listed.names
        return dict(sorted(found.items()))

    def _without_damaged(self, lists: dict[str, Listed], left_out: list[tuple[str, ListRejected]]) -> dict[str, Listed]:
        """Let go of bodies that cannot be read any more, so that they are fetched again and stop no other list."""
        from filterd.listbuild.refusal import Refused, Why
        from filterd.listbuild.registry import read_body, save

        damaged = {}
        for listed in lists.values():
            if listed.enabled and listed.digest:
                try:
                    read_body(self._state, listed)
                except StoreError as exc:
                    reason = Refused(Why.FILE, str(exc))
                    left_out.append((listed.id, reason))
                    empty = replace(listed, digest="", names=0, etag="", modified="", next_at="")
                    damaged[listed.id] = refused(empty, reason)
        if damaged:
            lists = lists | damaged
            save(self._state, lists)
        return lists
