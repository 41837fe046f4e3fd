"""The words in brackets in a prompt that ask for a fault: those that both stand-ins read alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Generic

from sandbox.service.faults import EVER, F

_WORD = re.compile(r"\[([^\[\]]{1,200})\]")
_CODE = re.compile(r"(\w+) ([345]\d\d)(?: x(\d{1,4}))?(?: after (\d{1,6}))?")
_NUMBER = re.compile(r"(slow|wait|big|heavy|drip) (\d{1,7}(?:\.\d{1,3})?)")


def _plain(file: str) -> dict[str, dict[str, Any]]:
    return {
        "never": {"on": "job", "kind": "never"},
        "expire": {"on": "job", "kind": "expire"},
        "odd id": {"on": "job", "kind": "odd_id"},
        "reset before": {"on": "submit", "kind": "reset"},
        "reset after": {"on": "submit", "kind": "reset", "taken": True},
        "reset poll": {"on": "status", "kind": "reset"},
        "html": {"on": "status", "kind": "html"},
        "null": {"on": "status", "kind": "null"},
        "odd": {"on": "status", "kind": "odd"},
        "nothing": {"on": "status", "kind": "nothing"},
        "truncate": {"on": file, "kind": "truncate"},
        "corrupt": {"on": file, "kind": "corrupt"},
        "json": {"on": file, "kind": "json"},
        "empty": {"on": file, "kind": "nothing"},
        "stall": {"on": file, "kind": "stall"},
    }


class FaultWords(Generic[F]):
    """Reads prompts into faults of one kind. `places` says for `[word 500]` which call the word means, `file` which
    call fetches the video, `more` are words of one service alone, and `read_more` reads those that have parts."""

    def __init__(
        self,
        make: Callable[[dict[str, Any]], F],
        *,
        places: Mapping[str, str],
        file: str,
        more: Mapping[str, dict[str, Any]],
        read_more: Callable[[str], dict[str, Any] | None],
    ) -> None:
        self._make = make
        self._places = places
        self._file = file
        self._known = _plain(file) | dict(more)
        self._read_more = read_more

    def read(self, prompt: str) -> list[F]:
        """The faults that words in brackets ask for; unknown words in brackets are ignored."""
        said = (self._said(found[1].strip()) for found in _WORD.finditer(prompt))
        return [self._make(fields) for fields in said if fields is not None]

    def _said(self, word: str) -> dict[str, Any] | None:
        if word in self._known:
            return self._known[word]
        if (found := _CODE.fullmatch(word)) and found[1] in self._places:
            times = int(found[3]) if found[3] else EVER
            after = float(found[4]) if found[4] else None
            return {
                "on": self._places[found[1]], "kind": "code", "code": int(found[2]),
                "times": times, "retry_after": after,
            }  # fmt: skip
        if found := _NUMBER.fullmatch(word):
            name, number = found[1], float(found[2])
            if name == "drip":
                return {"on": self._file, "kind": "drip", "bytes_per_second": max(1.0, number), "times": EVER}
            measure = "seconds" if name in {"slow", "wait"} else "megabytes"
            return {"on": "job", "kind": name, measure: min(number, 4000.0) or 0.1}
        return self._read_more(word)
