"""At which service a job is, told by what its row keeps alone."""

from __future__ import annotations

from typing import cast

import pytest

from bot.rules.catalog import load_catalog
from bot.rules.services import VideoService
from bot.work.jobs.video_services import VideoServices

CATALOG = load_catalog(services=("decart", "fal"))
FIRST, SECOND = cast("VideoService", "the first"), cast("VideoService", "the second")  # no call of theirs is made


@pytest.mark.parametrize("model", ["lucy-2.5", "veo-3.1-lite"])
@pytest.mark.parametrize(
    "remote_id", ["job-1", "fal:job-1", "decart:job-1", "decart:fal:x", "fal-ai/veo3.1/requests/1"]
)
def test_a_rows_id_leads_back_to_its_service_whatever_the_service_called_the_job(model: str, remote_id: str) -> None:
    services = VideoServices({"decart": FIRST, "fal": SECOND})
    known = CATALOG.get(model)
    kept = services.row_id(known, remote_id)
    assert services.of_job(kept) == (services.of_model(known), remote_id)


def test_ids_of_the_first_service_are_kept_as_they_are() -> None:
    services = VideoServices({"decart": FIRST, "fal": SECOND})
    assert services.row_id(CATALOG.get("lucy-2.5"), "job-1") == "job-1"
    assert services.of_job("job-1") == (FIRST, "job-1")
