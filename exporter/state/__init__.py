"""What must survive a restart, in SQL: ledger slots and last raw values, documents of experiments, latches, the life
cycle and the audit trail of whatever people and winburn changed, and what was done to the outside.

SQLite (a file, or ``sqlite://`` in memory) or PostgreSQL through SQLAlchemy. Every change is one transaction, so that a
kill at any moment leaves the store as it was after some change; several processes may write, one at a time.
"""

from exporter.state.audit import AuditEntry
from exporter.state.lifecycle import Override
from exporter.state.salvage import opened_or_rebuilt, set_aside
from exporter.state.store import State
from exporter.state.tables import SCHEMA
from exporter.state.values import Application, Applied, Latch, Lifted, StateError, StoredLedger, StoredSlot, Use

__all__ = [
    "SCHEMA",
    "Application",
    "Applied",
    "AuditEntry",
    "Latch",
    "Lifted",
    "Override",
    "State",
    "StateError",
    "StoredLedger",
    "StoredSlot",
    "Use",
    "opened_or_rebuilt",
    "set_aside",
]
