"""The engine's tables on a DynamoDB that others have used."""

from ai_coordination.local.tables import create_tables
from ai_coordination.models import TABLES, connection

_NAMES = {str(table.Meta.table_name) for table in TABLES}


def make_missing_tables() -> None:
    """All tables, with what they have."""
    if _held() != _NAMES:
        create_tables()


def make_new_tables() -> None:
    """All tables, and empty: for who sweeps, since a sweep looks at all that anybody has left."""
    for name in _held():
        connection.client.delete_table(TableName=name)
    create_tables()


def _held() -> set[str]:
    return _NAMES & set(connection.client.list_tables()["TableNames"])
