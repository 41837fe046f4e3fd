"""What is left to translate, and what is wrong in a translation: `python scripts/languages.py`, or `… fr` for one.

It lists, for each language, the sentences that are missing (told in English, or in the language that it falls back to),
fuzzy (their English has changed) or stale (their key or their notes have; `make generate` mends that), and the faults:
facts lost or invented, plural forms, markup, lengths beyond what Discord takes, and sentences left in English. It ends
with 1 for faults, and with `--release` also for whatever is missing, fuzzy or stale. A language that falls back to
another one than English, such as es-419 to es-ES, needs to say only what differs.
"""

from __future__ import annotations

import argparse
import re
import string
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.rules.languages import LANGUAGES, SOURCE, Language, line_of
from bot.wording import SENTENCES
from bot.wording.catalogues import as_forms, catalogue_files, english_forms
from bot.wording.counted import COUNTED
from bot.wording.english_notes import place_of
from bot.wording.plurals import one_number_alone, plural_forms
from scripts.update_catalogues import facts_of, in_step, read, source

SAME = Path(__file__).with_name("same_as_english.toml")
"""Which sentences are meant to read as in English, by language; `all` for every one."""

_PAIRS = ("“”", "„“", "„”", "”“", "»«", "«»", "‹›", "「」", "『』", "《》", "⟨⟩")  # noqa: RUF001
_CLOSING = {a: {pair[1] for pair in _PAIRS if pair[0] == a} for a in {pair[0] for pair in _PAIRS}}
_CLOSERS = frozenset(pair[1] for pair in _PAIRS)
_BRACKETS = Counter({"(": 1, "（": 1, ")": -1, "）": -1})  # noqa: RUF001
_MARKS = ("**", "__", "||", "~~", "`", "](", "\n")
_AS_TYPED = re.compile(r"`[^`]*`|(?<![\w`])/[a-z0-9]+(?: (?:set|show))?\b|https?://\S+")
_LONGEST: Mapping[str, str] = {
    "name": "n" * 32,
    "server": "s" * 60,
    "model": "m" * 30,
    "other": "m" * 30,
    "choices": "c" * 200,
    "models": "c" * 100,
    "reason": "r" * 300,
    "note": "n" * 300,
    "why": "w" * 100,
    "where": "w" * 40,
    "pattern": "p" * 100,
    "permissions": "p" * 100,
    "channels": "c" * 240,
    "list": "l" * 240,
    "rule": "r" * 100,
    "block": "b" * 400,
    "target": "t" * 60,
    "role": "r" * 30,
    "found": "f" * 50,
    "wanted": "w" * 30,
    "url": "u" * 100,
    "posted_in": "u" * 100,
    "whose": "w" * 60,
    "host": "h" * 60,
    "before": "b" * 40,
    "after": "a" * 40,
}
"""How long facts may be, in characters; others have up to 12 (numbers, sizes) or are a mention or time of 30."""


class State(NamedTuple):
    """How far a translation is, as keys, and its faults in words."""

    missing: tuple[str, ...]
    fuzzy: tuple[str, ...]
    stale: bool
    faults: tuple[str, ...]


def state_of(path: Path) -> State:
    """The state of one `.po` file."""
    whole, code = read(path), path.stem
    new = in_step(whole, code)
    messages = [message for message in new if message.id]
    missing = tuple(str(m.context) for m in messages if not all(as_forms(m.string)))
    fuzzy = tuple(str(m.context) for m in messages if m.fuzzy and all(as_forms(m.string)))
    return State(missing, fuzzy, source(new) != path.read_bytes(), tuple(faults(whole, code)))


def faults(catalogue: Catalog, code: str) -> Iterator[str]:
    """What is wrong in the sentences that are translated."""
    if code not in {language.code for language in LANGUAGES}:
        yield f"{code} has no line in bot/rules/languages.py"
    same = meant_so(code)
    for message in catalogue:
        key = str(message.context)
        if not message.id or message.fuzzy or key not in SENTENCES or not any(as_forms(message.string)):
            continue
        for fault in (*_of_message(message, key, code), *_of_likeness(message, key, same)):
            yield f"{key}: {fault}"
    for key in sorted(same - SENTENCES.keys()):
        yield f"{key}: {SAME.name} names it, and there is no such sentence"


def meant_so(code: str) -> frozenset[str]:
    """The sentences that read as in English, and are meant to."""
    lists = tomllib.loads(SAME.read_text(encoding="utf-8"))
    return frozenset(lists["all"]) | frozenset(lists.get(code, ()))


def _of_likeness(message: Message, key: str, same: frozenset[str]) -> Iterator[str]:
    words = re.sub(r"\{\w+\}|`[^`]*`|/\w+", "", SENTENCES[key])
    if key not in same and any(map(str.isalpha, words)) and as_forms(message.string)[-1] == SENTENCES[key]:
        yield f"the same as in English; if that is meant so, name it in {SAME.name}"


