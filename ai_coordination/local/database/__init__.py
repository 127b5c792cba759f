"""DynamoDB for one process, on SQLite.

It has what the engine uses of DynamoDB, and answers as DynamoDB does, errors included. Tests
compare it with DynamoDB Local request by request. `docs/internals/embedded-database.md` lists the
differences.
"""

from ai_coordination.local.database.database import Database

__all__ = ["Database"]
