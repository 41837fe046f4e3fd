"""The only SQL: what the database holds and how it is read, written, migrated and kept to one writer."""
