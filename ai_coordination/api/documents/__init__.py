"""Documents: parsed, limited and validated once, then kept."""

from ai_coordination.api.documents.prepared import Document, DocumentRejected, prepare

__all__ = ["Document", "DocumentRejected", "prepare"]
