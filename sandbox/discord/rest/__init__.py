"""The REST half: one module for each group of routes, and what every request goes through."""
