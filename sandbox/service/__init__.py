"""What the stand-ins of both video services are made of: faults, answers, control routes, the server around them.

What a service's own routes, models, statuses and words are is in its own room, `queue_api` or `fal`.
"""
