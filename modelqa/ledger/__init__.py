"""What modelqa remembers between runs: batches judged, effects done, tickets, who may write.

One database: SQLite in ``.modelqa/ledger.db`` unless a URL (``MODELQA_LEDGER``) says PostgreSQL.
"""

from modelqa.ledger.leases import Lease
from modelqa.ledger.store import Ledger, address
from modelqa.ledger.work import Batch, Row, Work

__all__ = ["Batch", "Lease", "Ledger", "Row", "Work", "address"]
