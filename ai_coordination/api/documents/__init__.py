"""GraphQL documents: parsing, limits, validation and caching."""

from ai_coordination.api.documents.cache import Document, DocumentRejected, prepare

__all__ = ["Document", "DocumentRejected", "prepare"]
