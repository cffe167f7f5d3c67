"""Sheets of every kind: Excel, OpenDocument, CSV and TSV."""
