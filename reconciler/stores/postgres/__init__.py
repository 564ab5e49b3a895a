"""The store on PostgreSQL, for teams and for many workers; the only place of psycopg, SQLAlchemy and alembic."""
