"""From a valid request to a delivered video: who may ask (studio), what is next (pipeline), who does it (engines)."""
