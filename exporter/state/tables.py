"""The tables of the state store."""

from __future__ import annotations

import sqlalchemy as sa

SCHEMA = 3
"""1: ledgers, documents, latches. 2: also the audit trail, the life cycle, lifted latches and applications. 3: also the
names that are in use; who does not write them must not share a store with who prunes by them."""

META = sa.MetaData()
VERSION = sa.Table("winburn_schema", META, sa.Column("version", sa.Integer, primary_key=True))
LEDGERS = sa.Table(
    "winburn_ledgers",
    META,
    sa.Column("slo", sa.String(200), primary_key=True),
    sa.Column("slo_group", sa.String(200), primary_key=True),
    sa.Column("definition", sa.String(64), nullable=False),
    sa.Column("head", sa.Text, nullable=False),
)
SLOTS = sa.Table(
    "winburn_ledger_slots",
    META,
    sa.Column("slo", sa.String(200), primary_key=True),
    sa.Column("slo_group", sa.String(200), primary_key=True),
    sa.Column("width", sa.Float, primary_key=True),
    sa.Column("ends_at", sa.Float, primary_key=True),
    sa.Column("total", sa.Float, nullable=False),
    sa.Column("bad", sa.Float, nullable=False),
    sa.Column("measured", sa.Float, nullable=False),
)
DOCUMENTS = sa.Table(
    "winburn_documents",
    META,
    sa.Column("kind", sa.String(50), primary_key=True),
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)
LATCHES = sa.Table(
    "winburn_latches",
    META,
    sa.Column("kind", sa.String(50), primary_key=True),
    sa.Column("entity", sa.String(200), primary_key=True),
    sa.Column("member", sa.String(200), primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
)
LIFTED = sa.Table(
    "winburn_lifted",
    META,
    sa.Column("kind", sa.String(50), primary_key=True),
    sa.Column("entity", sa.String(200), primary_key=True),
    sa.Column("member", sa.String(200), primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("floor", sa.Float, nullable=True),
)
AUDIT = sa.Table(
    "winburn_audit",
    META,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("kind", sa.String(50), nullable=False),
    sa.Column("entity", sa.String(200), nullable=False),
    sa.Column("member", sa.String(200), nullable=False),
    sa.Column("action", sa.String(50), nullable=False),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sqlite_autoincrement=True,  # an id is never given twice: it is what others ask from
)
LIFECYCLE = sa.Table(
    "winburn_lifecycle",
    META,
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("status", sa.String(50), nullable=True),
    sa.Column("variants", sa.Text, nullable=True),
    sa.Column("spec_status", sa.String(50), nullable=False),
    sa.Column("spec_variants", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("who", sa.String(200), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
)
APPLICATIONS = sa.Table(
    "winburn_applications",
    META,
    sa.Column("kind", sa.String(50), primary_key=True),
    sa.Column("entity", sa.String(200), primary_key=True),
    sa.Column("member", sa.String(200), primary_key=True),
    sa.Column("action", sa.String(50), primary_key=True),
    sa.Column("occasion", sa.String(200), primary_key=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("result", sa.String(20), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("owner", sa.String(64), nullable=False),
)
NAMES = sa.Table(
    "winburn_names",
    META,
    sa.Column("kind", sa.String(50), primary_key=True),
    sa.Column("name", sa.String(200), primary_key=True),
    sa.Column("used_at", sa.Float, nullable=False),
    sa.Column("keep", sa.Float, nullable=False),
)
