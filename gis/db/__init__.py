"""The database: the embedded server, connections, migrations."""
