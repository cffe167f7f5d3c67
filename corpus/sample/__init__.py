"""The sample company: documents to try Vouch on, their sources, and questions with known answers."""
