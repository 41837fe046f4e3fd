"""The simulated day of docs/sizing.md adds up."""

from __future__ import annotations

from benchmarks.sizing import REQUESTS_A_JOB, WRITES_A_JOB, Measured, day

MEASURED = Measured(bytes_a_job=2000, jobs_a_second=100)


def test_a_day_is_as_large_as_its_jobs() -> None:
    small = day(10_000, median_seconds=60, sigma=0.5, measured=MEASURED)
    large = day(100_000, median_seconds=60, sigma=0.5, measured=MEASURED)
    for name in ("files_gb_a_day", "files_gb_kept", "database_gb_kept"):
        assert abs(large[name] / small[name] - 10) < 0.5, name
    assert small["writes_a_second_at_peak"] / small["commands_a_second_at_peak"] > WRITES_A_JOB - 1
    assert small["requests_to_discord_a_second_at_peak"] / small["commands_a_second_at_peak"] > REQUESTS_A_JOB - 1
    mean = 100_000 / 86_400
    assert 1.5 * mean < large["commands_a_second_at_peak"] < 3 * mean
    assert 1.5 * mean * 60 < large["in_flight_at_peak"] < 3 * mean * 70


def test_longer_jobs_are_more_at_the_same_time_and_nothing_else() -> None:
    short = day(10_000, median_seconds=30, sigma=0.5, measured=MEASURED)
    long = day(10_000, median_seconds=120, sigma=0.5, measured=MEASURED)
    assert long.pop("in_flight_at_peak") > 2 * short.pop("in_flight_at_peak")
    assert long == short
