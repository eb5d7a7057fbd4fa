"""What words ask for without any of the words of the lists: a sentence encoder, and a head trained for it."""

from proxy.examine.semantic.detector import FACTS, Semantic
from proxy.examine.semantic.scorer import Scorer

__all__ = ["FACTS", "Scorer", "Semantic"]
