"""Files → documents → chunks → vectors: fills the corpus. Never imports ``rag``."""
