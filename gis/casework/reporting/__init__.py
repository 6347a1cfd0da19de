"""Indicators and frozen reports: what an office counts of its casework, and what it hands in.

``indicators`` (what is counted, with formula, version and source) · ``figures`` (counted in the
database) · ``weekly``, ``hazards``, ``monthly`` (what each report holds) · ``frozen`` (made once,
verified, compared) · ``paper``, ``word``, ``excel`` (printed). Nothing here acts on a case.
"""
