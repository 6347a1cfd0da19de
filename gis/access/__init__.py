"""Who may: accounts, passwords, sign-in, sessions, tokens, scope, audit, masking.

What each role may do with which table is decided in the database (policies of
``data/migrations/0004_access.up.sql``); the matrix of ``data/reference/access.csv`` declares
it for people and for the tests. HTTP (cookies, headers, pages) is left to ``server``.
"""
