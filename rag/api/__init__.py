"""The HTTP service: routes, shapes and status codes. The home of FastAPI."""

from rag.api.app import create_app

__all__ = ["create_app"]
