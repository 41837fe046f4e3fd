"""Fixtures that every test of an adapter may ask for by name."""

from __future__ import annotations

from tests.adapters.databases import database, empty_url, migrated_file, migrated_schemas, migrated_url

__all__ = ["database", "empty_url", "migrated_file", "migrated_schemas", "migrated_url"]
