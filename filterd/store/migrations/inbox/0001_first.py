"""The first layout of the office's inbox.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "report",
        sa.Column("id", _Id, primary_key=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("decided_at", sa.Float(53)),
        sa.Column("decided_by", sa.Text, nullable=False),
    )
    op.create_index("report_name", "report", ["verdict", "name", "kind"])
    op.create_index("report_site", "report", ["site", "verdict"])
