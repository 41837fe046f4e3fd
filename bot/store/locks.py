"""The numbers of the advisory locks that transactions take in PostgreSQL, all in one place.

`Database.write(…, lock=…)` waits for a lock and holds it until its transaction ends. Besides the numbers here, the
limits of one server are decided on under that server's Discord id, and those of a member outside of servers under the
member's. Discord ids are far larger than these numbers: they count milliseconds since 2015, times 2 to the 22nd.
"""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class AdvisoryLock(IntEnum):
    """What only one transaction at a time may do in one database."""

    MIGRATION = 0x436C_6170
    """Bring the tables up to date."""
    ALL_LIMITS = 0x436C_6171
    """Decide on a job, or move the waitlist, where an operator's limit counts the jobs of all servers."""
    QUEUE_ENTRIES = 0x436C_6172
    """Make the queue's entries agree with the jobs' rows, so that no job gets two entries."""
