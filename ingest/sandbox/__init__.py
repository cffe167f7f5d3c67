"""Parsers, and the pictures of pages, run in confined children that may die."""
