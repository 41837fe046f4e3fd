"""All files of the table in docs/inputs.md."""

from __future__ import annotations

from tests.corpus import clip_cases, odd_clip_cases, still_cases
from tests.corpus.case import Case

CASES: tuple[Case, ...] = (*still_cases.cases(), *clip_cases.cases(), *odd_clip_cases.cases())