def _of_message(message: Message, key: str, code: str) -> Iterator[str]:
    forms, english = as_forms(message.string), english_forms(key)
    wanted = len(plural_forms(code)) if key in COUNTED else 1
    if len(forms) != wanted or not all(forms):
        yield f"{len([form for form in forms if form])} forms of {wanted}"
        return
    for at, form in enumerate(forms):
        if not _readable(form):
            yield "a brace too many or too few"
            return
        may_lack = {COUNTED[key].by} if key in COUNTED and one_number_alone(code, at) else set()
        yield from _of_facts(form, english, may_lack)
        yield from _of_markup(form, english[-1])
        most, length = place_of(key).most_chars, longest(form)
        if length > most and length > longest(english[-1]):
            yield f"{length} characters with the longest facts, where {most} is the most"


def _readable(form: str) -> bool:
    try:
        return bool(list(string.Formatter().parse(form)))
    except ValueError:
        return False


def _of_facts(form: str, english: tuple[str, ...], may_lack: set[str]) -> Iterator[str]:
    parts = list(string.Formatter().parse(form))
    if any(spec or conversion for _, _, spec, conversion in parts):
        yield "a fact has something beside its name in its braces"
    found, wanted = {name for _, name, _, _ in parts if name is not None}, set(facts_of(english))
    for name in sorted(wanted - found - may_lack):
        yield f"{{{name}}} is lost"
    for name in sorted(found - wanted):
        yield f"{{{name}}} is not in the English sentence"


def _of_markup(form: str, english: str) -> Iterator[str]:
    for mark in _MARKS:
        if form.count(mark) != english.count(mark):
            yield f"{mark!r} is there {form.count(mark)} times, and {english.count(mark)} times in English"
    typed, wanted = Counter(_AS_TYPED.findall(form)), Counter(_AS_TYPED.findall(english))
    for text in sorted(typed.keys() | wanted.keys()):
        if bool(typed[text]) != bool(wanted[text]):
            yield f"{text} is {'lost' if wanted[text] else 'not in the English sentence'}; it stays as it is typed"
    if not _quotes_match(form):
        yield "a quotation mark opens and does not close, or the other way round"
    if '"' in form:
        yield 'write the quotation marks of your language in place of "'
    if sum(_BRACKETS[char] for char in form):
        yield "a bracket opens and does not close, or the other way round"
    if form != form.strip() or "  " in form:
        yield "a space at its beginning or end, or two in a row"
    if re.match(r"[#>-]\s|\d+\.\s", form) or ("<" in form) > ("<" in english) or ("@" in form) > ("@" in english):
        yield "it would become a heading, a list, a quote or a mention"


def _quotes_match(form: str) -> bool:
    opened: list[str] = []
    for char in form:
        if opened and char in _CLOSING[opened[-1]]:
            opened.pop()
        elif char in _CLOSING:
            opened.append(char)
        elif char in _CLOSERS:
            return False
    return not opened


def longest(form: str) -> int:
    """Characters of the sentence with the longest facts."""
    total = 0
    for text, name, _, _ in string.Formatter().parse(form):
        total += len(text)
        if name is not None:
            stamp = name.endswith(("_at", "_id")) or name in {"until", "member"}
            total += len(_LONGEST.get(name, "x" * (30 if stamp else 12)))
    return total


def told(code: str, state: State, *, every: bool) -> str:
    """The state in words: the keys of all, or of the first few."""
    falls_back = line_of(code)[1]
    missing = "missing" if falls_back == SOURCE else f"as in {falls_back}"
    lines = [
        f"{code}: {len(SENTENCES) - len(state.missing) - len(state.fuzzy)} of {len(SENTENCES)} sentences translated, "
        f"{len(state.missing)} {missing}, {len(state.fuzzy)} fuzzy, {len(state.faults)} faults"
        + (", to be brought in step by `make generate`" if state.stale else "")
    ]
    for name, keys in ((missing, state.missing), ("fuzzy", state.fuzzy)):
        shown = keys if every else keys[:5]
        if keys:
            lines.append(f"  {name}: {', '.join(shown)}{', …' if len(shown) < len(keys) else ''}")
    return "\n".join([*lines, *(f"  {fault}" for fault in state.faults)])


def unfinished(states: Mapping[str, State]) -> list[str]:
    """The listed languages that a release can't have: without a file, or with something missing, fuzzy or stale."""
    return [
        language.code
        for language in LANGUAGES
        if language.code != SOURCE and not _finished(language, states.get(language.code))
    ]


def _finished(language: Language, state: State | None) -> bool:
    own = language.falls_back == SOURCE
    if state is None:
        return not own
    return not (state.fuzzy or state.stale or (own and state.missing))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("languages", nargs="*", help="languages to look at, as in pt-BR; all if none is named")
    parser.add_argument("--release", action="store_true", help="fail for whatever is missing, fuzzy or stale, too")
    asked = parser.parse_args()
    states = {path.stem: state_of(path) for path in catalogue_files() if path.stem in (asked.languages or path.stem)}
    for code in asked.languages:
        if code not in states:
            print(f"{code} has no file; begin it with `python scripts/update_catalogues.py {code}`")
    for code, state in states.items():
        print(told(code, state, every=bool(asked.languages)))
    left = [] if asked.languages else unfinished(states)
    if left:
        print(f"Not ready for a release: {', '.join(left)}")
    wrong = any(state.faults for state in states.values()) or (asked.release and left)
    return 1 if wrong or set(asked.languages) - states.keys() else 0


if __name__ == "__main__":
    sys.exit(main())
