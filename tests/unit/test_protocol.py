"""The Queue API's wire, without a wire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import (
    EnhanceNeedsPrompt,
    InputMissing,
    InputNotTaken,
    OnlyOneOfPromptAndReference,
    OptionNotTaken,
    OrientationUnknown,
    PromptMissing,
    PromptOrReference,
    PromptTooLong,
    PromptWithoutUse,
    QueueInputError,
    QueueJobNotFoundError,
    QueueModelUnknownError,
    QueueResultError,
    QueueStatusError,
    QueueSubmitError,
    Refused,
    ResolutionUnknown,
    SeedOutOfRange,
    TrajectoryInvalid,
    TrajectoryMissing,
)
from bot.http import results
from bot.http.answers import Answer, Passing
from bot.http.reasons import REASON_MAX_CHARS, reason_of
from bot.http.values import JobStatus
from bot.queue import checks, protocol
from bot.rules.catalog import Role, load_catalog

CATALOG = load_catalog()
T2V = CATALOG.get("lucy-pro-t2v")
NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
TWO_POINTS = ({"frame": 0, "x": 1, "y": 2}, {"frame": 5, "x": 3.5, "y": 4})
D, R = Role.DATA, Role.REFERENCE


def answer(status: int = 200, body: Any = b"", **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, NOW, raw)


def fields(model: str, *roles: Role, **given_inputs: Any) -> dict[str, str]:
    known = CATALOG.get(model)
    return protocol.form_fields(known, checks.checked_inputs(known, roles, **given_inputs))


@pytest.mark.parametrize(
    ("model", "roles", "inputs", "expected"),
    [
        ("lucy-pro-t2v", (), {"prompt": "a cat"}, {"prompt": "a cat"}),
        ("lucy-pro-t2v", (), {"prompt": "x", "seed": 0}, {"prompt": "x", "seed": "0"}),
        (
            "lucy-pro-t2v",
            (),
            {"prompt": "x", "seed": 2**32 - 1, "resolution": "480p", "orientation": "portrait"},
            {"prompt": "x", "seed": "4294967295", "resolution": "480p", "orientation": "portrait"},
        ),
        ("lucy-clip", (D,), {"prompt": "x", "enhance_prompt": True}, {"prompt": "x", "enhance_prompt": "true"}),
        ("lucy-clip", (D, R), {"prompt": "x", "enhance_prompt": False}, {"prompt": "x", "enhance_prompt": "false"}),
        ("lucy-restyle-2", (D, R), {}, {}),
        ("lucy-restyle-2", (D, R), {"prompt": "", "enhance_prompt": False}, {}),
        ("lucy-restyle-2", (D,), {"prompt": "anime"}, {"prompt": "anime"}),
        ("lucy-2.1", (D, R), {}, {"prompt": ""}),
        ("lucy-2.1", (D, R), {"prompt": "  "}, {"prompt": ""}),
        ("lucy-2.1", (D,), {"prompt": "a hat"}, {"prompt": "a hat"}),
        ("lucy-vton-latest", (D, R), {"prompt": "red"}, {"prompt": "red"}),
        (
            "lucy-motion",
            (D,),
            {"trajectory": TWO_POINTS},
            {"trajectory": '[{"frame":0,"x":1.0,"y":2.0},{"frame":5,"x":3.5,"y":4.0}]'},
        ),
    ],
)
def test_what_was_given_becomes_fields_and_what_was_not_is_left_out(
    model: str, roles: tuple[Role, ...], inputs: dict[str, Any], expected: dict[str, str]
) -> None:
    assert fields(model, *roles, **inputs) == expected


@pytest.mark.parametrize(
    ("model", "roles", "inputs", "cause"),
    [
        ("lucy-pro-t2v", (), {}, PromptMissing),
        ("lucy-pro-t2v", (), {"prompt": " \n"}, PromptMissing),
        ("lucy-pro-t2v", (), {"prompt": "x" * 1001}, PromptTooLong),
        ("lucy-pro-t2v", (), {"prompt": "x", "seed": -1}, SeedOutOfRange),
        ("lucy-pro-t2v", (), {"prompt": "x", "seed": 2**32}, SeedOutOfRange),
        ("lucy-pro-t2v", (), {"prompt": "x", "seed": True}, SeedOutOfRange),
        ("lucy-pro-t2v", (), {"prompt": "x", "seed": "7"}, SeedOutOfRange),
        ("lucy-pro-t2v", (), {"prompt": "x", "resolution": "1080p"}, ResolutionUnknown),
        ("lucy-pro-t2v", (), {"prompt": "x", "orientation": "square"}, OrientationUnknown),
        ("lucy-pro-t2v", (D,), {"prompt": "x"}, InputNotTaken),
        ("lucy-dev-i2v", (D,), {"prompt": "x", "resolution": "480p"}, ResolutionUnknown),
        ("lucy-dev-i2v", (), {"prompt": "x"}, InputMissing),
        ("lucy-dev-i2v", (D,), {"prompt": "x", "orientation": "portrait"}, OptionNotTaken),
        ("lucy-fast-v2v", (D, R), {"prompt": "x"}, InputNotTaken),
        ("lucy-clip", (D, R), {}, PromptMissing),
        ("lucy-pro-flf2v", (Role.START,), {"prompt": "x"}, InputMissing),
        ("lucy-pro-flf2v", (Role.START, Role.END), {"prompt": "x", "trajectory": TWO_POINTS}, OptionNotTaken),
        ("lucy-motion", (D,), {}, TrajectoryMissing),
        ("lucy-motion", (D,), {"trajectory": TWO_POINTS[:1]}, TrajectoryInvalid),
        ("lucy-motion", (D,), {"trajectory": ({"frame": -1, "x": 0, "y": 0},) * 2}, TrajectoryInvalid),
        ("lucy-motion", (D,), {"trajectory": TWO_POINTS, "prompt": "x"}, PromptWithoutUse),
        ("lucy-restyle-2", (D,), {}, PromptOrReference),
        ("lucy-restyle-2", (D, R), {"prompt": "x"}, OnlyOneOfPromptAndReference),
        ("lucy-restyle-2", (D, R), {"enhance_prompt": True}, EnhanceNeedsPrompt),
        ("lucy-2.1", (D,), {"prompt": ""}, PromptOrReference),
        ("lucy-2.1", (R,), {"prompt": "x"}, InputMissing),
    ],
)
def test_inputs_that_break_a_rule_are_refused_with_the_refusal_as_cause(
    model: str, roles: tuple[Role, ...], inputs: dict[str, Any], cause: type[Refused]
) -> None:
    with pytest.raises(QueueInputError) as caught:
        fields(model, *roles, **inputs)
    assert isinstance(caught.value.__cause__, cause)


@pytest.mark.parametrize(
    ("model", "roles", "inputs", "said"),
    [
        ("lucy-pro-t2v", (), {}, "lucy-pro-t2v: prompt missing"),
        ("lucy-pro-t2v", (), {"prompt": "a" * 1001}, "lucy-pro-t2v: prompt too long (length 1001, limit 1000)"),
        ("lucy-pro-i2v", (), {"prompt": "x"}, "lucy-pro-i2v: input missing (role data)"),
        (
            "lucy-pro-t2v",
            (),
            {"prompt": "x", "seed": -1},
            "lucy-pro-t2v: seed out of range (lowest 0, highest 4294967295)",
        ),
    ],
)
def test_a_refusal_reads_as_words(model: str, roles: tuple[Role, ...], inputs: dict[str, Any], said: str) -> None:
    with pytest.raises(QueueInputError) as caught:
        fields(model, *roles, **inputs)
    assert str(caught.value) == said


def test_a_thousand_emoji_are_a_thousand_characters() -> None:
    assert len(fields("lucy-pro-t2v", prompt="🐈" * 1000)["prompt"]) == 1000


def test_an_input_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(QueueInputError, match="prompt"):
        fields("lucy-pro-t2v", prompt=7)


def test_every_model_of_the_catalogue_has_its_own_path() -> None:
    assert {protocol.submit_path(model) for model in CATALOG} == {
        f"/v1/jobs/{model.endpoint or model.name}" for model in CATALOG
    }


@given(st.text(min_size=1))
def test_a_job_id_can_not_reach_another_resource(job_id: str) -> None:
    try:
        path = protocol.status_path(job_id)
    except QueueInputError:
        assert job_id in {".", ".."}
        return
    assert path.isascii()
    assert path.count("/") == 3
    assert not set(path) & set(" ?#\\\r\n")


@pytest.mark.parametrize("job_id", ["", ".", ".."])
def test_ids_that_mean_a_folder_are_refused(job_id: str) -> None:
    with pytest.raises(QueueInputError):
        protocol.content_path(job_id)


@pytest.mark.parametrize("key", ["", "a b", "a\nb", "é", "x" * 256])
def test_idempotency_keys_that_can_not_be_headers_are_refused(key: str) -> None:
    with pytest.raises(QueueInputError):
        protocol.submit_headers(key)


# ---- submit


def test_a_taken_submit_gives_its_job_id() -> None:
    job = protocol.read_submit(answer(body={"job_id": "j", "status": "processing", "more": 1}), T2V)
    assert (job.job_id, job.status) == ("j", JobStatus.PROCESSING)


@pytest.mark.parametrize("status", ["queued", None, 3, ["pending"], {}])
def test_a_job_id_counts_whatever_its_status_says(status: object) -> None:
    assert protocol.read_submit(answer(201, {"job_id": "j", "status": status}), T2V).status is JobStatus.PENDING


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"<html>", b'{"status":"pending"}', b'{"job_id":""}', b'{"job_id":7}', b'{"job_id',
        b'{"job_id":"."}', b'{"job_id":".."}',
        b'{"job_id":"a\\u0000b"}', b'{"job_id":"\\ud800"}', b'{"job_id":"a\\nb"}',
        b'{"job_id":"' + b"x" * 3000 + b'"}',
    ],
)  # fmt: skip
def test_a_success_without_a_job_id_leaves_the_outcome_unknown(body: bytes) -> None:
    """Nor is one an id that no row can hold, or no address."""
    with pytest.raises(QueueSubmitError) as caught:
        protocol.read_submit(answer(body=body), T2V)
    assert caught.value.taken is None


@pytest.mark.parametrize(
    ("status", "taken", "again"),
    [
        (301, None, False),
        (307, None, False),
        (400, False, False),
        (401, False, False),
        (402, False, False),
        (403, False, False),
        (408, False, False),
        (409, None, False),
        (413, False, False),
        (422, False, False),
        (429, False, True),
        (500, None, False),
        (502, None, False),
        (503, False, True),
        (504, None, False),
    ],
)
def test_each_status_says_whether_the_job_was_taken_and_whether_to_send_again(
    status: int, taken: bool | None, again: bool
) -> None:
    with pytest.raises((QueueSubmitError, Passing)) as caught:
        protocol.read_submit(answer(status, {"detail": "why"}), T2V)
    error = caught.value.error if isinstance(caught.value, Passing) else caught.value
    assert isinstance(error, QueueSubmitError)
    assert (error.taken, isinstance(caught.value, Passing), error.may_pass) == (taken, again, again)
    assert (error.http_status, error.reason) == (status, "why")
    assert not isinstance(error, QueueModelUnknownError)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {"detail": "Not Found"}),
        (404, {"detail": "Unknown model 'lucy-pro-t2v'"}),
        (404, b"model not found"),
        (400, {"error": "Model lucy-pro-t2v is no longer available"}),
        (422, {"detail": [{"loc": ["path", "model"], "msg": "unknown model", "type": "enum"}]}),
    ],
)
def test_a_model_that_the_service_calls_unknown_has_its_own_error(status: int, body: Any) -> None:
    with pytest.raises(QueueModelUnknownError) as caught:
        protocol.read_submit(answer(status, body), T2V)
    assert caught.value.taken is False


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"<html>nginx</html>"),
        (404, b""),
        (400, {"detail": "the prompt names an unknown person"}),
        (422, {"detail": "the model refuses this prompt"}),
    ],
)
def test_other_refusals_are_not_taken_for_an_unknown_model(status: int, body: Any) -> None:
    with pytest.raises(QueueSubmitError) as caught:
        protocol.read_submit(answer(status, body), T2V)
    assert type(caught.value) is QueueSubmitError


# ---- status


@pytest.mark.parametrize("word", ["pending", "processing", "completed", "failed"])
def test_each_status_is_read(word: str) -> None:
    assert protocol.read_status(answer(body={"job_id": "j", "status": word}), "j").status == word


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<!doctype html><p>hello",
        b'{"job_id":"j"}',
        b'{"job_id":"j","status":"queued"}',
        b'{"job_id":"j","status":null}',
        b'{"job_id":"j","status":["failed"]}',
        b'{"job_id":"other","status":"completed"}',
        b'{"job_id":"j","status":"comp',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_answers_without_sense_may_pass_and_carry_the_job_id(body: bytes) -> None:
    with pytest.raises(Passing) as caught:
        protocol.read_status(answer(body=body), "j")
    assert caught.value.garbled
    assert isinstance(caught.value.error, QueueStatusError)
    assert caught.value.error.job_id == "j"


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 599])
def test_reads_may_be_repeated_after(status: int) -> None:
    with pytest.raises(Passing) as caught:
        protocol.read_status(answer(status), "j")
    assert not caught.value.garbled
    assert caught.value.error.http_status == status


@pytest.mark.parametrize("status", [301, 308, 400, 401, 402, 403, 405, 410, 422])
def test_reads_are_not_repeated_after(status: int) -> None:
    with pytest.raises(QueueStatusError) as caught:
        protocol.read_status(answer(status), "j")
    assert (caught.value.http_status, caught.value.job_id) == (status, "j")


def test_404_says_that_the_job_is_not_there_for_the_status_and_the_result_alike() -> None:
    with pytest.raises(QueueJobNotFoundError) as caught:
        protocol.read_status(answer(404, {"detail": "expired"}), "j")
    assert isinstance(caught.value, QueueResultError)
    error = results.no_video(answer(404), "j")
    assert isinstance(error, QueueJobNotFoundError)
    assert error.job_id == "j"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"error": "nsfw content"}, "nsfw content"),
        ({"message": "nsfw content"}, "nsfw content"),
        ({"detail": "nsfw content"}, "nsfw content"),
        ({"failure_reason": "nsfw content", "error": "Job failed"}, "nsfw content"),
        ({"error": {"message": "nsfw content", "code": 7}}, "nsfw content"),
        ({"error": {"detail": [{"msg": "nsfw content"}]}}, "nsfw content"),
        ({"detail": [{"loc": ["body", "seed"], "msg": "too high"}, {"msg": "and odd"}]}, "seed: too high; and odd"),
        ({"error": None, "message": ""}, None),
        ({"error": True}, None),
        ({"error": "<html><b>no</b></html>"}, None),
        ({"error": "two\r\nlines\x00 and\ta tab"}, "two lines and a tab"),
        ({}, None),
    ],
)
def test_a_failed_jobs_reason_is_kept(said: Mapping[str, Any], reason: str | None) -> None:
    news = protocol.read_status(answer(body={"job_id": "j", "status": "failed", **said}), "j")
    assert news.reason == reason


def test_a_message_of_a_job_that_has_not_failed_is_no_reason() -> None:
    assert protocol.read_status(answer(body={"status": "pending", "message": "in queue"}), "j").reason is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"too many jobs", "too many jobs"),
        (b"  <!DOCTYPE html><title>502</title>", None),
        (b"<?xml version='1.0'?>", None),
        (b'{"detail": "cut off', None),
        (b"", None),
        (b"\x00\x01\x02", None),
        (b'"a json string"', "a json string"),
    ],
)
def test_an_errors_words_are_kept_unless_they_are_markup(body: bytes, reason: str | None) -> None:
    assert reason_of(answer(500, body).body) == reason


def test_a_long_reason_is_cut() -> None:
    reason = reason_of(b"x" * 5000)
    assert reason is not None
    assert len(reason) == REASON_MAX_CHARS
    assert reason.endswith("…")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: st.lists(c) | st.dictionaries(st.sampled_from(["detail", "error", "message", "loc", "msg", "x"]), c),
    )
)
def test_no_body_whatever_breaks_the_reading_of_reasons(value: object) -> None:
    reason = reason_of(answer(500, value).body)
    assert reason is None or 0 < len(reason) <= REASON_MAX_CHARS


# ---- Retry-After


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-3", None),
        ("", None),
        ("9999999999999", None),
        ("Sun, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_read_in_seconds_and_as_a_date(header: str, seconds: float | None) -> None:
    with pytest.raises(Passing) as caught:
        protocol.read_status(answer(429, Retry_After=header), "j")
    assert caught.value.retry_after == caught.value.error.retry_after == seconds


# ---- result


@pytest.mark.parametrize(
    ("kind", "promising"),
    [
        ("video/mp4", True),
        ("application/octet-stream", True),
        ("", True),
        ("application/json; charset=utf-8", False),
        ("application/problem+json", False),
        ("text/html", False),
        ("TEXT/plain", False),
        ("application/xml", False),
    ],
)
def test_what_calls_itself_words_is_not_taken_for_a_video(kind: str, promising: bool) -> None:
    assert results.promises_video(answer(Content_Type=kind)) is promising


@pytest.mark.parametrize(
    ("size", "head", "problem"),
    [
        (0, b"", "empty"),
        (90, b"\0\0\0\x18ftypisom", "ended after 90 of 100"),
        (100, b"RIFF....WEBP", "not an MP4"),
        (100, b'{"job', "not an MP4"),
    ],
)
def test_a_result_that_is_no_whole_mp4_may_pass(size: int, head: bytes, problem: str) -> None:
    with pytest.raises(Passing, match=problem) as caught:
        results.check_result(answer(Content_Length="100"), "j", size=size, head=head)
    assert caught.value.error.job_id == "j"


def test_a_whole_mp4_is_accepted_with_and_without_an_announced_length() -> None:
    results.check_result(answer(Content_Length="12"), "j", size=12, head=b"\0\0\0\x18ftypisom")
    results.check_result(answer(), "j", size=12, head=b"\0\0\0\x18ftypisom")
    results.check_result(answer(Content_Length="5", Content_Encoding="gzip"), "j", size=12, head=b"\0\0\0\x18ftypisom")
