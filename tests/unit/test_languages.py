"""The languages: which there are and what they fall back to, their plural forms, and translations without a fault."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from bot.rules.languages import LANGUAGES, PSEUDO, SOURCE, line_of, nearest
from bot.wording import SENTENCES, catalogues, english_notes, facts, say, translated
from bot.wording.catalogues import catalogue_files, english_forms, language_of, languages_spoken, sentences_in
from bot.wording.counted import COUNTED
from bot.wording.english_notes import FACTS, MORE, OF_KEYS, OF_PREFIXES, note_of, place_of
from bot.wording.facts import duration, number, price, size, thousands_sign
from bot.wording.plurals import gettext_header, plural_form_of, plural_forms
from bot.wording.pseudo import accented
from scripts.languages import SAME, State, faults, longest, meant_so, state_of, told, unfinished
from scripts.update_catalogues import facts_of, in_step, new_catalogue, read, source

CODES = [language.code for language in LANGUAGES if language.code != SOURCE]
EVERY_CODE = [*CODES, "ar"]
"""Arabic is none of Discord's client languages, and has more plural forms than any of them."""

by_file = pytest.mark.parametrize("path", catalogue_files(), ids=lambda path: path.stem)


def forget() -> None:
    for cached in (catalogues.sentences_in, catalogues.language_of, catalogues._with_file, facts._babel):
        cached.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of catalogues in place of our own; they are read once in a process."""
    monkeypatch.setattr(catalogues, "FOLDER", tmp_path)
    forget()
    yield tmp_path
    forget()


def write(folder: Path, code: str, **translations: str | tuple[str, ...]) -> Path:
    """A catalogue with these sentences alone."""
    catalogue = new_catalogue(code)
    for key, text in translations.items():
        english = english_forms(key)
        catalogue.add(english if key in COUNTED else english[0], text, context=key)
    path = folder / f"{code}.po"
    path.write_bytes(source(catalogue))
    return path


@by_file
def test_no_translation_is_at_fault(path: Path) -> None:
    found = state_of(path).faults
    if found:
        pytest.fail("\n".join((f"{path.name}: see `python scripts/languages.py {path.stem}`", *found)), pytrace=False)


@by_file
def test_a_reader_is_told_what_the_catalogue_says(path: Path) -> None:
    said = 0
    for message in read(path):
        key, text = str(message.context), message.string
        if message.id and not message.fuzzy and isinstance(text, str) and text and message.id == SENTENCES.get(key):
            assert translated(key, path.stem) == text
            said += 1
    assert said


def test_every_file_is_listed() -> None:
    assert {path.stem for path in catalogue_files()} <= set(CODES)
    assert languages_spoken()[0] == SOURCE


def test_the_list_of_sentences_that_are_meant_to_be_english_names_sentences_of_languages() -> None:
    lists = set(re.findall(r"^(\S+) = \[", SAME.read_text(encoding="utf-8"), re.MULTILINE))
    assert lists == {"all", *CODES}
    for code in CODES:
        assert meant_so(code) <= SENTENCES.keys()


def test_every_sentence_has_its_note_and_every_fact_its_meaning() -> None:
    used: set[str] = set()
    for key in SENTENCES:
        names = facts_of(english_forms(key))
        if missing := set(names) - FACTS.keys():
            pytest.fail(f"say in bot/wording/english_notes.py what {missing} of {key} is", pytrace=False)
        assert note_of(key, names)
        used |= set(names)
    assert FACTS.keys() == used
    assert (OF_KEYS.keys() | MORE.keys() | COUNTED.keys()) <= SENTENCES.keys()
    assert [prefix for prefix in OF_PREFIXES if not any(key.startswith(prefix) for key in SENTENCES)] == []


def test_english_is_as_short_as_its_notes_say() -> None:
    assert [key for key in SENTENCES if longest(SENTENCES[key]) > place_of(key).most_chars] == []


def test_a_longer_beginning_stands_before_a_shorter() -> None:
    prefixes = list(OF_PREFIXES)
    hidden = [b for at, b in enumerate(prefixes) for a in prefixes[:at] if b.startswith(a)]
    assert hidden == []
    assert english_notes.place_of("help_page_start").most_chars == 80


@pytest.mark.parametrize(
    ("code", "forms"),
    [
        ("de", "one other"),
        ("fr", "one other"),
        ("pl", "one few many other"),
        ("ru", "one few many other"),
        ("uk", "one few many other"),
        ("ar", "zero one two few many other"),
        ("ja", "other"),
        ("ko", "other"),
        ("zh-CN", "other"),
        ("zh-TW", "other"),
    ],
)
def test_a_language_has_the_plural_forms_of_the_cldr(code: str, forms: str) -> None:
    assert plural_forms(code) == tuple(forms.split())


@pytest.mark.parametrize("code", EVERY_CODE)
def test_gettext_chooses_the_same_form_by_the_header(code: str) -> None:
    forms, chosen = re.fullmatch(r"nplurals=(\d+); plural=(.+);", gettext_header(code)).groups()  # type: ignore[union-attr]
    assert int(forms) == len(plural_forms(code))
    choose = gettext.c2py(chosen)  # what every program that reads .po files does with it
    assert [choose(n) for n in range(1000)] == [plural_form_of(code, n) for n in range(1000)]
    catalogue = read_po(source(new_catalogue(code)).decode().splitlines(keepends=True))
    assert catalogue.num_plurals == len(plural_forms(code))


def test_each_number_takes_its_form(folder: Path) -> None:
    write(folder, "pl", unit_jobs=("film", "filmy", "filmów", "filmu"), rule_line="{target}: {amount} {unit} {window}")
    write(folder, "ja", unit_jobs=("本",), rule_line="{target}: {amount} {unit} {window}")
    told_of = {
        n: say("rule_line", "pl", target="x", amount=n, unit="jobs", window="hour") for n in (1, 2, 5, 12, 22, 1.5)
    }
    assert [text.split()[2] for text in told_of.values()] == ["film", "filmy", "filmów", "filmów", "filmy", "filmu"]
    assert "1,5 filmu" in told_of[1.5]
    assert "1 本" in say("rule_line", "ja", target="x", amount=1, unit="jobs", window="hour")
    assert "2 videos" in say("rule_line", "ru", target="x", amount=2, unit="jobs", window="hour")
    assert "1.00 US dollars" in say("rule_line", None, target="x", amount=1, unit="cost", window="hour"), (
        "as CLDR has it"
    )


def test_a_sentence_that_is_told_in_english_takes_the_english_form(folder: Path) -> None:
    write(folder, "pl", button_again="Jeszcze raz")
    assert "one video" not in say("mydata_told", "pl", number=1)
    assert "1 video," in say("mydata_told", "pl", number=1)
    assert "22 videos," in say("mydata_told", "pl", number=22)


def test_a_sentence_that_is_not_translated_or_has_changed_is_told_in_english(folder: Path) -> None:
    catalogue = new_catalogue("fr")
    catalogue.add(SENTENCES["button_again"], "Encore", context="button_again")
    catalogue.add(SENTENCES["button_delete"], "", context="button_delete")
    catalogue.add(SENTENCES["button_cancel"], "Annuler ?", context="button_cancel", flags={"fuzzy"})
    catalogue.add("Once upon a time", "Il était une fois", context="prompt_missing")
    catalogue.add(english_forms("unit_jobs"), ("vidéo", ""), context="unit_jobs")
    (folder / "fr.po").write_bytes(source(catalogue))
    assert [language_of(locale) for locale in ("fr", "fr-CA", "de", None)] == ["fr", "fr", "en", "en"]
    assert languages_spoken() == ("en", "fr")
    found = sentences_in("fr")
    assert found["button_again"].forms == ("Encore",)
    for key in ("button_delete", "button_cancel", "prompt_missing", "button_use", "unit_jobs"):
        assert found[key].forms == english_forms(key)


def test_a_country_falls_back_to_another_and_then_to_english(folder: Path) -> None:
    write(folder, "es-ES", button_again="Otra vez", button_delete="Eliminar")
    write(folder, "es-419", button_again="De nuevo")
    assert [translated("button_again", code) for code in ("es-ES", "es-419", "es-MX")] == [
        "Otra vez",
        "De nuevo",
        "Otra vez",
    ]
    assert translated("button_delete", "es-419") == "Eliminar"
    assert translated("button_cancel", "es-419") == SENTENCES["button_cancel"]
    assert (line_of("es-419"), line_of("pt-BR")) == (("es-419", "es-ES", "en"), ("pt-BR", "en"))
    assert [nearest(locale) for locale in ("en-GB", "en-US", "pt-PT", "zh-TW", "xx", "")] == [
        "en", "en", "pt-BR", "zh-TW", None, None,
    ]  # fmt: skip
    assert language_of("zh-TW") == "en", "whoever reads the traditional signs is not told in the simplified ones"
    (folder / "es-419.po").unlink()
    forget()
    assert translated("button_again", "es-419") == "Otra vez"
    assert number(1234.5, "es-419") == "1234.5", "the country's own numbers"


@pytest.mark.usefixtures("folder")
def test_numbers_in_an_english_sentence_are_written_in_english_whoever_reads_it() -> None:
    assert say("prompt_missing", "it") == SENTENCES["prompt_missing"]
    assert (number(1.5, "it"), number(12_345, "de"), thousands_sign("it")) == ("1.5", "12,345", ",")


def test_measures_and_money_are_written_as_the_reader_does(folder: Path) -> None:
    for code in ("ru", "fr", "pt-BR", "tr", "ja", "es-419"):
        write(folder, code, button_again="x")
    written = {code: (size(9.9 * 1024**2, code), duration(185, code), price(0.5, code)) for code in ("ru", "tr", "ja")}
    assert written["ru"] == ("9,9 МБ", "3 мин 5 с", "0,50\xa0$")
    assert written["tr"] == ("9,9 MB", "3 dk. 5 sn.", "$0,50")
    assert written["ja"] == ("9.9 MB", "3 分 5 秒", "$0.50")
    assert size(9.9 * 1024**2, "fr").replace("\u202f", " ") == "9,9 Mo"
    assert price(12_345, "pt-BR").replace("\xa0", " ") == "US$ 12.345,00"
    assert (price(2.5), price(2.5, "en-GB"), price(2.5, "es-419")) == ("$2.50", "US$2.50", "US$2.50")


def test_the_pseudo_language_accents_every_word_and_keeps_what_is_not_one() -> None:
    for key in SENTENCES:
        for form, english in zip(sentences_in(PSEUDO)[key].forms, english_forms(key), strict=True):
            assert facts_of((form,)) == facts_of((english,))
            words = re.sub(r"\{\w+\}|`[^`]*`|(?<!\w)/[a-z0-9]+|\]\([^)]*\)|[⟦⟧·]", "", form)
            assert not re.search(r"[aeiouyAEIOUY]", words), form
            if form != english:
                assert len(form) >= len(english) + 2
    assert accented("A long label") == "⟦Á łóóńĝ łáábééł·⟧"
    assert language_of(PSEUDO) == PSEUDO
    assert say("number_is", PSEUDO, number=12_345.5).endswith("12,345.5⟧")
    assert PSEUDO not in languages_spoken()


def test_a_new_language_begins_with_every_sentence_to_translate(tmp_path: Path) -> None:
    path = tmp_path / "uk.po"
    path.write_bytes(source(in_step(new_catalogue("uk"), "uk")))
    assert state_of(path) == State(missing=tuple(SENTENCES), fuzzy=(), stale=False, faults=())
    assert "0 one (1, 21, 31, 41, …), 1 few (2, 3, 4, 22, …)" in path.read_text(encoding="utf-8")
    assert "#. {model}: " in path.read_text(encoding="utf-8")


def test_the_script_marks_a_changed_sentence_for_translators() -> None:
    old = Catalog(locale="de")
    old.add("Once upon a time", "Es war einmal", context="prompt_missing")
    old.add("many", "Filme", context="unit_jobs")
    new = {str(message.context): message for message in in_step(old, "de") if message.id}
    assert new["prompt_missing"].fuzzy
    assert new["prompt_missing"].string == "Es war einmal"
    assert new["unit_jobs"].fuzzy
    assert new["unit_jobs"].string == ("Filme", "Filme")
    assert new.keys() == SENTENCES.keys()


def test_a_release_waits_for_what_is_missing_and_a_developer_does_not(tmp_path: Path) -> None:
    whole = State((), (), stale=False, faults=())
    states = dict.fromkeys(CODES, whole)
    assert unfinished(states) == []
    missing = State(("button_again",), (), stale=False, faults=())
    assert unfinished(states | {"fr": missing, "es-419": missing}) == ["fr"]
    assert unfinished(states | {"it": whole._replace(fuzzy=("button_again",))}) == ["it"]
    assert unfinished(states | {"it": whole._replace(stale=True)}) == ["it"]
    without = {code: state for code, state in states.items() if code not in {"hi", "es-419"}}
    assert unfinished(without) == ["hi"]
    path = write(tmp_path, "fr", button_again="Encore")
    assert state_of(path).faults == ()
    assert "1 of" in told("fr", state_of(path), every=False)


@pytest.mark.parametrize(
    ("key", "text", "fault"),
    [
        ("seed_is", "graine", "{seed} is lost"),
        ("seed_is", "graine {seed} {model}", "{model} is not in the English sentence"),
        ("seed_is", "graine {seed:>3}", "beside its name"),
        ("seed_is", "graine {seed", "a brace too many or too few"),
        ("button_again", "Again", "the same as in English"),
        ("button_again", "Encore une fois " * 6, "where 80 is the most"),
        ("button_again", " Encore", "a space"),
        ("button_again", "# Encore", "a heading"),
        ("button_again", "Encore (une fois", "a bracket"),
        ("waiting_note", "Appuie sur *Recevoir* ou /jobs.", "'**' is there 0 times, and 2 times in English"),
        ("waiting_note", "Appuie sur **Recevoir** ou va voir tes travaux.", "/jobs is lost"),
        ("trajectory_missing", "`de gauche à droite` ou `0.2,0.5 > 0.8,0.5`.", "`left to right` is lost"),
        ("hold_reason", "Raison : «{reason}", "a quotation mark opens"),
        ("hold_reason", 'Raison : "{reason}"', "the quotation marks of your language"),
        ("unit_jobs", ("vidéo", ""), "1 forms of 2"),
        ("mydata_told", ("Une vidéo **/jobs**.", "Des vidéos **/jobs**."), "{number} is lost"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, key: str, text: str | tuple[str, ...], fault: str) -> None:
    found = list(faults(read(write(tmp_path, "fr", **{key: text})), "fr"))
    assert [told_of for told_of in found if fault in told_of], found


def test_a_form_for_one_number_alone_may_write_it_out(tmp_path: Path) -> None:
    both = ("Une vidéo **/jobs**.", "{number} vidéos **/jobs**.")
    assert list(faults(read(write(tmp_path, "it", mydata_told=both)), "it")) == []
    assert list(faults(read(write(tmp_path, "fr", mydata_told=both)), "fr")) == ["mydata_told: {number} is lost"], (
        "French says so of none, too"
    )


def test_a_language_without_a_line_is_named(tmp_path: Path) -> None:
    assert list(faults(read(write(tmp_path, "eo", button_again="Denove")), "eo")) == [
        "eo has no line in bot/rules/languages.py"
    ]


def test_decimals_are_counted_as_they_are_written() -> None:
    assert [facts.as_counted(n) for n in (1, 1.0, 1.04, 1.5)] == [1, 1, 1, Decimal("1.5")]
    assert facts.as_counted(1, money=True) == Decimal("1.00")
    assert str(facts.as_counted(2.5, money=True)) == "2.50"
