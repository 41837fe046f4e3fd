"""What the clients of both services' queues are made of: sessions, tries, uploads, results, and answers by their type.

No service owns it and it knows none: which paths, statuses and words a service has is in its own room.
"""
