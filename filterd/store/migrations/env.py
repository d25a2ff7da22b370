"""What Alembic runs for either database: the migrations of one folder, inside the caller's transaction.

store/engine.py gives the connection and the name of the version table.
"""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
)
with context.begin_transaction():
    context.run_migrations()
