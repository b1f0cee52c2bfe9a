"""The tables, as the newest migration leaves them. Times are seconds since 1970 by the database's clock."""

from sqlalchemy import Column, Float, ForeignKey, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

schema = Table("modelqa_schema", metadata, Column("version", Integer, nullable=False))

batches = Table(
    "modelqa_batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("suite", String(80), nullable=False),  # digests of what judged it
    Column("model", String(80), nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", String(80), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    UniqueConstraint("suite", "model", "name", "digest"),
)

results = Table(
    "modelqa_results",
    metadata,
    Column("batch", Integer, ForeignKey("modelqa_batches.id"), primary_key=True),
    Column("result", Text, nullable=False),
    Column("time", Float, nullable=False),
)

cursors = Table(
    "modelqa_cursors",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("value", Text, nullable=False),
)

processes = Table(
    "modelqa_processes",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("state", Text, nullable=False),
)

tickets = Table(
    "modelqa_tickets",
    metadata,
    Column("fingerprint", String(40), primary_key=True),
    Column("tracker", String(200), primary_key=True),
    Column("state", Text, nullable=False),
    Column("time", Float, nullable=False),
)

outbox = Table(
    "modelqa_outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("tracker", String(200), nullable=False, index=True),
    Column("fingerprint", String(40), nullable=False),
    Column("action", String(20), nullable=False),
    Column("payload", Text, nullable=False),
    Column("digest", String(80), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", String(20), nullable=False, index=True),
)

pauses = Table(
    "modelqa_pauses",
    metadata,
    Column("tracker", String(200), primary_key=True),
    Column("until", Float, nullable=False),
)

effects = Table(
    "modelqa_effects",
    metadata,
    Column("key", String(200), primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("time", Float, nullable=False),
)

leases = Table(
    "modelqa_leases",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("owner", String(200), nullable=False),
    Column("token", Integer, nullable=False),
    Column("expires", Float, nullable=False),
)

issues = Table(
    "modelqa_issues",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("fingerprint", String(40), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("comments", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("reason", String(20), nullable=False),
)
"""The tickets of the tracker ``local``."""
