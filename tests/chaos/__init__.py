"""Many jobs while everything goes wrong: the processes, both services, the connections, the database, the disk."""
