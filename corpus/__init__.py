"""What the service knows, and who may see it: the only thing on disk. Imports neither ``ingest`` nor ``rag``."""
